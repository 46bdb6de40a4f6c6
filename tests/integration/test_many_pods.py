"""Three workers and two relays over PostgreSQL and RabbitMQ do what one process does over SQLite, killed or not."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.event import Event
from domain.invoices import events as i
from domain.invoices import submission_events as s
from domain.polls.events import PollCompleted
from tests.integration.spread_out import LONG_SECONDS, PINNED, counts, spread_out, work_until
from tests.support.deployment import Deployment, deployed
from tests.support.pods import Pods
from tests.support.waiting import wait_for
from tieout.settings import load_file
from tieout.wiring import open_deployment

KILLS = 12
COMPARED = ("suppliers", "ledger_codes", "invoices", "payments", "money")
# What depends on when somebody looked and how often a call was tried, not on what happened.
TRIES = (
    PollCompleted,
    i.InvoicesTracked,
    i.InvoiceIndexTurned,
    i.InvoiceStatusReported,
    i.InvoicePartlyPaid,
    i.InvoiceHeld,
    i.InvoiceReleased,
    i.InvoicePaymentStarted,
    i.InvoicePaymentEnded,
    s.InvoiceSubmissionStarted,
    s.InvoiceNotSent,
    s.InvoiceSubmissionDoubted,
    s.InvoiceLookedUp,
    s.InvoiceAbsentAfterSettling,
    s.InvoiceAnsweredLate,
)
SAME: dict[type[Event], type[Event]] = {s.InvoiceFoundByLookup: s.InvoiceSubmitted}  # its receipt, learned another way


def histories(deployment: Deployment) -> dict[UUID, list[str]]:
    """Give what every invoice, supplier and code went through, in order."""
    settings = load_file(deployment.folder / "tieout.toml", environ=deployment.environ())
    found: dict[UUID, list[str]] = defaultdict(list)
    with open_deployment(settings, environ=deployment.environ()) as opened:
        for recorded in opened.log.read(after=0, limit=1_000_000):
            kind = type(recorded.event).__module__.split(".")[1]
            if kind in ("invoices", "suppliers", "ledger_codes") and not isinstance(recorded.event, TRIES):
                found[recorded.stream].append(SAME.get(type(recorded.event), type(recorded.event)).__name__)
    return found


def totals(deployment: Deployment) -> dict[str, Any]:
    found = deployment.settled_sync()
    return {block: found[block] for block in COMPARED}


def test_many_pods_write_the_history_that_one_process_writes(tmp_path: Path, store_url: str, broker_url: str) -> None:
    with deployed(tmp_path / "one", avidxchange=dict(PINNED)) as alone:
        alone.settled_sync()
        alone.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        expected = (totals(alone), histories(alone))
        alone.assert_books_agree()
    with spread_out(tmp_path / "many", store_url=store_url, broker_url=broker_url) as (deployment, pods):
        running = [pods.start("relay"), pods.start("relay"), *(pods.start("worker", "--threads", "2") for _ in "123")]
        work_until(deployment, pods, "invoices", "submitted", "closed")
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        work_until(deployment, pods, "payments", "posted")
        assert [pods.stop(pid) for pid in running] == [0] * 5
        found = (totals(deployment), histories(deployment))
        deployment.assert_books_agree()
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    assert {stream: facts for stream, facts in found[1].items() if facts != expected[1][stream]} == {}


def test_pods_killed_at_random_moments_double_nothing_and_lose_nothing(
    tmp_path: Path, store_url: str, broker_url: str
) -> None:
    dice = random.Random(7)  # noqa: S311 (whom to kill, no secret)
    with spread_out(tmp_path, store_url=store_url, broker_url=broker_url, faults="rough") as (deployment, pods):
        for command in (("relay",), ("relay",), *((("worker", "--threads", "2"),) * 3)):
            pods.start(*command)
        wait_for(lambda: counts(deployment, "suppliers")["seen"], "the pods are at work", seconds=LONG_SECONDS)
        for _ in range(KILLS // 2):
            kill_one(deployment, pods, dice)
        work_until(deployment, pods, "invoices", "submitted", "closed")
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        for _ in range(KILLS // 2):
            kill_one(deployment, pods, dice)
        work_until(deployment, pods, "payments", "posted")
        deployment.assert_books_agree()
    assert pods.killed == KILLS


def kill_one(deployment: Deployment, pods: Pods, dice: random.Random) -> None:
    """Kill a pod when something more has been recorded since the last kill, or a moment later."""
    before = counts(deployment, "invoices")
    dead = pods.kill_one(dice)
    patience = iter(range(1 + dice.randrange(3)))
    wait_for(
        lambda: counts(deployment, "invoices") != before or next(patience, None) is None,
        f"something happens after a {dead} died",
        seconds=LONG_SECONDS,
    )
