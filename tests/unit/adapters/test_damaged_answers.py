"""Answers of either remote, odd at one place: each is read, or refused by one of our own errors.

Every reader is given a sound answer in which one value after the other, at any depth, is replaced by each odd one.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from adapters.avidxchange import errors, found, payments, upserts, wire
from adapters.avidxchange.settings import AvidSettings
from adapters.http_messages import Reply
from adapters.infor import answers, auth, exportmi, images, mapping, read_back
from adapters.infor.settings import InforSettings
from domain.errors import TieoutError
from domain.identifiers import InvoiceKey

AVID = AvidSettings(base_url="https://h")
INFOR = InforSettings(company=100, divisions=("AAA",))
KEY = InvoiceKey(100, "AAA", "V1", "V1", "INV-1", 2026)
LONG = "7" * 5000
MOST = 2**63 - 1

ODD = (
    *("null", "true", "false", "0", "-1", "1.5", "-0.0", "1e400", "1E-400", "0E+999", LONG, f"-{LONG}", f"0.{LONG}"),
    *("[]", "{}", "[null]", "[[]]", '{"": null}', "[" * 3000 + "]" * 3000, '""', '" "'),
    *(json.dumps(text) for text in ("²", "٣", "NaN", "sNaN", "-Infinity", "1E999999999", "0E-999999", "1_0", "+5")),
    *(json.dumps(text) for text in ("true", "nein", "0000-00-00", "2026-02-30T25:61:00", "20260230", "00000000")),
    *(json.dumps(text) for text in (LONG, "\x00", "\ufffe", "😀", "2026-W01-1", "99999999", "9" * 19, "1" * 25)),
    *('"\\ud800"', '"\\u0000"'),
)

Reader = Callable[[bytes], object]


def row(read: Callable[[dict[str, str]], object]) -> Reader:
    """Read the first row of the only transaction of M3's answer."""

    def reads(body: bytes) -> object:
        rows = answers.read_answer(body, ["Get"])[0].rows
        return read(rows[0]) if rows else None

    return reads


def m3(**fields: str) -> dict[str, Any]:
    records = [fields, dict(fields)]
    result = {"transaction": "Get", "records": records, "errorCode": None, "errorMessage": None, "notProcessed": False}
    return {"results": [result], "wasTerminated": False, "nrOfSuccessfullTransactions": 1, "nrOfFailedTransactions": 0}


def line(**fields: str) -> dict[str, Any]:
    names = dict.fromkeys(exportmi.HEAD_COLUMNS, "1")
    return m3(**(names | fields))


def reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status=status, headers={}, body=body)


VENDOR = {
    "VendorId": "9001",
    "ExternalId": "100|V1",
    "Status": "Enrolled",
    "Name": "Acme",
    "Address": {"Line1": "1 Main St", "Line2": None, "City": "X", "State": "NC", "PostalCode": "1", "Country": "US"},
    "RemitToAddress": None,
    "Active": True,
}
PAYMENT = {
    "PaymentId": "77001",
    "Status": {"Id": 14, "Description": "Issued to Supplier"},
    "PaymentMethod": {"Id": 1, "Description": "Check"},
    "Amount": 10.5,
    "Currency": "USD",
    "PaymentDate": "2026-01-20",
    "SettledDate": "2026-01-21",
    "ClearedDate": None,
    "VendorExternalId": "100|V1",
    "CheckNumber": "7700456",
    "AchTraceNumber": None,
    "VirtualCardLast4": None,
    "LastModifiedDate": "2026-01-21T09:12:44",
    "Remittances": [
        {"InvoiceExternalId": KEY.external_id, "InvoiceNumber": "INV-1", "Gross": 12, "Discount": 1.5, "Net": 10.5}
    ],
}
ACH = PAYMENT | {"PaymentMethod": {"Description": "ACH"}, "AchTraceNumber": "091000019000001"}
CARD = PAYMENT | {"PaymentMethod": {"Description": "Virtual Card"}, "VirtualCardLast4": "1111"}
INVOICE = {"InvoiceId": "5", "ExternalId": KEY.external_id, "InvoiceNumber": "INV-1", "GrossAmount": 12.5, "Status": ""}
CODE = {"GroupName": "Accounting Codes", "CodeValue": "600100", "Description": "Repairs", "IsActive": True}
PAGE = {"Items": [INVOICE], "Paging": {"PageSize": 100, "PageNumber": 1, "Pages": 1, "PageItems": 1, "TotalItems": 1}}
REFUSED = {"Successful": False, "Item": {"ExternalId": "b"}, "Errors": [{"Code": "CODE_NOT_FOUND", "Message": "no"}]}
RESULTS = {"Results": [{"Successful": True, "Item": {"InvoiceId": "5", "ExternalId": "a"}, "Errors": []}, REFUSED]}
VENDOR_RESULTS = {"Results": [{"Successful": True, "Item": {"VendorId": "5", "ExternalId": "a"}, "Errors": []}]}
CODE_RESULTS = {"Results": [{"Successful": "true", "Item": CODE, "Errors": None}]}
EXCEPTION = {"exception": {"avidMessageId": "1", "source": "s", "reason": "r", "detail": "d"}}
ITEM = {
    "pid": "M3_SupplierInvoice-12-1-LATEST",
    "attrs": {"attr": [{"name": "a", "value": "b"}]},
    "resrs": {"res": [{"name": "", "size": 18231, "mimetype": "application/pdf", "filename": "a.pdf", "sha256": "0"}]},
}
TERMINATION = {"results": [], "wasTerminated": True, "terminationReason": "r", "terminationErrorType": "t"}
SUPPLIER = m3(SUNO="V1", SUNM="Acme", STAT="20", CSCD="US", PHNO="1", TINO="9", PRSU="V2", ADTE="01", ADR1="1 Main St")
FACT = m3(AITP="1", AITM="600100", DIVI="", TX40="Rent", LCCD="0", VFDT="20260101", VTDT="0")
TOTALS = m3(CUCD="USD", CUAM="12.50", PCUA="0", OCUA="12.50", CDCU="0", APRV="1", IVBL="0", PYST="0", RECO="0")
VOUCHER = m3(JRNO="7", JSNO="1", TRCD="40", AIT1="1", CUAM="12.50", DBCR="D", VTXT="t", CUCD="USD")
PAID = m3(JRNO="7", JSNO="1", VONO="9", VSER="P", CUAM="12.50", ACDT="20260121", TRCD="50", YEA4="2026", VTXT="t")
PO_LINE = m3(PUNO="7001234", PNLI="10", NLAM="12.50")
HEADS = line(EPCUCD="USD", EPCUAM="12.50", EPIVDT="20260102", EPDUDT="20260202", EPACDT="0", EPLMDT="20260102")

