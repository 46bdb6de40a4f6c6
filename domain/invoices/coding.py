"""From what Infor shows of an invoice to its content: cost lines, codes, PO references, and what hinders sending."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from domain.identifiers import digest
from domain.invoices.content import CodeRef, CodingLine, InvoiceContent, LedgerState
from domain.money import Money
from domain.ports.ledger import InvoiceHead, PoLine, VoucherLine

INVOICE_ROW = "40"
NO_CONTROL_ACCOUNT = "NO_CONTROL_ACCOUNT"
DBCR_DISAGREES = "DBCR_DISAGREES"
LINES_DO_NOT_SUM = "LINES_DO_NOT_SUM"
CODING_UNREADABLE = "CODING_UNREADABLE"


def read_content(
    head: InvoiceHead, ledger: LedgerState, voucher: Sequence[VoucherLine], purchases: Sequence[PoLine]
) -> InvoiceContent:
    """Put an invoice's content together; what hinders sending stands in `problems` (infor.md 5.4, coding)."""
    cost = cost_lines(voucher)
    lines = _coding_lines(cost, purchases)
    return InvoiceContent(
        key=head.key,
        row=head.row,
        voucher=head.voucher,
        series=head.series,
        invoice_date=head.invoice_date,
        due_date=head.due_date,
        accounting_date=head.accounting_date,
        gross=ledger.gross,
        discount=ledger.discount,
        payment_method=ledger.payment_method,
        lines=lines,
        po_numbers=tuple(dict.fromkeys(line.po_number for line in purchases if line.po_number)),
        problems=tuple(_problems(voucher, cost, ledger.gross)),
    )


def unreadable_content(head: InvoiceHead, ledger: LedgerState) -> InvoiceContent:
    """Put down an invoice whose coding could not be read: it is held for that until it can."""
    return msgspec.structs.replace(read_content(head, ledger, (), ()), problems=(CODING_UNREADABLE,))


def cost_lines(voucher: Sequence[VoucherLine]) -> tuple[VoucherLine, ...]:
    """Give the lines whose GL account is not the supplier's control account (the one of the TRCD 40 row)."""
    control = _control_accounts(voucher)
    ordered = sorted(voucher, key=lambda line: line.sequence)
    return tuple(line for line in ordered if line.transaction_code != INVOICE_ROW and line.accounts[0] not in control)


def content_digest(content: InvoiceContent) -> str:
    """Digest of the content as we keep it: equal digests say that nothing changed in Infor."""
    return digest(msgspec.json.encode(content))


def _control_accounts(voucher: Iterable[VoucherLine]) -> frozenset[str]:
    return frozenset(line.accounts[0] for line in voucher if line.transaction_code == INVOICE_ROW)


def _coding_lines(cost: Sequence[VoucherLine], purchases: Sequence[PoLine]) -> tuple[CodingLine, ...]:
    ours = Counter(line.amount for line in cost)
    theirs = Counter(line.amount for line in purchases)
    by_amount = {line.amount: line for line in purchases}
    lines = []
    for number, line in enumerate(cost, start=1):
        one_to_one = ours[line.amount] == 1 and theirs[line.amount] == 1
        purchase = by_amount[line.amount] if one_to_one else None
        lines.append(
            CodingLine(
                number=number,
                amount=line.amount,
                description=line.text,
                codes=tuple(CodeRef(dim, value) for dim, value in enumerate(line.accounts, start=1) if value),
                po_number=purchase.po_number if purchase else None,
                po_line=purchase.po_line if purchase else None,
            )
        )
    return tuple(lines)


def _problems(voucher: Sequence[VoucherLine], cost: Sequence[VoucherLine], gross: Money) -> Iterable[str]:
    if not any(_control_accounts(voucher)):
        yield NO_CONTROL_ACCOUNT
    if any(_disagrees(line) for line in voucher):
        yield DBCR_DISAGREES
    alike = all(line.amount.currency == gross.currency for line in cost)
    if not alike or sum(line.amount.minor for line in cost) != gross.minor:
        yield LINES_DO_NOT_SUM


def _disagrees(line: VoucherLine) -> bool:
    """Debit is positive, credit negative; DBCR must say the same where it says anything."""
    return (line.side == "D" and line.amount.minor < 0) or (line.side == "C" and line.amount.minor > 0)
