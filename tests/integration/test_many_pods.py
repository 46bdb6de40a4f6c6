"""Three workers and two relays over PostgreSQL and RabbitMQ do what one process does over SQLite, fact for fact."""

from pathlib import Path
from typing import Any

from tests.integration.spread_out import PINNED, spread_out, work_until
from tests.support.deployment import Deployment, deployed
from tests.support.facts import Fact, Subject, facts
from tieout.settings import load_file
from tieout.wiring import open_deployment

INVOICES = 200
COMPARED = ("suppliers", "ledger_codes", "invoices", "payments", "money")
# No call is so slow that it would be in doubt on a busy machine: both are to go the same way.
CALL_TIMEOUT_SECONDS = 10.0
PATIENT = {"call_timeout_seconds": CALL_TIMEOUT_SECONDS, "settle_window": "11s"}
OPTIONS: dict[str, Any] = {
    "infor": PATIENT,
    "avidxchange": PATIENT | PINNED,
    "invoices": INVOICES,
    "call_timeout_seconds": CALL_TIMEOUT_SECONDS,
}


def everything(deployment: Deployment) -> dict[Subject, list[Fact]]:
    settings = load_file(deployment.folder / "tieout.toml", environ=deployment.environ())
    with open_deployment(settings, environ=deployment.environ()) as opened:
        return facts(opened.log.read(after=0, limit=1_000_000))


def totals(deployment: Deployment) -> dict[str, Any]:
    found = deployment.settled_sync()
    return {block: found[block] for block in COMPARED}


def test_many_pods_write_the_history_that_one_process_writes(tmp_path: Path, store_url: str, broker_url: str) -> None:
    with deployed(tmp_path / "one", **OPTIONS) as alone:
        alone.settled_sync()
        alone.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        expected = (totals(alone), everything(alone))
        alone.assert_books_agree()
    with spread_out(tmp_path / "many", store_url=store_url, broker_url=broker_url, **OPTIONS) as (deployment, pods):
        running = [pods.start("relay"), pods.start("relay"), *(pods.start("worker", "--threads", "2") for _ in "123")]
        work_until(deployment, pods, "invoices", "submitted", "closed")
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        work_until(deployment, pods, "payments", "posted")
        assert [pods.stop(pid) for pid in running] == [0] * 5
        found = (totals(deployment), everything(deployment))
        deployment.assert_books_agree()
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    assert {subject: said for subject, said in found[1].items() if said != expected[1][subject]} == {}
    assert len(expected[1]) > INVOICES
