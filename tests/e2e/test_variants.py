"""Customers that differ in credentials, rights, interfaces, languages, clocks and habits: settings alone cope."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import AVIDXCHANGE, NAME, Deployment, deployed

BATCHES = "POST /invoices/batches"
HEADS = "GLS840MI/AddBatchHead"
LISTS = 1 + len(AVIDXCHANGE["dimensions"])  # of codes: the accounts and the dimensions, each recorded whole
EVERYTHING: dict[str, Any] = {"share": 1.0, "unsettled_share": 0.0}


def test_a_partner_logs_in_with_a_client_secret_for_a_company(tmp_path: Path) -> None:
    account = {"auth": "partner", "token_seconds": 30}
    with deployed(tmp_path, account=account, set_up=False) as deployment:
        deployment.avidxchange |= {
            "auth": "partner",
            "organisation": "4711",
            "token_url": f"{deployment.sandbox.avidxchange_url}/token",
        }
        deployment.set_up()
        whole_job(deployment)


def test_codes_that_avidxchange_keeps_itself_are_only_compared(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync("--flow", "ledger_codes")
        deployment.write_settings(avidxchange={"gl_accounts": "verify"})
        sent = deployment.desk.sent()["PUT /enterpriseCodes"]
        whole_job(deployment)
        assert deployment.desk.sent()["PUT /enterpriseCodes"] == sent


def test_codes_missing_at_avidxchange_hold_the_invoices_coded_with_them(tmp_path: Path) -> None:
    with deployed(tmp_path, avidxchange={"gl_accounts": "verify"}, account={"codes_writable": False}) as deployment:
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["ledger_codes"]["refused"] > 0
        assert ran.document["invoices"]["submitted"] == 0
        assert not [path for path in deployment.desk.sent() if path in (BATCHES, "PUT /enterpriseCodes")]
        assert "ledger-code-refused" in deployment.issues()


def test_an_account_that_forbids_codes_says_so_and_tries_no_further(tmp_path: Path) -> None:
    with deployed(tmp_path, account={"codes_writable": False}) as deployment:
        ran = deployment.sync()
        assert ran.code == 3, ran.err
        assert ran.document["invoices"]["submitted"] == 0
        tried = deployment.desk.sent()["PUT /enterpriseCodes"]
        assert tried <= LISTS, "one call for each list, however late the poll came with the next"
        deployment.settled_sync()
        assert deployment.desk.sent()["PUT /enterpriseCodes"] == tried
        assert "verify" in " ".join(issue["why"] + issue["mend"] for issue in deployment.json("issues"))


def test_without_codes_invoices_go_out_on_avidxchanges_word_alone(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync("--flow", "ledger_codes")  # as its own import brings them there
        for file in tmp_path.glob("tieout.db*"):
            file.unlink()
        deployment.avidxchange["gl_accounts"] = "off"
        deployment.set_up()
        sent = deployment.desk.sent()["PUT /enterpriseCodes"]
        totals = whole_job(deployment)
        assert totals["ledger_codes"]["not_sent"] == totals["ledger_codes"]["seen"]
        assert deployment.desk.sent()["PUT /enterpriseCodes"] == sent


def test_a_tenant_without_the_transaction_list_reads_postings_back_by_voucher(tmp_path: Path) -> None:
    with deployed(tmp_path, tenant={"without": ["APS200MI/LstInvoiceTrans"]}) as deployment:
        tested = deployment.command("connection", "test", NAME, "--json")
        assert "APS200MI/LstInvoiceTrans" in tested.document["infor"]["missing_transactions"]
        whole_job(deployment)
        assert deployment.desk.books()["infor"]["calls"].get("GLS200MI/LstVouchersByDt", 0) > 0


def test_the_first_posting_goes_alone_until_a_person_has_seen_it(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"first_posting": "confirm"}) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", **EVERYTHING)
        ran = deployment.sync()
        assert ran.code == 3
        assert deployment.desk.sent()[HEADS] == 1
        assert len({row["voucher"] for row in deployment.desk.books()["infor"]["payment_rows"]}) >= 1
        assert ran.document["payments"]["posted"] <= 1
        assert deployment.settled_sync()["payments"] == ran.document["payments"]
        assert deployment.desk.sent()[HEADS] == 1
        said = {row["detail"] for row in deployment.json("payments") if "FIRST_POSTING" in row["why"]}
        assert [text.partition(" goes first; ")[2] for text in said] == [
            "a person confirms that M3 booked it as wished"
        ]

        issue = deployment.issues()["first-posting"]
        resolved = deployment.command("issue", "resolve", issue["id"], "--reason", "booked as wished")
        assert resolved.code == 0, resolved.err
        after = deployment.sync()
        assert after.code == 0, after.err
        assert after.document["payments"]["posted"] == after.document["payments"]["seen"]
        deployment.assert_books_agree()


def test_payments_booked_by_a_person_become_tasks(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"payment_posting": "task", "payment_interface": ""}) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", **EVERYTHING)
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["payments"]["held"] == ran.document["payments"]["seen"] > 0
        assert not [name for name in deployment.desk.sent() if name.startswith("GLS840MI")]

        tasks = [one["record"] for one in deployment.issues()["posting-held"]["records"]]
        several = next(payment for payment in tasks if tasks.count(payment) > 1)
        keys = [one["key"] for one in deployment.desk.books()["infor"]["invoices"] if one["eligible"]]
        deployment.desk.tell("infor/pay-in-m3", keys=keys)
        word = ("--as", "posted-by-hand", "--voucher", "20417", "--reason", "booked in GLS100")
        asked = deployment.command("doubt", "resolve", several, *word)
        assert asked.code == 2
        assert "several postings" in asked.err
        for payment in deployment.json("payments"):
            names = [posting["key1"] for posting in payment["postings"]]
            for name in names if len(names) > 1 else [payment["payment_id"]]:
                booked = deployment.command("doubt", "resolve", name, *word)
                assert booked.code == 0, booked.err
        after = deployment.settled_sync()
        assert after["payments"]["posted"] == after["payments"]["seen"]
        assert after["money"]["posted"] == after["money"]["settled"]
        assert not [name for name in deployment.desk.sent() if name.startswith("GLS840MI")]


@pytest.mark.parametrize("missing_image", ["hold", "send"])
def test_invoices_without_an_image_wait_or_go_as_the_settings_say(tmp_path: Path, missing_image: str) -> None:
    with deployed(tmp_path, invoices=70, avidxchange={"missing_image": missing_image}) as deployment:
        totals = deployment.settled_sync()
        theirs = deployment.desk.books()["infor"]["invoices"]
        scanless = {one["key"] for one in theirs if one["eligible"] and one["image_sha256"] is None}
        assert scanless
        held = {one["external_id"] for one in deployment.json("invoices", "--state", "held")}
        assert totals["invoices"]["held"] == len(held)
        if missing_image == "hold":
            assert scanless <= held
            assert "invoice-image-missing" in deployment.issues()
        else:
            assert not scanless & held
            deployment.assert_books_agree()


def test_errors_in_german_are_understood_by_their_codes(tmp_path: Path) -> None:
    with deployed(tmp_path, tenant={"language": "DE"}) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", **EVERYTHING)
        deployment.desk.tell("infor/close-period", until="29991231")
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["payments"]["refused"] == ran.document["payments"]["seen"] > 0
        assert "GL84010" in str(deployment.issues()["posting-refused"])
        deployment.desk.tell("infor/close-period", until="20000101")
        for issue in deployment.json("issues"):
            deployment.command("issue", "retry", issue["id"], "--yes")
        assert deployment.sync().code == 0
        deployment.assert_books_agree()


@pytest.mark.parametrize("skew_seconds", [-180.0, 180.0])
def test_a_server_whose_clock_is_minutes_off_loses_nothing(tmp_path: Path, skew_seconds: float) -> None:
    with deployed(tmp_path, tenant={"clock_skew_seconds": skew_seconds}) as deployment:
        whole_job(deployment)
        deployment.desk.tell("infor/change-supplier", count=2)
        sent = deployment.desk.sent()["PUT /vendors"]
        deployment.settled_sync()
        assert deployment.desk.sent()["PUT /vendors"] == sent + 1


def test_lists_capped_at_fifty_rows_are_read_to_their_end(tmp_path: Path) -> None:
    with deployed(tmp_path, invoices=99, divisions=1, tenant={"maxrecs_cap": 50}) as deployment:
        whole_job(deployment)


def test_tokens_that_live_for_thirty_seconds_are_renewed_in_time(tmp_path: Path) -> None:
    with deployed(tmp_path, token_seconds=30, tenant={"token_life_as_text": True}) as deployment:
        deployment.settled_sync("--flow", "suppliers,ledger_codes")
        deployment.desk.tell("advance", seconds=31)  # it has lapsed though nobody says so
        whole_job(deployment)


def test_a_purchase_order_avidxchange_does_not_know_is_refused_alone(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        with_order = [one["key"] for one in deployment.desk.books()["infor"]["invoices"] if one["po_numbers"]]
        deployment.desk.tell("avidxchange/purchase-orders")
        ran = deployment.sync()
        assert ran.code == 3
        assert ran.document["invoices"]["refused"] == len(with_order) > 0
        assert ran.document["invoices"]["submitted"] == ran.document["invoices"]["seen"] - len(with_order)
        refused = {one["external_id"] for one in deployment.json("invoices", "--state", "refused")}
        assert refused == set(with_order)


def test_what_happened_on_a_day_can_be_seen_as_it_was_known_then(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        totals = whole_job(deployment)
        (first, *_) = deployment.json("invoices", "--state", "closed")
        life = deployment.json("timeline", first["external_id"])
        positions = [event["position"] for event in life["events"]]
        assert positions == sorted(set(positions))
        submitted = next(event for event in life["events"] if event["type"] == "InvoiceSubmitted")
        then = deployment.json("timeline", first["external_id"], "--as-of", str(submitted["position"]))
        assert then["state"] == "submitted"
        assert then["events"][-1] == submitted
        assert datetime.fromisoformat(submitted["recorded_at"]).tzinfo is not None
        assert totals["invoices"]["closed"] == len(deployment.json("invoices", "--state", "closed"))


def whole_job(deployment: Deployment) -> dict[str, Any]:
    """Sync, let AvidXchange pay everything, sync: it ends with nothing left and books that agree."""
    ran = deployment.sync()
    assert ran.code == 0, (ran.err, deployment.json("issues"))
    deployment.desk.tell("avidxchange/settle", **EVERYTHING)
    paid = deployment.sync()
    assert paid.code == 0, (paid.err, deployment.json("issues"))
    totals: dict[str, Any] = paid.document
    assert totals["payments"]["posted"] == totals["payments"]["seen"] > 0
    assert totals["invoices"]["closed"] > 0
    deployment.assert_books_agree()
    return totals
