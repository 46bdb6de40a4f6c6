"""Evidence: which payment rows in Infor prove a posting, each row proving one posting only."""

from collections.abc import Mapping

import msgspec

from domain.identifiers import InvoiceKey
from domain.postings.events import EvidenceRow, PostingLine, PostingPlan

Rows = Mapping[InvoiceKey, tuple[EvidenceRow, ...]]


class PaymentRows(msgspec.Struct, frozen=True, kw_only=True):
    """Payment rows per invoice, every key asked for; cut: whose list may end too early: absence says nothing then."""

    rows: Rows
    cut: frozenset[InvoiceKey] = frozenset()


def names_payment(row: EvidenceRow, payment_id: str) -> bool:
    """Whether the voucher text starts with the payment id as a word of its own."""
    return row.text.split(" ", 1)[0] == payment_id


def find_evidence(plan: PostingPlan, rows: Rows, attributed: frozenset[str]) -> tuple[EvidenceRow, ...] | None:
    """Give a row per line when every line is proven: our text, our amount, not attributed before; else None."""
    found: list[EvidenceRow] = []
    taken = set(attributed)
    for line in plan.lines:
        row = _row_for(line, plan.payment_id, rows.get(line.invoice, ()), taken)
        if row is None:
            return None
        taken.add(row.ledger_row)
        found.append(row)
    return tuple(found)


def find_traces(plan: PostingPlan, rows: Rows, attributed: frozenset[str]) -> tuple[EvidenceRow, ...]:
    """Give the unattributed rows with our text, whatever their amount: some voucher of the payment is booked."""
    return tuple(
        row
        for line in plan.lines
        for row in rows.get(line.invoice, ())
        if row.ledger_row not in attributed and names_payment(row, plan.payment_id)
    )


def booked_by_others(plan: PostingPlan, rows: Rows, attributed: frozenset[str]) -> tuple[EvidenceRow, ...]:
    """Give unattributed rows of the right amount with the text of no payment of ours: probably a person's work."""
    return tuple(
        row
        for line in plan.lines
        for row in rows.get(line.invoice, ())
        if row.ledger_row not in attributed
        and abs(row.amount) == abs(line.net)
        and not names_payment(row, plan.payment_id)
        and row.text.partition(" ")[2] != line.invoice.number
    )


def _row_for(line: PostingLine, payment_id: str, rows: tuple[EvidenceRow, ...], taken: set[str]) -> EvidenceRow | None:
    for row in rows:
        if row.ledger_row not in taken and names_payment(row, payment_id) and abs(row.amount) == abs(line.net):
            return row
    return None
