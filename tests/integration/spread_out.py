"""A deployment spread out: PostgreSQL, RabbitMQ, and pods as real processes against the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.deployment import NAME, Deployment, deployed, is_through, schedule
from tests.support.facts import Fact, Subject, facts
from tests.support.pods import Pods
from tests.support.waiting import wait_for
from tieout.settings import load_file
from tieout.wiring import open_deployment

PINNED = {"organisation": "books"}  # ids derive from it: two deployments of one organisation can be compared
LONG_SECONDS = 120.0
COMPARED = ("suppliers", "ledger_codes", "invoices", "payments", "money")
# No call is so slow that it would be in doubt on a busy machine: whoever is compared is to go the same way.
CALL_TIMEOUT_SECONDS = 10.0
PATIENT = {"call_timeout_seconds": CALL_TIMEOUT_SECONDS, "settle_window": "11s"}
COMPARABLE: dict[str, Any] = {
    "infor": PATIENT,
    "avidxchange": PATIENT | PINNED,
    "call_timeout_seconds": CALL_TIMEOUT_SECONDS,
    "account": {"unique_numbers": False},  # else of two invoices with one number the first to come is taken
}


@contextmanager
def spread_out(folder: Path, *, store_url: str, broker_url: str, **options: Any) -> Iterator[tuple[Deployment, Pods]]:
    """Set a deployment up over a database and a broker; its processes end with the block."""
    with deployed(folder, set_up=False, **options) as deployment:
        deployment.tokens |= {"TIEOUT_STORE_URL": store_url, "TIEOUT_BROKER_URL": broker_url}
        deployment.set_up()
        settings = folder / "tieout.toml"
        settings.write_text(settings.read_text("utf-8") + schedule(), "utf-8")
        with Pods(settings, deployment.environ()) as pods:
            yield deployment, pods


def counts(deployment: Deployment, what: str) -> dict[str, int]:
    """Give a flow's counts by state."""
    found: dict[str, int] = deployment.json("sync-status", NAME)["counts"][what]
    return found


def work_until(deployment: Deployment, pods: Pods, what: str, *states: str) -> None:
    """Wait until a flow has records in one of the states, and none that wait or are in doubt."""

    def done() -> bool:
        pods.check()
        return is_through(counts(deployment, what), *states)

    wait_for(done, f"{what} are {' or '.join(states)}", seconds=LONG_SECONDS)


def totals(deployment: Deployment) -> dict[str, Any]:
    """Sync to the end; give the totals in which deployments are compared."""
    found = deployment.settled_sync()
    return {block: found[block] for block in COMPARED}


def history(deployment: Deployment) -> dict[Subject, list[Fact]]:
    """Give every record's facts, as deployments are compared."""
    settings = load_file(deployment.folder / "tieout.toml", environ=deployment.environ())
    with open_deployment(settings, environ=deployment.environ()) as opened:
        return facts(opened.log.read(after=0, limit=1_000_000))
