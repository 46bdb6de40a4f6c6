"""The way of a new user: init, connection add, connection test, sync, and sync again with nothing to do."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.deployment import NAME, Deployment, deployed

BLOCKS = {
    "suppliers": {"seen", "sent", "not_sent", "waiting", "held", "refused"},
    "ledger_codes": {"seen", "sent", "waiting", "not_sent", "refused"},
    "invoices": {"seen", "submitted", "closed", "waiting", "held", "refused", "not_eligible", "in_doubt"},
    "payments": {"seen", "not_settled", "posted", "waiting", "held", "refused", "in_doubt", "reversed"},
}


def test_a_new_user_syncs_and_a_second_sync_sends_nothing(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        tested = deployment.command("connection", "test", NAME, "--json")
        assert tested.code == 0, tested.err
        assert tested.document["infor"]["company"] == 100
        assert tested.document["infor"]["divisions"] == deployment.divisions()

        first = deployment.settled_sync()
        check_shape(first)
        sent = deployment.desk.sent()
        for _ in range(2):  # AvidXchange takes the invoices into its workflow, then its search notices
            deployment.desk.tell("advance", seconds=5)
            deployment.desk.books()
        second = deployment.settled_sync()
        facts = count_facts(deployment)
        third = deployment.settled_sync()

        assert deployment.desk.sent() == sent
        assert count_facts(deployment) == facts
        for block in BLOCKS:
            assert first[block] == second[block] == third[block], block
        deployment.assert_books_agree()


def test_everything_paid_ends_with_nothing_left_to_do(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        ran = deployment.sync()

        assert ran.code == 0, ran.err
        totals = ran.document
        assert totals["payments"]["posted"] == totals["payments"]["seen"] == len(deployment.desk.payments())
        assert totals["invoices"]["submitted"] == 0
        found = deployment.assert_books_agree()
        assert {name: totals["money"][name] for name in found["totals"]} == found["totals"]

        sent = deployment.desk.sent()
        assert deployment.sync().code == 0
        assert deployment.desk.sent() == sent


def test_flows_can_be_synced_one_by_one(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        suppliers = deployment.settled_sync("--flow", "suppliers")
        assert suppliers["suppliers"]["sent"] > 0
        assert suppliers["ledger_codes"]["seen"] == suppliers["invoices"]["seen"] == 0

        invoices = deployment.sync("--flow", "invoices")
        assert invoices.code == 3  # they wait for their ledger codes
        assert invoices.document["invoices"]["submitted"] == 0
        assert deployment.desk.sent().get("POST /invoices/batches", 0) == 0

        codes = deployment.settled_sync("--flow", "ledger_codes")
        assert codes["invoices"]["submitted"] > 0
        deployment.assert_books_agree()


def test_a_paused_connection_polls_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        paused = deployment.command("connection", "pause", NAME, "--reason", "month end")
        assert paused.code == 0, paused.err
        asked = deployment.sandbox.infor_books.http_calls

        ran = deployment.sync()
        assert ran.code == 3
        assert "paused (month end)" in ran.err
        assert deployment.sandbox.infor_books.http_calls == asked
        assert deployment.sandbox.faults["avidxchange"].requests == 0
        assert ran.document["suppliers"]["seen"] == 0

        assert deployment.command("connection", "resume", NAME).code == 0
        assert deployment.settled_sync()["invoices"]["submitted"] > 0
        deployment.assert_books_agree()


def check_shape(totals: dict[str, Any]) -> None:
    assert totals["connection"] == NAME
    assert set(totals) >= {"duration_seconds", *BLOCKS, "issues", "calls", "money"}
    for block, states in BLOCKS.items():
        assert set(totals[block]) == states, block
        assert sum(totals[block][state] for state in states - {"seen"}) == totals[block]["seen"], block
    assert set(totals["money"]) == {"submitted", "settled", "posted", "currency"}
    assert totals["calls"]["infor"] > 0
    assert totals["calls"]["avidxchange"] > 0


def count_facts(deployment: Deployment) -> int:
    with closing(sqlite3.connect(deployment.store)) as store:
        return int(store.execute("SELECT count(*) FROM stored_events").fetchone()[0])