READERS: dict[str, tuple[object, Reader]] = {
    "payment": (PAYMENT, lambda body: payments.read_payment(msgspec.Raw(body), AVID)),
    "payment by ACH": (ACH, lambda body: payments.read_payment(msgspec.Raw(body), AVID)),
    "payment by card": (CARD, lambda body: payments.read_payment(msgspec.Raw(body), AVID)),
    "vendor": (VENDOR, lambda body: found.vendor(msgspec.Raw(body))),
    "code": (CODE, lambda body: found.code(msgspec.Raw(body), "Accounting Codes")),
    "invoice": (INVOICE, lambda body: found.invoice(msgspec.Raw(body), "USD")),
    "batch": ({"ExternalId": "b", "Status": "Closed"}, lambda body: found.batch(msgspec.Raw(body))),
    "system": ({"ID": 1, "Name": "Infor M3"}, lambda body: found.system_name(msgspec.Raw(body))),
    "page": (PAGE, lambda body: wire.read_page(reply(body))),
    "receipts": (RESULTS, lambda body: errors.judge_batch(reply(body), ["a", "b"])),
    "vendors put": (VENDOR_RESULTS, lambda body: upserts.vendor_answers(reply(body), ["a"])),
    "codes put": (CODE_RESULTS, lambda body: upserts.code_answers(reply(body), [("Accounting Codes", "600100")])),
    "exception": (EXCEPTION, lambda body: errors.read_error(reply(body, 500))),
    "image": ({"items": {"item": [ITEM]}}, lambda body: images._first(reply(body))),
    "token": ({"access_token": "t", "expires_in": 7200}, lambda body: auth.read_token(reply(body), asked_at=0.0)),
    "no token": ({"error": "invalid_grant"}, lambda body: auth._refusal(reply(body, 400))),
    "termination": (TERMINATION, answers.read_termination),
    "supplier": (SUPPLIER, row(lambda basic: mapping.supplier(basic, [basic], [basic], settings=INFOR))),
    "code fact": (FACT, row(lambda fact: mapping.code_fact(fact, settings=INFOR))),
    "totals": (TOTALS, row(lambda totals: mapping.ledger_state(totals, settings=INFOR, record="r"))),
    "voucher line": (VOUCHER, row(lambda one: mapping.voucher_line(one, currency="USD", record="r"))),
    "purchase order line": (PO_LINE, row(lambda one: mapping.po_line(one, currency="USD", record="r"))),
    "payment row": (PAID, row(lambda paid: read_back._evidence(read_back._payment(paid, KEY), 2026, "t"))),
    "payment row by date": (PAID, row(lambda paid: read_back._dated(paid, KEY))),
    "invoice head": (HEADS, row(lambda head: mapping.invoice_head(head, settings=INFOR))),
}


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Give the way to every value within, the whole first."""
    yield ()
    within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in within:
        for way in places(inner):
            yield (step, *way)


def written(value: Any, way: tuple[Any, ...], odd: str) -> str:
    """Write JSON with `odd`, itself JSON, at a place."""
    if not way:
        return odd
    step, *rest = way
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(k)}:{_inner(v, rest if k == step else None, odd)}" for k, v in value.items())
            + "}"
        )
    return "[" + ",".join(_inner(v, rest if at == step else None, odd) for at, v in enumerate(value)) + "]"


def _inner(value: Any, way: list[Any] | None, odd: str) -> str:
    return json.dumps(value) if way is None else written(value, tuple(way), odd)


def numbers(value: Any) -> Iterator[int]:
    """Give every whole number within what was read."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from numbers(inner)


@pytest.mark.parametrize("name", READERS)
def test_an_answer_that_is_odd_at_one_place_is_read_or_refused(name: str) -> None:
    sound, read = READERS[name]
    read(json.dumps(sound).encode())
    for way in places(sound):
        for odd in ODD:
            try:
                got = read(written(sound, way, odd).encode())
            except TieoutError:
                continue
            except Exception as fault:  # noqa: BLE001 - whatever else it raises is what is looked for
                pytest.fail(f"{name}: {odd[:40]} at {way}: {type(fault).__name__}: {fault}")
            for number in numbers(msgspec.to_builtins(got, enc_hook=repr)):
                assert abs(number) <= MOST, f"{name}: {odd[:40]} at {way} gives a number no store takes"
