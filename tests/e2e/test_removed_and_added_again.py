"""A connection that was removed and added again goes on where it stopped: nothing is sent or booked a second time.

What people may have booked by hand meanwhile is only looked at, unless who adds it again vouches that nobody did.
"""

from pathlib import Path

from tests.support.deployment import NAME, Deployment, deployed

MONEY = ("POST", "GLS840MI/")  # batches of invoices there, postings here; vendors and codes are upserts


def money_written(deployment: Deployment) -> dict[str, int]:
    return {name: count for name, count in deployment.desk.sent().items() if name.startswith(MONEY)}


def remove(deployment: Deployment) -> None:
    assert deployment.command("connection", "pause", NAME).code == 0
    removed = deployment.command("connection", "remove", NAME, "--reason", "the buildings are sold")
    assert removed.code == 0, removed.err


def add(deployment: Deployment, *words: str) -> None:
    added = deployment.command("connection", "add", NAME, "--ionapi", str(deployment.ionapi), "--by", "bob", *words)
    assert added.code == 0, added.err
    assert ("waits for a person's word" in added.err) == (not words)
    assert (f"`tieout doubts --connection {NAME}`" in added.err) == (not words)


def settle_while_removed(deployment: Deployment, *words: str) -> int:
    """AvidXchange settles everything while the connection is removed; how many payments it has made."""
    deployment.settled_sync()
    remove(deployment)
    deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
    add(deployment, *words)
    return len(deployment.desk.payments())


def test_what_was_sent_before_is_known(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        first = deployment.settled_sync()
        sent = money_written(deployment)
        remove(deployment)
        refused = deployment.sync()
        assert (refused.code, "was removed on" in refused.err) == (2, True)
        assert money_written(deployment) == sent

        add(deployment)
        second = deployment.settled_sync()
        assert second["invoices"] == first["invoices"]
        assert money_written(deployment) == sent


def test_what_was_paid_meanwhile_waits_for_a_persons_word_and_nothing_of_it_is_booked(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        paid = settle_while_removed(deployment)
        booked = deployment.desk.sent().get("GLS840MI/UpdBatch", 0)
        later = deployment.sync()
        doubts = deployment.command("doubts", "--connection", NAME, "--json")
        payments = later.document["payments"]
        assert (later.code, payments["posted"], payments["in_doubt"]) == (3, 0, paid), later.err
        assert all("the connection was removed for a while" in one["unknown"] for one in doubts.document)
        assert {one["payment_id"] for one in doubts.document} == set(deployment.desk.payments())
        assert deployment.desk.sent().get("GLS840MI/UpdBatch", 0) == booked


def test_with_the_word_that_nobody_booked_by_hand_what_was_paid_meanwhile_is_posted(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        paid = settle_while_removed(deployment, "--nothing-by-hand")
        later = deployment.sync()
        assert later.code == 0, later.err
        assert later.document["payments"]["posted"] == paid
        deployment.assert_books_agree()
