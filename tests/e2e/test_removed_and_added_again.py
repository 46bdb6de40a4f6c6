"""A connection that was removed and added again goes on where it stopped: nothing is sent or booked a second time."""

from pathlib import Path

from tests.support.deployment import NAME, Deployment, deployed

MONEY = ("POST", "GLS840MI/")  # batches of invoices there, postings here; vendors and codes are upserts


def money_written(deployment: Deployment) -> dict[str, int]:
    return {name: count for name, count in deployment.desk.sent().items() if name.startswith(MONEY)}


def remove(deployment: Deployment) -> None:
    assert deployment.command("connection", "pause", NAME).code == 0
    removed = deployment.command("connection", "remove", NAME, "--reason", "the buildings are sold")
    assert removed.code == 0, removed.err


def add(deployment: Deployment) -> None:
    added = deployment.command("connection", "add", NAME, "--ionapi", str(deployment.ionapi), "--by", "bob")
    assert added.code == 0, added.err


def test_what_was_sent_before_is_known_and_what_was_paid_meanwhile_is_posted(tmp_path: Path) -> None:
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

        remove(deployment)
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        add(deployment)
        third = deployment.sync()
        assert third.code == 0, third.err
        assert third.document["payments"]["posted"] == len(deployment.desk.payments())
        deployment.assert_books_agree()
