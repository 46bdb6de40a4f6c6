"""A store that is restored from a backup, or lost: nothing goes out twice, whatever the log has forgotten."""

from pathlib import Path

from tests.support.deployment import NAME, Deployment, deployed

# After a restore money writes are held for eleven times call timeout and settle window: both are short here.
SHORT = {"call_timeout_seconds": 0.4, "settle_window": "1s", "clock_margin_seconds": 0.1}
BATCHES = "POST /invoices/batches"


def test_a_restored_backup_doubles_nothing_and_asks_about_what_nobody_can_know(tmp_path: Path) -> None:
    with deployed(tmp_path, infor=SHORT, avidxchange=SHORT, search_lag_seconds=0.1) as deployment:
        desk = deployment.desk
        deployment.settled_sync()
        desk.tell("avidxchange/settle", share=0.5, unsettled_share=0.0, partial_share=0.0)
        deployment.copy_store(tmp_path / "backup")
        before = deployment.settled_sync()["payments"]["posted"]
        assert before > 0
        desk.tell("infor/approve", count=2)
        live = deployment.settled_sync()["invoices"]
        desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=2)  # nobody has posted these yet
        sent = desk.sent()

        deployment.restore_store(tmp_path / "backup")
        held = deployment.sync("--wait", "1")
        assert held.code == 3
        assert desk.sent() == sent
        assert deployment.issues()["store-went-back"]["urgent"]

        totals = deployment.settled_sync()
        assert desk.sent() == sent
        assert totals["invoices"]["submitted"] + totals["invoices"]["closed"] == live["submitted"] + live["closed"]
        assert totals["payments"]["posted"] == before
        assert totals["payments"]["in_doubt"] == totals["payments"]["seen"] - before > 0

        for doubt in deployment.json("doubts"):
            look = ("--as", "absent", "--reason", "not in GLS200, KEY1 is not in GLS840")
            assert deployment.command("doubt", "resolve", doubt["id"], *look).code == 0
        for payment in deployment.json("payments", "--state", "held"):
            ordered = deployment.command("resend", payment["payment_id"], "--reason", "never booked")
            assert ordered.code == 0, ordered.err
        done = deployment.settled_sync()
        assert done["payments"]["posted"] == done["payments"]["seen"]
        deployment.assert_books_agree()


def test_a_whole_folder_put_back_finds_what_was_sent_since(tmp_path: Path) -> None:
    """The checkpoint beside the store goes back too, and the file may look the same: the look-ups catch it."""
    with deployed(tmp_path) as deployment:
        checkpoint = tmp_path / "tieout.db.checkpoint"
        deployment.settled_sync("--flow", "suppliers,ledger_codes")
        before, known = deployment.store.read_bytes(), checkpoint.read_bytes()
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        deployment.settled_sync()

        deployment.store.write_bytes(before)
        checkpoint.write_bytes(known)
        sent = deployment.desk.sent()
        totals = deployment.settled_sync()
        assert deployment.desk.sent() == sent
        assert totals["payments"]["held"] == totals["payments"]["seen"] > 0  # of invoices that Infor shows as paid
        deployment.assert_books_agree()


def test_a_lost_store_finds_again_what_both_systems_hold(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=0.6, unsettled_share=0.0)
        before, live, sent = deployment.settled_sync(), live_invoices(deployment), deployment.desk.sent()
        assert before["payments"]["posted"] > 0

        for file in deployment.folder.glob("tieout.db*"):
            file.unlink()
        deployment.set_up()
        assert deployment.command("invoices", "--json").document == []
        totals = deployment.settled_sync()

        for write in (BATCHES, "GLS840MI/AddBatchHead", "GLS840MI/UpdBatch"):
            assert deployment.desk.sent()[write] == sent[write], write
        assert live_invoices(deployment) == live
        assert totals["invoices"]["submitted"] == before["invoices"]["submitted"] > 0
        assert totals["payments"]["held"] == totals["payments"]["seen"] == before["payments"]["seen"]
        assert set(deployment.issues()) == {"payment-held"}
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0, seed=2)
        assert deployment.settled_sync()["payments"]["posted"] > 0
        deployment.assert_books_agree()
        assert deployment.command("connection", "test", NAME).code == 0


def live_invoices(deployment: Deployment) -> list[str]:
    return sorted(one["invoice_id"] for one in deployment.desk.books()["avidxchange"]["invoices"] if one["live"])
