"""Payments that do not simply settle: taken back, issued again, of nobody we know, refused or kept waiting by Infor."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import Deployment, deployed

VOIDS = "AVXVOID"
HANDOVER = "GLS840MI/UpdBatch"
EVERYTHING: dict[str, Any] = {"share": 1.0, "unsettled_share": 0.0}


def test_payments_voided_and_issued_again_end_where_avidxchange_ends(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"void_interface": VOIDS}, tenant={"void_interface": VOIDS}) as deployment:
        paid = settle(deployment)
        voided = deployment.desk.tell("avidxchange/reverse", count=3, kind="Void")["payment_ids"]
        again = deployment.desk.tell("avidxchange/reissue", payment_ids=voided)["payment_ids"]

        totals = deployment.settled_sync()
        assert totals["payments"]["reversed"] == 3
        assert totals["payments"]["posted"] == paid["posted"] - 3 + len(again)
        found = deployment.assert_books_agree()
        assert totals["money"]["posted"] == found["totals"]["posted"]


@pytest.mark.parametrize("void_interface", [VOIDS, ""])
def test_invoices_paid_anew_while_the_old_payment_is_taken_back_wait_for_its_reversal(
    tmp_path: Path, void_interface: str
) -> None:
    settings = {"void_interface": void_interface}
    with deployed(tmp_path, infor=settings, tenant=settings) as deployment:
        before = settle(deployment)
        taken = deployment.desk.tell("avidxchange/reverse", count=4, kind="Returned")["payment_ids"]
        anew = deployment.desk.tell("avidxchange/settle", seed=7, **EVERYTHING)["payment_ids"]
        totals = deployment.settled_sync()
        assert "posting-held" not in deployment.issues()
        if not void_interface:
            assert totals["payments"]["posted"] == before["posted"] - len(taken)
            assert totals["payments"]["waiting"] == len(anew)
            return
        assert totals["payments"]["reversed"] == len(taken)
        assert totals["payments"]["posted"] == before["posted"] - len(taken) + len(anew)
        deployment.assert_books_agree()


def test_a_payment_issued_again_and_again_is_followed_step_by_step(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"void_interface": VOIDS}, tenant={"void_interface": VOIDS}) as deployment:
        posted = settle(deployment)["posted"]
        (current,) = deployment.desk.tell("avidxchange/reverse", count=1, kind="Void")["payment_ids"]
        assert deployment.settled_sync()["payments"]["posted"] == posted - 1
        deployment.assert_books_agree()
        (current,) = deployment.desk.tell("avidxchange/reissue", payment_ids=[current])["payment_ids"]
        assert deployment.settled_sync()["payments"]["posted"] == posted
        deployment.assert_books_agree()
        deployment.desk.tell("avidxchange/reverse", payment_ids=[current], kind="Stopped")
        deployment.desk.tell("avidxchange/reissue", payment_ids=[current])
        totals = deployment.settled_sync()
        assert totals["payments"]["reversed"] == 2
        assert totals["payments"]["posted"] == posted
        deployment.assert_books_agree()


def test_a_payment_taken_back_before_it_was_posted_is_never_posted(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"void_interface": VOIDS}, tenant={"void_interface": VOIDS}) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", **EVERYTHING)
        taken = deployment.desk.tell("avidxchange/reverse", count=2, kind="Stopped")["payment_ids"]
        totals = deployment.settled_sync()
        assert totals["payments"]["reversed"] == 2
        rows = deployment.desk.books()["infor"]["payment_rows"]
        assert not [row for row in rows if row["text"].split(" ")[0] in taken]
        deployment.assert_books_agree()


def test_without_a_void_interface_a_person_reverses_in_infor_and_says_so(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        settle(deployment)
        (taken,) = deployment.desk.tell("avidxchange/reverse", count=1, kind="Returned")["payment_ids"]
        ran = deployment.sync()
        assert ran.code == 3
        issue = deployment.issues()["reversal-by-hand"]
        assert [record["record"] for record in issue["records"]] == [taken]

        done = ("--reason", "reversed in GLS100", "--voucher", "20417")
        resolved = deployment.command("issue", "resolve", issue["id"], *done)
        assert resolved.code == 0, resolved.err
        after = deployment.sync()
        assert after.document["payments"]["reversed"] == 1
        found = deployment.desk.tie_out()
        assert {one["payment"] for one in found["misposted"]} == {taken}  # the pretend M3 has no person in it
        assert after.code == 3
        assert {kind: issue["why"][:4] for kind, issue in deployment.issues().items()} == {"invoice-at-risk": "PAID"}
        assert after.document["money"]["posted"] == found["totals"]["settled"]


def test_a_status_nobody_knows_is_raised_and_the_payment_is_posted_once_it_settles(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=1.0)
        (odd,) = deployment.desk.tell("avidxchange/unknown-status", count=1, kind="Under Partner Review")["payment_ids"]
        totals = deployment.settled_sync()
        assert totals["payments"]["posted"] == 0
        assert totals["payments"]["held"] == 1
        assert "Under Partner Review" in deployment.issues()["payment-status-unknown"]["why"]

        deployment.desk.tell("avidxchange/release", payment_ids=[odd])
        ran = deployment.sync()
        assert ran.code == 0, ran.err
        assert ran.document["payments"]["posted"] == 1


def test_a_voucher_that_sticks_in_infor_is_raised_and_never_handed_over_again(tmp_path: Path) -> None:
    short = {"posting_patience": "1s", "call_timeout_seconds": 0.5, "settle_window": "1s"}
    with deployed(tmp_path, infor=short) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", partial_share=0.0, **EVERYTHING)
        deployment.desk.tell("infor/stick", count=1)
        first = deployment.sync("--wait", "6")
        assert first.code == 3
        assert first.document["payments"]["waiting"] == 1

        handed_over = deployment.desk.sent()[HANDOVER]
        again = deployment.sync("--wait", "2")
        assert again.code == 3
        assert deployment.desk.sent()[HANDOVER] == handed_over
        assert len(deployment.issues()["posting-waits-in-infor"]["records"]) == 1
        found = deployment.desk.tie_out()
        assert len(found["unposted"]) >= 1
        assert not found["misposted"]


def test_a_closed_period_refuses_the_postings_until_it_opens_and_a_person_says_so(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", **EVERYTHING)
        deployment.desk.tell("infor/close-period", until=datetime.now(UTC).strftime("%Y%m%d"))
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["payments"]["posted"] == 0
        assert ran.document["payments"]["refused"] == ran.document["payments"]["seen"] > 0
        assert "closed" in deployment.issues()["posting-refused"]["why"].lower()
        tried = deployment.desk.sent()["GLS840MI/CtrlBatch"]
        assert tried <= 3 * len(deployment.desk.books()["infor"]["batches"])
        assert deployment.settled_sync()["payments"] == ran.document["payments"]
        assert deployment.desk.sent()["GLS840MI/CtrlBatch"] == tried

        deployment.desk.tell("infor/close-period", until="20000101")
        retry_all(deployment, "posting-refused")
        after = deployment.sync()
        assert after.code == 0, after.err
        assert after.document["payments"]["posted"] == after.document["payments"]["seen"]
        deployment.assert_books_agree()


def test_a_payment_stop_set_meanwhile_holds_the_posting_until_it_is_lifted(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        stopped = deployment.desk.tell("infor/stop", count=2)["keys"]
        deployment.desk.tell("avidxchange/settle", **EVERYTHING)
        totals = deployment.settled_sync()
        assert totals["payments"]["held"] > 0
        assert totals["payments"]["posted"] > 0
        assert "posting-held" in deployment.issues()

        deployment.desk.tell("infor/unstop", keys=stopped)
        retry_all(deployment, "posting-held")
        after = deployment.sync()
        assert after.document["payments"]["posted"] == after.document["payments"]["seen"]
        deployment.assert_books_agree()
        assert after.code == 0, (deployment.issues(), after.err)


def test_payments_of_invoices_we_never_sent_are_raised(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/strangers", count=2)
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["payments"]["held"] == 2
        assert len(deployment.issues()["payment-held"]["records"]) == 2
        assert not deployment.desk.books()["infor"]["payment_rows"]


def test_payments_of_invoices_we_never_sent_can_be_ignored(tmp_path: Path) -> None:
    with deployed(tmp_path, avidxchange={"unknown_invoices": "ignore"}) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/strangers", count=2)
        ran = deployment.sync()
        assert ran.code == 0, ran.err
        assert ran.document["payments"]["not_settled"] == ran.document["payments"]["seen"] == 2
        assert ran.document["money"]["settled"] == "0.00"


def test_payments_that_clear_or_change_their_method_later_are_posted_once(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        posted = settle(deployment)["posted"]
        sent = deployment.desk.sent()
        deployment.desk.tell("avidxchange/cleared", count=3)
        deployment.desk.tell("avidxchange/change-method", count=2, kind="Check")
        totals = deployment.settled_sync()
        assert totals["payments"]["posted"] == posted
        assert deployment.desk.sent() == sent
        deployment.assert_books_agree()


def settle(deployment: Deployment) -> dict[str, int]:
    """Sync, let AvidXchange pay everything, sync again; give the payments' counts."""
    deployment.settled_sync()
    deployment.desk.tell("avidxchange/settle", **EVERYTHING)
    payments: dict[str, int] = deployment.settled_sync()["payments"]
    assert payments["posted"] == payments["seen"] > 0
    return payments


def retry_all(deployment: Deployment, kind: str) -> None:
    for issue in deployment.json("issues"):
        if issue["kind"] == kind:
            ran = deployment.command("issue", "retry", issue["id"], "--yes", "--reason", "the cause is gone")
            assert ran.code == 0, ran.err
