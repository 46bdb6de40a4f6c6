"""A person's acts on an issue: try its records again, or close it and say why."""

from collections.abc import Sequence
from uuid import UUID

from actors.errands.streams import invoice_stream
from actors.settle import History, appended
from domain.event import Append
from domain.invoices import invoice
from domain.invoices.events import InvoicePaymentPosted
from domain.issues.events import IssueResolved, IssueRetried
from domain.payments import payment
from domain.payments.persons import decide_reversal_done
from domain.postings import posting
from domain.postings.posting import Posting
from tieout.acts.act import Act


def note_retried(act: Act, cause: str, records: Sequence[str]) -> None:
    """Record on the issue that its records were ordered again."""
    _append(act, cause, IssueRetried(cause=cause, person=act.person, reason=act.reason, records=tuple(records)))


def note_resolved(act: Act, cause: str) -> None:
    """Close the issue; it opens again when a new record joins it."""
    _append(act, cause, IssueResolved(cause=cause, person=act.person, reason=act.reason))


def reversal_done(act: Act, payment_stream: UUID, *, voucher: str = "") -> None:
    """Record that a person reversed the payment's postings in M3, on the payment and on its invoices.

    Only what an invoice shows as booked is taken back there: of what a restored store asks for M3 may hold nothing, or
    what this log never counted.

    Raises RefusedError when no reversal of the payment waits for a person, or while a store that went back is held.
    """
    state = payment.fold(act.log.load([payment_stream])[payment_stream])
    tasks = state.reversal.tasks if state.reversal else ()
    history = act.log.load([act.stream("posting", key1) for key1 in tasks])
    booked = [posting.fold(events) for events in history.values()]
    invoices = [invoice_stream(act.connection, line.invoice) for one in booked if one.plan for line in one.plan.lines]

    def decide(history: History) -> list[Append]:
        act.refuse_while_held()
        state = payment.fold(history[payment_stream])
        facts = decide_reversal_done(state, person=act.person, reason=act.reason)
        return [
            appended(history[payment_stream], payment_stream, *facts),
            *(append for one in booked for append in _taken_back(act, one, history, voucher)),
        ]

    act.settle([payment_stream, *invoices], decide)


def _taken_back(act: Act, state: Posting, history: History, voucher: str) -> list[Append]:
    if state.plan is None:
        return []
    appends = []
    for line in state.plan.lines:
        stream = invoice_stream(act.connection, line.invoice)
        if state.plan.key1 not in invoice.fold(history[stream]).booked:
            continue
        fact = InvoicePaymentPosted(
            posting=state.plan.key1,
            payment_id=state.plan.payment_id,
            net=-line.net,
            discount=-line.discount,
            voucher=voucher,
            ledger_row="",
            reversal=True,
        )
        appends.append(appended(history[stream], stream, fact))
    return appends


def _append(act: Act, cause: str, fact: IssueRetried | IssueResolved) -> None:
    stream = act.stream("issue", cause)
    before = len(act.log.load([stream])[stream])

    def decide(history: History) -> list[Append]:
        said = any(r.event == fact for r in history[stream][before:])
        return [] if said else [appended(history[stream], stream, fact)]

    act.settle([stream], decide)
