from datetime import date

import pytest

from adapters.infor import checks, codes, images, invoices, suppliers
from adapters.infor.client import Client
from adapters.infor.exportmi import HEAD_COLUMNS
from adapters.infor.ionapi import Credentials
from adapters.infor.settings import Assumptions
from domain.errors import MalformedError, MisconfiguredError, RefusedError
from domain.identifiers import InvoiceKey, LedgerRow
from domain.money import Money
from domain.ports.ledger import InvoiceHead, PoLine, Problem
from tests.unit.adapters.infor.scripted_gateway import Gateway, bulk, client_of, nok, rows

SINCE = date(2026, 1, 1)
KEY = InvoiceKey(100, "AAA", "V2", "V1", 'A&B "7"', 2026)


def head(number: str = "INV-1", minor: int = 1000) -> InvoiceHead:
    return InvoiceHead(
        key=InvoiceKey(100, "AAA", "V2", "V1", number, 2026),
        row=LedgerRow(100, "AAA", 2026, 7, 1),
        voucher=9,
        series="INV",
        invoice_date=SINCE,
        due_date=None,
        accounting_date=None,
        gross=Money(minor),
        approved=True,
        payment_status=0,
        changed=None,
    )


def line(journal: int, number: str = "INV", separator: str = "~") -> str:
    values = f"AAA,2026,{journal},1,V2,V1,@,2026,9,INV,20260301,20260401,20260301,USD,10.00,1,0,20260302".split(",")
    return separator.join(number if value == "@" else value for value in values)


def reply(*lines: str, separator: str = "~") -> dict[str, object]:
    header = separator.join(HEAD_COLUMNS)
    return bulk(rows("Select", *({"REPL": text} for text in (header, *lines))))


def test_suppliers_are_listed_on_from_the_last_one_until_nothing_is_new(gateway: Gateway, client: Client) -> None:
    first = [f"V{place:03d}" for place in range(50)]
    gateway.says(bulk(rows("LstSuppliers", *({"SUNO": number} for number in first))))
    gateway.says(bulk(rows("LstSuppliers", {"SUNO": "V049"}, {"SUNO": "V050"})))
    pages = list(suppliers.changed_suppliers(client, 1234))
    assert pages == [tuple(first), ("V050",)]
    assert [asked.query.get("FRSU") for asked in gateway.asked] == [None, "V049"]
    assert gateway.asked[0].query["LMTS"] == "1234"


def test_a_supplier_that_cannot_be_read_does_not_stop_its_neighbours(gateway: Gateway, client: Client) -> None:
    basic = {"SUNM": "Acme", "STAT": "20"}
    gateway.says(
        bulk(
            *(rows("GetBasicData", basic | {"SUNO": number}) for number in ("V1", "V2")),
            rows("GetBasicData", {"SUNO": "V3"}),
        )
    )
    gateway.says(bulk(nok("LstAddresses", "XRE0103"), nok("LstAddresses", "ODD0001"), rows("LstAddresses")))
    gateway.says(bulk(rows("List"), rows("List"), rows("List")))
    found = suppliers.supplier_details(client, ["V1", "V2", "V3", "V1"])
    assert [type(each).__name__ for each in found.values()] == ["SupplierContent", "Problem", "Problem"]
    assert [each.code for each in found.values() if isinstance(each, Problem)] == ["ODD0001", "MALFORMED"]


def test_codes_keep_the_companys_word_before_the_divisions(gateway: Gateway, client: Client) -> None:
    many = [{"AITM": f"{place:03d}", "DIVI": "", "TX40": "x", "LCCD": "0"} for place in range(50)]
    gateway.says(
        bulk(
            rows("LstAccountID", *many),
            rows("LstAccountID", {"AITM": "007", "DIVI": "AAA", "LCCD": "1"}),
            rows("LstAccountID", {"AITM": "008", "DIVI": "AAA"}),
        )
    )
    gateway.says(bulk(rows("LstAccountID", many[-1], {"AITM": "050", "DIVI": ""})))
    found = codes.read_codes(client, 3)
    assert len(found) == 51
    assert [(fact.division, fact.blocked) for fact in found["007"]] == [("", False), ("AAA", True)]
    assert [record["DIVI"] for record in gateway.asked[0].records] == ["", "AAA", "BBB"]
    assert gateway.asked[1].records == [{"AITP": "3", "DIVI": "", "AITM": "049"}]


