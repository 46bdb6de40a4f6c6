"""What happens to an invoice while it is out: stopped, proposed or paid in M3, rejected there, its supplier blocked."""

from pathlib import Path

import pytest

from tests.support.deployment import Deployment, deployed

BATCHES = "POST /invoices/batches"
VENDORS = "PUT /vendors"


@pytest.mark.parametrize("act", ["stop", "propose", "pay-in-m3"])
def test_an_invoice_that_infor_may_pay_too_is_raised_at_once(tmp_path: Path, act: str) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        (key,) = deployment.desk.tell(f"infor/{act}", count=1)["keys"]
        ran = deployment.sync()
        assert ran.code == 3
        issue = deployment.issues()["invoice-at-risk"]
        assert issue["urgent"]
        assert [record["record"] for record in issue["records"]] == [key]

        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        after = deployment.settled_sync()
        assert after["payments"]["posted"] + after["payments"]["held"] == after["payments"]["seen"]
        assert after["payments"]["held"] >= 1
        assert not deployment.desk.tie_out()["misposted"]


def test_a_stop_that_is_lifted_again_closes_the_issue(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        keys = deployment.desk.tell("infor/stop", count=1)["keys"]
        assert deployment.sync().code == 3
        deployment.desk.tell("infor/unstop", keys=keys)
        assert deployment.sync().code == 0
        assert deployment.issues() == {}


def test_an_invoice_stopped_before_it_was_sent_goes_out_when_the_stop_is_lifted(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        (key,) = deployment.desk.tell("infor/stop", count=1)["keys"]
        totals = deployment.settled_sync()
        assert totals["invoices"]["not_eligible"] == 1
        assert key not in live(deployment)
        deployment.desk.tell("infor/unstop", keys=[key])
        after = deployment.settled_sync()
        assert after["invoices"]["not_eligible"] == 0
        assert key in live(deployment)
        deployment.assert_books_agree()


def test_a_rejected_invoice_goes_out_again_only_when_a_person_says_so(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        (key,) = deployment.desk.tell("avidxchange/reject", count=1, reason="wrong entity")["external_ids"]
        deployment.desk.tell("advance", seconds=2)
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["invoices"]["refused"] == 1
        assert "wrong entity" in deployment.issues()["invoice-rejected"]["why"]
        sent = deployment.desk.sent()[BATCHES]
        assert deployment.settled_sync()["invoices"]["refused"] == 1
        assert deployment.desk.sent()[BATCHES] == sent
        assert key not in live(deployment)

        ordered = deployment.command("resend", key, "--reason", "the entity was mended")
        assert ordered.code == 0, ordered.err
        after = deployment.sync()
        assert after.code == 0, after.err
        assert deployment.desk.sent()[BATCHES] == sent + 1
        assert live(deployment).count(key) == 1
        deployment.assert_books_agree()


def test_a_voided_invoice_is_held_and_not_sent_again_by_itself(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        (key,) = deployment.desk.tell("avidxchange/void", count=1)["external_ids"]
        deployment.desk.tell("advance", seconds=2)
        sent = deployment.desk.sent()
        totals = deployment.settled_sync()
        assert totals["invoices"]["held"] == 1
        assert deployment.desk.sent() == sent
        assert key not in live(deployment)


def test_a_blocked_supplier_is_taken_out_and_gets_no_more_invoices(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync("--flow", "suppliers,ledger_codes")
        payee = deployment.desk.books()["infor"]["invoices"][0]["vendor"]
        number = payee.split("|")[1]
        deployment.desk.tell("infor/block-supplier", keys=[number])
        totals = deployment.settled_sync()

        vendors = {one["external_id"]: one for one in deployment.desk.books()["avidxchange"]["vendors"]}
        assert vendors[payee]["active"] is False
        assert totals["invoices"]["held"] >= 1
        assert not [key for key in live(deployment) if key.split("|")[3] == number]
        assert totals["invoices"]["submitted"] == len(live(deployment))


def test_a_changed_supplier_is_sent_once_with_what_changed(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        sent = deployment.desk.sent()
        (number,) = deployment.desk.tell("infor/change-supplier", count=1, fields={"name": "Umbrella & Söhne"})["keys"]
        deployment.settled_sync()
        after = deployment.desk.sent()
        assert after == sent | {VENDORS: sent[VENDORS] + 1}
        vendors = {one["external_id"]: one for one in deployment.desk.books()["avidxchange"]["vendors"]}
        assert vendors[f"100|{number}"]["name"] == "Umbrella & Söhne"
        deployment.settled_sync()
        assert deployment.desk.sent() == after


def test_newly_approved_invoices_go_out_alone(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        before = deployment.settled_sync()["invoices"]["submitted"]
        deployment.desk.tell("infor/approve", count=3)
        assert deployment.settled_sync()["invoices"]["submitted"] == before + 3
        batches = deployment.desk.books()["avidxchange"]["batches"]
        assert sorted(one["invoices"] for one in batches) == [3, before]
        deployment.assert_books_agree()


def test_an_excluded_vendor_holds_its_invoices(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        vendor = deployment.desk.books()["infor"]["invoices"][0]["vendor"]
        deployment.desk.tell("avidxchange/exclude", external_ids=[vendor])
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["suppliers"]["held"] + ran.document["suppliers"]["refused"] == 1
        assert not [key for key in live(deployment) if "|".join((key.split("|")[0], key.split("|")[3])) == vendor]


def live(deployment: Deployment) -> list[str]:
    return [one["external_id"] for one in deployment.desk.books()["avidxchange"]["invoices"] if one["live"]]
