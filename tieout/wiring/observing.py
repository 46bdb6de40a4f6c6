"""What health and metrics ask of an opened deployment that only its store and its adapters know."""

from adapters.infor.auth import TokenTimes
from adapters.infor.ledger import InforLedger
from adapters.ratelimit import waits
from domain.errors import TieoutError
from projections.catalogue import ALL
from tieout.wiring.deployment import Deployment


def store_trouble(deployment: Deployment) -> str:
    """Give "" when the store answers and has tables of this version, else the sentence that says why not."""
    try:
        deployment.store.check()
    except TieoutError as error:
        return str(error)  # verdict: not ready; whoever asked asks again
    return ""


def lags(deployment: Deployment) -> tuple[int, int]:
    """Give how many events the slowest projection and the relay have not folded yet; holes in positions count."""
    last = deployment.log.last_position()
    projected = min(deployment.storage.positions([projection.name for projection in ALL]).values())
    return max(last - projected, 0), max(last - deployment.store.relay_table.position(), 0)


def budget_waits(deployment: Deployment) -> dict[str, float]:
    """Give how many seconds each tenant's next request would wait."""
    return waits(deployment.store.database, now=deployment.log.now())


def token_times(deployment: Deployment) -> dict[str, TokenTimes]:
    """Give the age of the Infor token this process holds and what it has left, by connection."""
    found = {}
    for name, row in deployment.connections().items():
        tools = deployment.find_tools(row.id)
        if tools is not None and isinstance(tools.ledger, InforLedger) and (times := tools.ledger.token_times()):
            found[name] = times
    return found
