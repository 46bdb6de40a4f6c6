"""Read invoices from Infor in bulk and record what changed: shared by the poll's listing and its second look."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from actors.errands.polling import Poll
from actors.errands.streams import invoice_stream
from actors.settle import History, appended
from domain.event import Append
from domain.identifiers import InvoiceKey, stream_id
from domain.invoices.coding import read_content, unreadable_content
from domain.invoices.content import InvoiceContent, LedgerState
from domain.invoices.decisions import Reading, decide_reading, decide_row, needs_content, stays_tracked
from domain.invoices.events import LedgerRowNamed
from domain.invoices.invoice import Invoice, fold
from domain.ports.ledger import InvoiceHead, Problem

BULK = 100
UNKNOWN = "Infor lists it as approved, but GetInvTotInfo does not know it: it is read again when Infor lists it again"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice to look at; listed: this poll listed it as changed (else it is looked at again)."""

    head: InvoiceHead
    state: Invoice
    listed: bool

    @property
    def key(self) -> InvoiceKey:
        """The invoice's key."""
        return self.head.key


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What Infor said of an invoice, and whether later polls look at it again by what we knew then."""

    ledger: LedgerState | None
    stays: bool


Looked = dict[InvoiceKey, Look]


def row_stream(connection: UUID, head: InvoiceHead) -> UUID:
    """The stream of a ledger row."""
    return stream_id(connection, "ledger-row", head.row.natural_key)


def look_at(poll: Poll, subjects: Sequence[Subject]) -> Looked:
    """Read at most 100 invoices, record what changed; give what Infor said of each, and whether later polls look again.

    One whose totals could not be read is left out of the answer.
    """
    if not subjects:
        return {}
    ledger = _ledger(poll, subjects)
    known = [s for s in subjects if s.key in ledger]
    contents = _contents(poll, [s for s in known if _wants_content(poll, s, ledger[s.key])], ledger)
    readings = [(s, Reading(head=s.head, ledger=ledger[s.key], content=contents.get(s.key))) for s in known]
    _record(poll, readings)
    return {s.key: Look(ledger=reading.ledger, stays=stays_tracked(s.state, reading.ledger)) for s, reading in readings}


def named_key(history: Sequence[object]) -> InvoiceKey | None:
    """Give the key a ledger row's stream names, None for a row never seen."""
    for recorded in history:
        event = getattr(recorded, "event", None)
        if isinstance(event, LedgerRowNamed):
            return event.key
    return None


def chunks(subjects: Sequence[Subject]) -> Iterable[Sequence[Subject]]:
    """Cut into groups of what Infor takes in one bulk call."""
    return (subjects[at : at + BULK] for at in range(0, len(subjects), BULK))


def _wants_content(poll: Poll, subject: Subject, ledger: LedgerState | None) -> bool:
    return needs_content(subject.state, subject.head, ledger, poll.tools.rules, listed=subject.listed)


def _ledger(poll: Poll, subjects: Sequence[Subject]) -> dict[InvoiceKey, LedgerState | None]:
    """Read the totals; records that cannot be read are noted and left out."""
    read = poll.tools.ledger.ledger_states([s.key for s in subjects])
    result: dict[InvoiceKey, LedgerState | None] = {}
    for subject in subjects:
        state = read.get(subject.key, _unanswered(subject.key))
        if isinstance(state, Problem):
            poll.malformed(subject.key.external_id, str(state), may_pass=state.may_pass)
            continue
        result[subject.key] = state
        if state is None and subject.listed and subject.state.key is None:
            poll.malformed(subject.key.external_id, UNKNOWN)  # no fact of its own will say that it is passed over
        else:
            poll.well_read(subject.key.external_id)
    return result


def _unanswered(key: InvoiceKey) -> Problem:
    return Problem(record=key.external_id, code="NO_ANSWER", text="Infor's answer lacks this invoice")


def _contents(
    poll: Poll, subjects: Sequence[Subject], ledger: dict[InvoiceKey, LedgerState | None]
) -> dict[InvoiceKey, InvoiceContent]:
    if not subjects:
        return {}
    heads = [s.head for s in subjects]
    vouchers = poll.tools.ledger.voucher_lines(heads)
    purchases = poll.tools.ledger.po_lines(heads)
    result = {}
    for subject in subjects:
        head, state = subject.head, ledger[subject.key]
        lines, orders = vouchers.get(head.key, ()), purchases.get(head.key, ())
        for problem in (part for part in (lines, orders) if isinstance(part, Problem)):
            poll.malformed(head.key.external_id, str(problem), may_pass=problem.may_pass)
        if state is None:
            continue
        if isinstance(lines, tuple) and isinstance(orders, tuple):
            result[head.key] = read_content(head, state, lines, orders)
        elif subject.state.content is None:
            result[head.key] = unreadable_content(head, state)  # known to us and held, so that it is looked at again
    return result


def _record(poll: Poll, readings: Sequence[tuple[Subject, Reading]]) -> None:
    connection, rules = poll.tools.connection, poll.tools.rules
    rows = {row_stream(connection, s.head): s.head for s, _ in readings if s.listed}
    streams = {invoice_stream(connection, s.key): reading for s, reading in readings}

    def decide(history: History) -> list[Append]:
        facts = [
            appended(history[stream], stream, *decide_row(named_key(history[stream]), row=head.row, key=head.key))
            for stream, head in rows.items()
        ]
        for stream, reading in streams.items():
            events = decide_reading(fold(history[stream]), reading, rules)
            facts.append(appended(history[stream], stream, *events))
        return facts

    poll.record([*rows, *streams], decide)
