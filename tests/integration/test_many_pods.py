"""Three workers and two relays over PostgreSQL and RabbitMQ do what one process does over SQLite, fact for fact."""

from pathlib import Path

from tests.integration.spread_out import COMPARABLE, counts, history, spread_out, totals, work_until, work_up_to
from tests.support.deployment import deployed

INVOICES = 200
OPTIONS = COMPARABLE | {"invoices": INVOICES}


def test_many_pods_write_the_history_that_one_process_writes(tmp_path: Path, store_url: str, broker_url: str) -> None:
    with deployed(tmp_path / "one", **OPTIONS) as alone:
        alone.settled_sync()
        sent = counts(alone, "invoices")
        alone.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        expected = (totals(alone), history(alone))
        alone.assert_books_agree()
    with spread_out(tmp_path / "many", store_url=store_url, broker_url=broker_url, **OPTIONS) as (deployment, pods):
        running = [pods.start("relay"), pods.start("relay"), *(pods.start("worker", "--threads", "2") for _ in "123")]
        work_up_to(deployment, pods, "invoices", sent)
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=1)
        work_until(deployment, pods, "payments", "posted")
        assert [pods.stop(pid) for pid in running] == [0] * 5
        found = (totals(deployment), history(deployment))
        deployment.assert_books_agree()
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    assert {subject: said for subject, said in found[1].items() if said != expected[1][subject]} == {}
    assert len(expected[1]) > INVOICES
