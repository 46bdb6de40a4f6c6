"""What health and metrics ask of an opened deployment that only its store and its adapters know."""

from adapters.avidxchange import auth as avid_auth
from adapters.avidxchange import errors as avid_errors
from adapters.infor import auth as infor_auth
from adapters.infor.auth import TokenTimes
from adapters.infor.ledger import InforLedger
from adapters.ratelimit import waits
from domain.errors import TieoutError
from projections.catalogue import ALL
from tieout.wiring.deployment import Deployment

_WITHOUT_TOKEN = {
    "infor": (infor_auth.NOT_GRANTED,),
    "avidxchange": (avid_errors.NO_LOGIN, avid_auth.REFUSES_CLIENT),
}


def lacks_token(last_error: str) -> str:
    """Give the system of which a poll that failed so had no token that is taken; "" when it failed for another reason.

    Judged by how our own sentence begins: the poll's row is all that a process without the token sees of it.
    """
    return next((system for system, begins in _WITHOUT_TOKEN.items() if last_error.startswith(begins)), "")


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
