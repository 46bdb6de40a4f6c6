"""What a posting's progress means for the invoices it pays: started, posted or ended, in the same transaction."""

from collections.abc import Sequence
from uuid import UUID

from actors.errands.streams import invoice_stream, posting_stream
from actors.settle import History, appended
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import InvoiceKey
from domain.invoices import invoice
from domain.invoices.events import InvoicePaymentEnded, InvoicePaymentPosted, InvoicePaymentStarted
from domain.money import Money
from domain.postings import posting
from domain.postings.events import EvidenceRow, PostingPlan
from domain.postings.evidence import Rows, find_evidence, find_traces

NAMED = 5  # rows in a sentence


def started_for_invoices(connection: UUID, plan: PostingPlan, history: History) -> list[Append] | None:
    """Mark every invoice as being paid by this posting; None when another posting was faster with one of them."""
    appends = []
    for line in plan.lines:
        stream = invoice_stream(connection, line.invoice)
        in_flight = invoice.fold(history[stream]).payment_in_flight
        if in_flight and in_flight != plan.key1:
            return None
        if not in_flight:
            fact = InvoicePaymentStarted(posting=plan.key1, payment_id=plan.payment_id, net=line.net)
            appends.append(appended(history[stream], stream, fact))
    return appends


def ended_for_invoices(connection: UUID, plan: PostingPlan, history: History, *, why: str) -> list[Append]:
    """Free the invoices that this posting held."""
    appends = []
    for line in plan.lines:
        stream = invoice_stream(connection, line.invoice)
        if invoice.fold(history[stream]).payment_in_flight == plan.key1:
            fact = InvoicePaymentEnded(posting=plan.key1, payment_id=plan.payment_id, why=why)
            appends.append(appended(history[stream], stream, fact))
    return appends


def posted_for_invoices(
    connection: UUID, plan: PostingPlan, history: History, rows: Sequence[EvidenceRow]
) -> list[Append]:
    """Attribute each payment row to its invoice; rows are in the order of the plan's lines."""
    appends = []
    for line, row in zip(plan.lines, rows, strict=True):
        stream = invoice_stream(connection, line.invoice)
        fact = InvoicePaymentPosted(
            posting=plan.key1,
            payment_id=plan.payment_id,
            net=line.net,
            discount=line.discount,
            voucher=row.voucher,
            ledger_row=row.ledger_row,
            reversal=plan.kind == "R",
        )
        appends.append(appended(history[stream], stream, fact))
    return appends


def booked_on(connection: UUID, plan: PostingPlan, history: History) -> dict[InvoiceKey, Money]:
    """Give the nets of our postings that stand booked, by invoice; what nothing of ours paid is left out."""
    invoices = {
        line.invoice: invoice.fold(history[invoice_stream(connection, line.invoice)]).booked_net for line in plan.lines
    }
    return {key: net for key, net in invoices.items() if net is not None}


def is_balance_young(tools: Tools, plan: PostingPlan, history: History) -> bool:
    """Whether a balance may not show yet what this log knows to be booked: it was read before, or may lag behind."""
    invoices = (invoice.fold(history[invoice_stream(tools.connection, line.invoice)]) for line in plan.lines)
    booked = [at for at in (one.booked_last_at for one in invoices) if at is not None]
    return any(tools.log.now() < at + tools.rules.infor.search_lag for at in booked)


def named_vouchers(connection: UUID, plan: PostingPlan, history: History) -> frozenset[str]:
    """Give the vouchers that this log knows on the plan's invoices, also those that a person named."""
    invoices = (invoice.fold(history[invoice_stream(connection, line.invoice)]) for line in plan.lines)
    return frozenset(paid.voucher for one in invoices for paid in one.posted if paid.voucher)


def original_key(key1: str) -> str:
    """KEY1 of the posting that a reversal takes back; a posting's own otherwise."""
    return "T" + key1[1:]


def attributed_rows(connection: UUID, plan: PostingPlan, history: History, rows: Rows) -> frozenset[str]:
    """Ledger rows of the plan's invoices that already prove another posting.

    rows: what Infor shows: a reversal is not proven by the very row it takes back, which no evidence names when
    the posting was settled by a person's word.
    """
    taken: frozenset[str] = frozenset()
    for line in plan.lines:
        taken |= invoice.fold(history[invoice_stream(connection, line.invoice)]).attributed_rows
    original = posting.fold(history[posting_stream(connection, original_key(plan.key1))])
    if plan.kind != "R" or original.phase != "settled_posted":
        return taken
    named = {row.ledger_row for found in rows.values() for row in found if row.voucher == original.voucher != ""}
    return taken | (named or {row.ledger_row for row in find_evidence(plan, rows, taken) or ()})


def unattributed_traces(connection: UUID, plan: PostingPlan, history: History, rows: Rows) -> tuple[EvidenceRow, ...]:
    """Give the rows that carry the payment's text and prove no other posting.

    A reversal cannot tell its own from those it takes back, when a person settled these by word: () then.
    """
    original = posting.fold(history[posting_stream(connection, original_key(plan.key1))])
    if plan.kind == "R" and original.phase == "settled_posted":
        return ()
    return find_traces(plan, rows, attributed_rows(connection, plan, history, rows))


def said_of_traces(plan: PostingPlan, traces: Sequence[EvidenceRow]) -> str:
    """Say which rows of a posting that is not proven show all the same."""
    rows = rows_in_words(traces)
    return f"Infor shows payment rows with the text of payment {plan.payment_id}, but not as posted: {rows}"


def rows_in_words(rows: Sequence[EvidenceRow]) -> str:
    """Name payment rows in a sentence, not more of them than a person reads."""
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(f"{row.ledger_row} ({row.amount} on {row.invoice.external_id})" for row in rows[:NAMED]) + more
