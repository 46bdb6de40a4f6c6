"""Ties the two pretend systems' own books out against each other, knowing nothing of whoever connects them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

GROUPS = {"1": "Accounting Codes", "2": "Cost center", "3": "Building"}
ZERO = Decimal("0.00")

Json = dict[str, Any]
PaidFor = tuple[str, str]


class TieOut(msgspec.Struct, kw_only=True):
    """What disagrees; invoices by external id, payments as (payment id, external id); money is text.

    `doubles` live more than once at AvidXchange; `missing` are eligible in Infor, need not be held, and are
    neither live there nor kept out by a pair of the same vendor and number; `strays` live there though Infor
    has no such invoice, never had it eligible, or has it so that it must be held; `differing` say what differs;
    `unposted` settled remittances lack their payment row; `misposted` have rows of another amount or
    though the payment is not settled; `not_closed` are paid in full and still open in Infor.
    """

    doubles: list[str]
    missing: list[str]
    strays: list[str]
    differing: list[dict[str, str]]
    unposted: list[PaidFor]
    misposted: list[dict[str, str]]
    not_closed: list[str]
    totals: dict[str, str]


def tie_out(infor: Json, avidxchange: Json, *, groups: Mapping[str, str] = GROUPS) -> TieOut:
    """Compare the books as `/control/infor/books` and `/control/avidxchange/books` give them.

    `groups` says which of AvidXchange's code groups each M3 dimension (1 = GL account) is pushed to.
    """
    theirs = {invoice["key"]: invoice for invoice in infor["invoices"]}
    live = {invoice["external_id"]: invoice for invoice in avidxchange["invoices"] if invoice["live"]}
    settled, known = _remittances(avidxchange)
    posted = _posted(infor, known)
    return TieOut(
        doubles=list(avidxchange["doubles"]),
        missing=list(_missing(theirs, live)),
        strays=[
            key for key in live if key not in theirs or not theirs[key]["ever_eligible"] or theirs[key]["must_hold"]
        ],
        differing=[
            found
            for key, invoice in live.items()
            if key in theirs
            for found in _differences(key, theirs[key], invoice, groups)
        ],
        unposted=[paid_for for paid_for in settled if paid_for not in posted],
        misposted=[
            {"payment": payment_id, "invoice": key, "posted": str(amount), "settled": str(expected)}
            for (payment_id, key), amount in posted.items()
            if amount != (expected := settled.get((payment_id, key), ZERO))
        ],
        not_closed=[key for key in _paid_in_full(live, settled, avidxchange) if not _closed(theirs.get(key))],
        totals={
            "submitted": str(sum((Decimal(invoice["gross"]) for invoice in live.values()), ZERO)),
            "settled": str(sum(settled.values(), ZERO)),
            "posted": str(sum(posted.values(), ZERO)),
        },
    )


def _missing(theirs: dict[str, Json], live: dict[str, Json]) -> Iterator[str]:
    taken = {(invoice["vendor_external_id"], invoice["invoice_number"]) for invoice in live.values()}
    for key, invoice in theirs.items():
        due = invoice["eligible"] and not invoice["must_hold"] and key not in live
        if due and (invoice["vendor"], invoice["number"]) not in taken:
            yield key


def _remittances(avidxchange: Json) -> tuple[dict[PaidFor, Decimal], set[str]]:
    """Return the net of every settled payment per invoice, and all payment ids."""
    settled: dict[PaidFor, Decimal] = defaultdict(lambda: ZERO)
    for payment in avidxchange["payments"]:
        if payment["settled"]:
            for one in payment["remittances"]:
                settled[(payment["payment_id"], one["invoice_external_id"])] += Decimal(one["net"])
    return dict(settled), {payment["payment_id"] for payment in avidxchange["payments"]}


def _posted(infor: Json, known: set[str]) -> dict[PaidFor, Decimal]:
    """Return what Infor's payment rows say per payment and invoice: the voucher text starts with the id."""
    posted: dict[PaidFor, Decimal] = defaultdict(lambda: ZERO)
    for row in infor["payment_rows"]:
        payment_id = row["text"].split(" ", 1)[0]
        if payment_id in known:
            posted[(payment_id, row["invoice"])] += Decimal(row["amount"])
    return dict(posted)


def _differences(key: str, theirs: Json, ours: Json, groups: Mapping[str, str]) -> Iterator[dict[str, str]]:
    pairs = {
        "gross": (theirs["gross"], ours["gross"]),
        "lines": (_infor_lines(theirs, groups), _avid_lines(ours)),
        "po_numbers": (sorted(set(theirs["po_numbers"])), sorted(ours["po_numbers"])),
        "image_sha256": (theirs["image_sha256"], ours["image_sha256"]),
    }
    for field, (infor, avidxchange) in pairs.items():
        if infor != avidxchange:
            yield {"invoice": key, "field": field, "infor": str(infor), "avidxchange": str(avidxchange)}


def _infor_lines(invoice: Json, groups: Mapping[str, str]) -> list[Any]:
    # A blank dimension is no code, and one that is not configured is not sent.
    lines = Counter(
        (
            line["amount"],
            tuple(
                sorted((groups[number], code) for number, code in line["codes"].items() if code and number in groups)
            ),
        )
        for line in invoice["lines"]
    )
    return sorted(lines.items())


def _avid_lines(invoice: Json) -> list[Any]:
    lines = Counter((line["amount"], tuple(sorted(line["codes"].items()))) for line in invoice["lines"])
    return sorted(lines.items())


def _paid_in_full(live: dict[str, Json], settled: dict[PaidFor, Decimal], avidxchange: Json) -> Iterator[str]:
    gross: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for payment in avidxchange["payments"]:
        for one in payment["remittances"]:
            if (payment["payment_id"], one["invoice_external_id"]) in settled:
                gross[one["invoice_external_id"]] += Decimal(one["gross"])
    return (key for key, invoice in live.items() if gross.get(key) == Decimal(invoice["gross"]))


def _closed(invoice: Json | None) -> bool:
    return invoice is not None and bool(invoice["closed"])
