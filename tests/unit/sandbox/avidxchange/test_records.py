"""Upserts, look-ups, lag, batches in time and the oddities of answers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sandbox.avidxchange.conftest import Account, invoice, json_text, vendor


def external_ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["ExternalId"] for item in items]


def test_a_vendor_is_upserted_by_external_id_and_keeps_its_vendor_id(avid: Account) -> None:
    first = avid.items("/v1/vendors", externalIds="100|V1001")[0]
    avid.put_vendors(vendor(Name="Acme Roofs Inc"))
    second = avid.items("/v1/vendors", externalIds="100|V1001")[0]
    assert (second["VendorId"], second["Name"]) == (first["VendorId"], "Acme Roofs Inc")


def test_a_vendor_without_address_stays_pending_and_an_excluded_one_says_so(avid: Account) -> None:
    avid.control("exclude", external_ids=["100|V3"])
    results = avid.put_vendors(vendor(), vendor("100|V2", Address=None), vendor("100|V3"))
    assert [one["Item"]["Status"] for one in results] == ["Enrolled", "Pending", "Excluded"]


def test_an_id_with_a_comma_is_found_when_it_is_asked_for_alone(avid: Account) -> None:
    avid.put_vendors(vendor("100|A,B"), vendor("100|C"))
    assert external_ids(avid.items("/v1/vendors", externalIds="100|A,B")) == ["100|A,B"]
    assert external_ids(avid.items("/v1/vendors", externalIds="100|C,100|V1001")) == ["100|C", "100|V1001"]


def test_codes_are_listed_by_group_in_pages(avid: Account) -> None:
    avid.put_codes(*(f"7{number:05d}" for number in range(250)), group="Cost center")
    params = {"groupName": "Cost center", "pageSize": "100"}
    page = avid.call("GET", "/v1/enterpriseCodes", params={**params, "pageNumber": "3"}).json()
    assert len(page["Items"]) == 50
    paging = page["Paging"]
    assert (paging["Pages"], paging["PageItems"], paging["TotalItems"], paging["Links"]) == (3, 50, 250, [])
    first = avid.call("GET", "/v1/enterpriseCodes", params=params).json()
    href = first["Paging"]["Links"][0]["Href"]
    assert avid.call("GET", href).json()["Items"][0]["CodeValue"] == "700100"


def test_writes_become_visible_only_after_the_lag_and_surely_then(
    open_account: Callable[..., Account],
) -> None:
    avid = open_account(search_lag_seconds=60.0, batch_seconds=20.0).ready()
    assert avid.items("/v1/vendors", externalIds="100|V1001") == []
    avid.post(invoice())
    key = invoice()["ExternalId"]
    assert avid.items("/v1/invoices", externalIds=key) == []
    seen = []
    for _ in range(100):
        avid.later(1)
        batches = avid.items("/v1/invoices/batches", externalIds="TO-1")
        found = avid.items("/v1/invoices", externalIds=key)
        assert batches or not found, "an invoice showed before its batch"
        seen.append((batches[0]["Status"] if batches else None, bool(found)))
    statuses = list(dict.fromkeys(status for status, _ in seen))
    assert statuses[-1] == "Closed"
    assert statuses == [one for one in (None, "Received", "Processing", "Closed") if one in statuses]
    assert seen[82][1]
    assert avid.items("/v1/vendors", externalIds="100|V1001") != []


def test_a_batch_with_refusals_is_processed_with_exceptions(avid: Account) -> None:
    avid.post(invoice("A"), invoice("B", Currency="EUR"))
    avid.later(0.15)
    (batch,) = avid.items("/v1/invoices/batches", externalIds="TO-1")
    assert (batch["Status"], batch["InvoiceCount"]) == ("Processing with Exceptions", "1")


def test_the_same_external_id_twice_makes_a_double_that_the_books_count(avid: Account) -> None:
    results = [*avid.post(invoice()), *avid.post(invoice(), batch="TO-2")]
    assert len({one["Item"]["InvoiceId"] for one in results}) == 2
    key = invoice()["ExternalId"]
    assert avid.account()["doubles"] == [key]
    avid.later(5)
    assert len(avid.items("/v1/invoices", externalIds=key)) == 2


def test_a_rejected_invoice_says_why_and_is_no_double(avid: Account) -> None:
    avid.post(invoice())
    key = invoice()["ExternalId"]
    assert avid.control("reject", reason="unreadable")["external_ids"] == [key]
    avid.post(invoice(), batch="TO-2")
    assert avid.account()["doubles"] == []
    avid.later(5)
    items = avid.items("/v1/invoices", externalIds=key)
    assert {(one["Status"], one["StatusReason"]) for one in items} == {
        ("Rejected", "unreadable"),
        ("In Workflow", None),
    }


def test_the_books_keep_lines_po_numbers_and_the_image_digest(avid: Account) -> None:
    sent = invoice()
    avid.post(sent)
    (kept,) = avid.account()["invoices"]
    assert kept["image_sha256"] == sent["Image"]["Sha256"]
    assert kept["po_numbers"] == ["7001234"]
    assert kept["lines"][0]["codes"] == {"Accounting Codes": "600100"}
    assert (kept["gross"], kept["lines"][0]["amount"]) == ("1250.00", "1250.00")


@pytest.mark.parametrize("seed", range(1, 4))
def test_answers_show_every_oddity_sooner_or_later(open_account: Callable[..., Account], seed: int) -> None:
    avid = open_account(quirks=0.4, seed=seed)
    text = json_text({"Vendors": [vendor("100|V1")]})
    bad = json_text({"Vendors": [vendor("100|V2", Name=None)]})
    seen = set()
    for _ in range(40):
        good = avid.call("PUT", "/v1/vendors", text=text).json()["Results"]
        seen.add("one result" if isinstance(good, dict) else "list of results")
        refused = avid.call("PUT", "/v1/vendors", text=bad).json()["Results"]
        refused = refused if isinstance(refused, dict) else refused[0]
        seen.add(f"flag {refused['Successful']!r}")
        seen.add("one error" if isinstance(refused["Errors"], dict) else "list of errors")
        page = avid.call("GET", "/v1/vendors", params={"externalIds": "100|V1"}).json()
        seen |= {"no paging"} if "Paging" not in page else set(page["Paging"]) & {"Pages", "PageCount"}
        seen.add(f"id {type(page['Items'][0]['VendorId']).__name__}")
        seen.add("T" if "T" in page["Items"][0]["LastModifiedDate"] else "blank")
    assert seen == {
        "one result", "list of results", "flag 'false'", "flag False", "one error", "list of errors",
        "no paging", "Pages", "PageCount", "id int", "id str", "T", "blank",
    }  # fmt: skip


def test_money_is_a_json_number_with_two_decimals_or_text_where_the_account_writes_text(
    open_account: Callable[..., Account],
) -> None:
    for string_money, written in ((False, '"GrossAmount":1250.00,'), (True, '"GrossAmount":"1250.00",')):
        avid = open_account(string_money=string_money).ready()
        avid.post(invoice())
        avid.later(5)
        answer = avid.call("GET", "/v1/invoices", params={"externalIds": invoice()["ExternalId"]})
        assert written in answer.text