def test_the_dimensions_in_use_are_told(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetGLSettings", {"DIVI": "AAA", "FAC1": "1", "FAC2": "0", "FAC3": "1", "FAC4": " "})))
    assert codes.used_dimensions(client, "AAA") == {1, 3}


def test_invoices_are_listed_past_the_cap_of_the_tenant(gateway: Gateway, client: Client) -> None:
    gateway.says(reply(*(line(place) for place in range(1, 50))), reply(line(50), line(51)))
    pages = list(invoices.invoice_heads(client, "AAA", SINCE))
    assert [len(page) for page in pages] == [49, 2]
    assert "EPJRNO > '49'" in gateway.asked[1].query["QERY"]
    assert (gateway.asked[0].query["HDRS"], gateway.asked[0].query["maxrecs"]) == ("1", "1000")


def test_a_cap_that_is_no_round_number_loses_no_invoice(gateway: Gateway, client: Client) -> None:
    gateway.says(reply(*(line(place) for place in range(1, 37))), reply(*(line(place) for place in range(37, 73))))
    gateway.says(reply(line(73)))
    pages = list(invoices.invoice_heads(client, "AAA", SINCE))
    assert [len(page) for page in pages] == [36, 36, 1]


def test_a_cap_that_is_no_round_number_loses_no_code(gateway: Gateway, client: Client) -> None:
    many = [{"AITM": f"{place:03d}", "DIVI": "", "TX40": "x", "LCCD": "0"} for place in range(80)]
    none = rows("LstAccountID")
    gateway.says(bulk(rows("LstAccountID", *many[:37]), none, none))
    gateway.says(bulk(rows("LstAccountID", *many[36:73])), bulk(rows("LstAccountID", *many[72:])))
    assert len(codes.read_codes(client, 3)) == 80


def test_a_list_shorter_than_one_seen_before_is_asked_for_once(gateway: Gateway, client: Client) -> None:
    gateway.says(reply(line(1), line(2)), bulk(rows("Select")), reply(line(3)))
    for _ in range(2):
        list(invoices.invoice_heads(client, "AAA", SINCE))
    assert len(gateway.asked) == 3


def test_a_full_last_page_is_followed_by_an_empty_one(gateway: Gateway, client: Client) -> None:
    gateway.says(reply(*(line(place) for place in range(1, 50))), bulk(rows("Select")))
    assert [len(page) for page in invoices.invoice_heads(client, "AAA", SINCE)] == [49]


def test_a_separator_that_stands_in_the_data_is_replaced_by_another(gateway: Gateway, client: Client) -> None:
    gateway.says(reply(line(1, "A~B")), reply(line(1, "A~B", "^"), separator="^"), reply())
    ((found,),) = list(invoices.invoice_heads(client, "AAA", SINCE))
    assert isinstance(found, InvoiceHead)
    assert found.key.number == "A~B"
    assert [asked.query["SEPC"] for asked in gateway.asked] == ["~", "^", "~"]


def test_a_row_that_no_separator_fits_is_a_problem_and_its_neighbours_are_read(
    wire: tuple[Gateway, Credentials],
) -> None:
    gateway, credentials = wire
    client = client_of(credentials, assumed=Assumptions(separators=("~", "^")))
    gateway.says(
        reply(line(1), line(2, "A~^B"), line(3, "X^").replace("20260301", "20261399")),
        reply(line(1, separator="^"), line(2, "A~^B", "^"), line(3, "X^", "^"), separator="^"),
        reply(),
    )
    (page,) = list(invoices.invoice_heads(client, "AAA", SINCE))
    assert [each.code for each in page if isinstance(each, Problem)] == ["MALFORMED", "COLUMN_COUNT"]
    assert len(page) == 3
    client.remote.close()


def test_a_list_that_does_not_go_on_is_an_error_and_no_endless_loop(gateway: Gateway, client: Client) -> None:
    same = reply(*(line(place) for place in range(1, 50)))
    gateway.says(same, same)
    with pytest.raises(MalformedError, match="key order"):
        list(invoices.invoice_heads(client, "AAA", SINCE))


def test_one_refused_voucher_is_one_problem_and_foreign_journals_are_left_out(gateway: Gateway, client: Client) -> None:
    own = {"JRNO": "7", "JSNO": "2", "TRCD": "10", "CUAM": "5.00", "DBCR": "D"}
    gateway.says(bulk(rows("LstVoucherLines", own | {"JRNO": "8"}, own), nok("LstVoucherLines", "ODD0001")))
    found = invoices.voucher_lines(client, [head("A"), head("B")])
    good, bad = found.values()
    assert not isinstance(good, Problem)
    assert [each.sequence for each in good] == [2]
    assert isinstance(bad, Problem)
    assert gateway.asked[0].records[0] == {"CONO": "100", "DIVI": "AAA", "YEA4": "2026", "VONO": "9", "VSER": "INV"}


def test_the_purchase_orders_of_another_years_invoice_of_the_same_number_are_left_out(
    gateway: Gateway, client: Client
) -> None:
    ours = {"TRNO": "1", "NLAM": "10.00", "PUNO": "4711", "PNLI": "10"}
    theirs = {"TRNO": "1", "NLAM": "99.00", "PUNO": "9999", "PNLI": "20"}
    tax = {"TRNO": "2", "NLAM": "0.00", "PUNO": " "}
    gateway.says(
        bulk(
            rows("LstInvBySupInv", {"INBN": "1"}, {"INBN": "2"}),
            nok("LstInvBySupInv", "XRE0103"),
            nok("LstInvBySupInv", "ODD"),
        )
    )
    gateway.says(bulk(rows("LstLines", theirs), rows("LstLines", ours, tax)))
    found = list(invoices.po_lines(client, [head("A"), head("B"), head("C")]).values())
    assert (PoLine(po_number="4711", po_line="10", amount=Money(1000)),) in found
    assert () in found
    assert [each.code for each in found if isinstance(each, Problem)] == ["ODD"]


def item(name: str | None) -> dict[str, object]:
    resources = [
        {"name": "Preview", "size": 1},
        {"name": name, "size": "9", "mimetype": "application/PDF", "filename": "a.pdf"},
    ]
    return {"pid": "X-1-LATEST", "resrs": {"res": resources}}


def test_the_image_is_searched_with_its_quotes_and_ampersands_escaped(gateway: Gateway, client: Client) -> None:
    gateway.says({"items": {"item": [item("")]}})
    found = images.find_image(client, KEY)
    assert found is not None
    assert (found.pid, found.size, found.content_type, found.file_name) == ("X-1-LATEST", 9, "application/pdf", "a.pdf")
    assert gateway.asked[0].path == "/ACME_TST/IDM/api/items/search"
    assert gateway.asked[0].query["$query"] == (
        '/M3_SupplierInvoice[@M3_Company="100" and @M3_Division="AAA" and @BOD_SupplierPartyID="V1" '
        'and @BOD_SupplierInvoiceID="A&amp;B &quot;7&quot;" and @M3_InvoiceYear="2026"]'
    )


@pytest.mark.parametrize("nothing", [None, {"pid": None, "resrs": None}, {"pid": "X-0", "resrs": {"res": [None]}}])
def test_nulls_among_the_documents_are_passed_over(gateway: Gateway, client: Client, nothing: object) -> None:
    gateway.says({"items": {"item": [nothing, item("")]}})
    found = images.find_image(client, KEY)
    assert found is not None
    assert found.pid == "X-1-LATEST"


@pytest.mark.parametrize("content", [{"items": {"item": []}}, {"items": {}}, {}, {"items": {"item": item("Preview")}}])
def test_no_item_or_no_full_document_is_no_image(gateway: Gateway, client: Client, content: object) -> None:
    gateway.says(content)
    assert images.find_image(client, KEY) is None


def test_a_query_that_document_management_refuses_is_a_refusal(gateway: Gateway, client: Client) -> None:
    gateway.says(b"", status=400)
    with pytest.raises(RefusedError):
        images.find_image(client, KEY)


def test_an_image_is_streamed_with_a_fresh_token_after_a_401(gateway: Gateway, client: Client) -> None:
    gateway.says({"items": {"item": item(None)}})
    gateway.says(b"", status=401)
    gateway.says(b"%PDF-1.4")
    found = images.find_image(client, KEY)
    assert found is not None
    assert b"".join(images.stream_image(client, found)) == b"%PDF-1.4"
    assert gateway.asked[-1].path == "/ACME_TST/IDM/api/items/X-1-LATEST/resource/stream"
    assert len(gateway.tokens_asked) == 2


@pytest.mark.parametrize(("status", "error"), [(400, RefusedError), (404, MisconfiguredError)])
def test_an_image_that_is_not_given_is_an_error(
    gateway: Gateway, client: Client, status: int, error: type[Exception]
) -> None:
    gateway.says({"items": {"item": item("")}})
    gateway.says(b"", status=status)
    found = images.find_image(client, KEY)
    assert found is not None
    with pytest.raises(error):
        b"".join(images.stream_image(client, found))


def test_a_session_in_another_company_is_a_misconfiguration_naming_both(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetUserData", {"CONO": "200"})))
    with pytest.raises(MisconfiguredError, match=r"company 200, not 100"):
        checks.check(client)


def test_a_division_that_does_not_exist_is_named(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetUserData", {"CONO": "100"})))
    gateway.says(bulk(rows("LstDivisions", {"DIVI": "AAA"})), bulk(rows("LstDivisions")))
    with pytest.raises(MisconfiguredError, match="no division BBB"):
        checks.check(client)


def test_a_tenant_without_repository_cannot_tell_what_it_lacks(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetUserData", {"CONO": "100", "TX40": "Acme"})))
    gateway.says(bulk(rows("LstDivisions", {"DIVI": "AAA"}, {"DIVI": "BBB"})), bulk(rows("LstDivisions")))
    gateway.says({"terminationErrorType": "TransactionNotFound"}, status=400)
    found = checks.check(client)
    assert (found.missing_transactions, found.token_seconds) == (("MRS001MI/LstTransactions",), 7200)
    assert found.untold == ""


@pytest.mark.parametrize(
    ("content", "status", "why"), [(b"", 403, "lacks a role"), (bulk(nok("LstTransactions", "XAU1")), 200, "XAU1")]
)
def test_a_repository_that_is_closed_to_the_account_does_not_fail_the_check(
    gateway: Gateway, client: Client, content: object, status: int, why: str
) -> None:
    gateway.says(bulk(rows("GetUserData", {"CONO": "100", "TX40": "Acme"})))
    gateway.says(bulk(rows("LstDivisions", {"DIVI": "AAA"}, {"DIVI": "BBB"})), bulk(rows("LstDivisions")))
    gateway.says(*[content] * 20, status=status)
    found = checks.check(client)
    assert found.missing_transactions == ("MRS001MI/LstTransactions",)
    assert why in found.untold


def test_a_server_without_time_is_malformed(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetServerTime", {"LMTS": ""})))
    with pytest.raises(MalformedError):
        checks.server_time(client)


def test_the_local_currency_of_each_division_is_told(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetBasicData", {"LOCD": "USD"}), nok("GetBasicData", "XRE0103")))
    assert checks.local_currencies(client) == {"AAA": "USD"}
    assert gateway.asked[0].records[0] == {"CONO": "100", "DIVI": "AAA"}


def test_a_supplier_m3_broke_off_at_is_no_unknown_supplier(gateway: Gateway, client: Client) -> None:
    gateway.says({"results": [{"transaction": "GetBasicData"}], "wasTerminated": True})
    (found,) = suppliers.supplier_details(client, ["V1"]).values()
    assert isinstance(found, Problem)
    assert found.code == "broken off"


def test_totals_that_say_nothing_are_a_problem_and_not_an_unknown_invoice(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetInvTotInfo"), nok("GetInvTotInfo", "XRE0103")))
    other = InvoiceKey(100, "AAA", "V2", "V1", "INV-2", 2026)
    found = invoices.ledger_states(client, [KEY, other])
    assert isinstance(found[KEY], Problem)
    assert found[other] is None


def test_a_session_that_says_nothing_is_malformed(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("GetUserData")))
    with pytest.raises(MalformedError):
        checks.check(client)
