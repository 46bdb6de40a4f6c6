import hashlib

from sandbox.infor.records import why_not
from tests.unit.sandbox.infor.desk import Desk


def test_suppliers_come_with_status_addresses_and_mail(desk: Desk) -> None:
    numbers = [row["SUNO"] for row in desk.rows("CRS620MI/LstSuppliers", maxrecs="0")]
    assert numbers == sorted(desk.books.suppliers)
    assert desk.code("CRS620MI/LstAddresses", SUNO="V8100") == "XRE0103"
    kinds = [row["ADTE"] for row in desk.rows("CRS620MI/LstAddresses", SUNO="V8101")]
    assert kinds == ["01", "10"]
    assert desk.rows("CRS111MI/List", EMTP="02", EMKY="V1001")[0]["EMAL"].endswith(".test")
    assert desk.rows("CRS620MI/GetBasicData", SUNO="V8090")[0]["STAT"] == "90"


def test_only_suppliers_changed_since_the_servers_clock_come_again(desk: Desk) -> None:
    mark = desk.rows("GENERAL/GetServerTime")[0]["LMTS"]
    desk.clock.advance(1)
    assert desk.rows("CRS620MI/LstSuppliers", LMTS=mark) == []
    changed = desk.control("change-supplier", count=2)["keys"] + desk.control("block-supplier", count=1)["keys"]
    found = [row["SUNO"] for row in desk.rows("CRS620MI/LstSuppliers", LMTS=mark)]
    assert found == sorted(set(changed))


def test_more_invoices_are_approved_and_stops_come_and_go(desk: Desk) -> None:
    before = len(desk.books.invoices)
    waiting = sum(not held.approved for held in desk.books.invoices.values())
    approved = desk.control("approve", count=waiting + 3)["keys"]
    assert len(approved) == waiting + 3
    assert len(desk.books.invoices) == before + 3
    (key,) = desk.control("stop", keys=[approved[-1]])["keys"]
    shown = {held["key"]: held for held in desk.truth()["invoices"]}
    assert shown[key]["why_not"] == "payment stop"
    desk.control("unstop", keys=[key])
    assert {held["key"]: held["eligible"] for held in desk.truth()["invoices"]}[key]


def test_purchase_lines_are_found_through_the_supplier_and_number(desk: Desk) -> None:
    invoice = next(held for held in desk.books.invoices.values() if held.batch_number)
    found = desk.rows(
        "APS450MI/LstInvBySupInv",
        DIVI=invoice.division,
        SPYN=invoice.payee,
        SUNO=invoice.supplier,
        SINO=invoice.number,
    )
    lines = desk.rows("APS450MI/LstLines", DIVI=invoice.division, INBN=found[0]["INBN"])
    assert [row["PUNO"] for row in lines] == [line.number for line in invoice.purchase_lines]


def test_a_note_is_kept_with_the_invoice(desk: Desk) -> None:
    invoice = desk.payable()
    year, journal, sequence = map(str, invoice.row)
    note = {"YEA4": year, "JRNO": journal, "JSNO": sequence, "PEXN": "77", "PEXI": "500123"}
    assert desk.code("APS251MI/AddInfoCat", DIVI=invoice.division, **note) == ""
    names = ("DIVI", "SPYN", "SUNO", "SINO", "INYR")
    rows = desk.rows("APS251MI/GetInvInfo", **dict(zip(names, invoice.key, strict=True)), PEXN="77")
    assert [row["PEXI"] for row in rows] == ["500123"]


def test_a_scan_is_found_by_its_attributes_whatever_signs_they_hold(desk: Desk) -> None:
    for invoice in [held for held in desk.books.invoices.values() if held.image][:40]:
        number = invoice.number.replace("&", "&amp;").replace('"', "&quot;")
        query = (
            f'/M3_SupplierInvoice[@M3_Company="100" and @M3_Division="{invoice.division}" and '
            f'@BOD_SupplierPartyID="{invoice.supplier}" and @BOD_SupplierInvoiceID="{number}" and '
            f'@M3_InvoiceYear="{invoice.year}"]'
        )
        answer = desk.caller.call(
            "GET",
            "/ACME_TST/IDM/api/items/search",
            params={"$query": query, "$offset": "0", "$limit": "15"},
        ).json()
        (item,) = answer["items"]["item"]
        (full,) = [res for res in item["resrs"]["res"] if res["name"] == ""]
        scan = desk.caller.call("GET", f"/ACME_TST/IDM/api/items/{item['pid']}/resource/stream").content
        assert (len(scan), hashlib.sha256(scan).hexdigest()) == (full["size"], full["sha256"])


def test_a_search_that_is_no_query_is_refused(desk: Desk) -> None:
    for query in ("", '/M3_Other[@A="1"]', '/M3_SupplierInvoice[@A="x&y"]', '/M3_SupplierInvoice[@A="1" or @B="2"]'):
        answer = desk.caller.call("GET", "/ACME_TST/IDM/api/items/search", params={"$query": query})
        assert answer.status_code == 400


def test_the_truth_counts_every_call(desk: Desk) -> None:
    desk.rows("GENERAL/GetServerTime")
    desk.rows("GENERAL/GetServerTime")
    calls = desk.truth()["calls"]
    assert calls["GENERAL/GetServerTime"] == 2
    assert calls["http"] == 3


def test_the_truth_says_what_may_go_out(desk: Desk) -> None:
    shown = desk.truth()["invoices"]
    assert sum(held["eligible"] for held in shown) == sum(
        why_not(held) is None for held in desk.books.invoices.values()
    )
    named = [line for held in shown for line in held["lines"] if line["po"]]
    assert named
