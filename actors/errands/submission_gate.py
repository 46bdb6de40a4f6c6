"""What stands between a due invoice and its batch: the gate in our log, Infor's word, a look at AvidXchange."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from actors.errands.claims import done, nothing_to_do, postpone
from actors.errands.connections import connection_now
from actors.errands.streams import invoice_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.event import Append, Event
from domain.identifiers import InvoiceKey, code_key, stream_id, supplier_key
from domain.invoices.content import CodeRef, InvoiceContent, LedgerState
from domain.invoices.decisions import decide_before_sending
from domain.invoices.forgotten import may_be
from domain.invoices.invoice import Invoice, fold
from domain.invoices.search import judge_found
from domain.invoices.submission import Gates, decide_gate, gated_codes
from domain.ledger_codes import ledger_code
from domain.ports.ledger import Problem
from domain.ports.payables import BatchMember
from domain.ports.store import DueRow
from domain.suppliers import supplier

Judge = Callable[[Invoice, InvoiceKey, History], tuple[Event, ...]]


@dataclass(frozen=True)
class Candidate:
    """A due invoice that may go."""

    row: DueRow
    key: InvoiceKey
    state: Invoice
    content: InvoiceContent

    @property
    def member(self) -> BatchMember:
        """The invoice as it would stand in a batch."""
        return BatchMember(key=self.key, content=self.content, image=self.state.image)


@dataclass(frozen=True)
class Restored:
    """What the gate must know of a store that went back.

    first, last: when it did; unsought: AvidXchange was not read again yet; forgotten: streams by ExternalId.
    """

    first: datetime | None
    last: datetime | None
    unsought: bool
    forgotten: Mapping[str, UUID]


def pass_gate(tools: Tools, rows: Sequence[DueRow]) -> list[Candidate]:
    """Hold what must wait, settle what has nothing to send, and give what may go, oldest due first."""
    histories = tools.log.load([row.aggregate for row in rows])
    states = {row.aggregate: fold(histories[row.aggregate]) for row in rows}
    idle = [row for row in rows if _idle(states[row.aggregate])]
    nothing_to_do(tools, idle)
    asked = [row for row in rows if row not in idle]
    past = _restored(tools)
    others = [s for row in asked for s in _gate_streams(tools, states[row.aggregate])]

    def judge(state: Invoice, key: InvoiceKey, history: History) -> tuple[Event, ...]:
        return decide_gate(state, key, _gates(tools, state, key, history, past))

    return _keep(tools, asked, judge, read=states, others=[*others, *past.forgotten.values()])


def _restored(tools: Tools) -> Restored:
    """Read once, before the gate: what is forgotten then is in its histories, and a fact to come counts next time."""
    state = connection_now(tools)
    names = {name: key for name in state.forgotten if (key := InvoiceKey.parse(name)) is not None}
    return Restored(
        first=state.first_went_back_at,
        last=state.went_back_at,
        unsought=state.unsought,
        forgotten={name: invoice_stream(tools.connection, key) for name, key in names.items()},
    )


def look_before(tools: Tools, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Read the candidates in Infor and at AvidXchange once more; give those that are still to be sent.

    A first send is looked up as any other: so a restored store or a predecessor's submission doubles nothing.
    """
    keys = {c.row.aggregate: c.key for c in candidates}
    ledger = tools.ledger.ledger_states(list(keys.values()))
    found = tools.payables.find_invoices([key.external_id for key in keys.values()])
    unread = [c.row for c in candidates if c.key not in ledger or isinstance(ledger[c.key], Problem)]
    postpone(tools, unread)
    asked = [c.row for c in candidates if c.row not in unread]
    passed = {c.row.aggregate: c.state for c in candidates}

    def judge(state: Invoice, key: InvoiceKey, _: History) -> tuple[Event, ...]:
        there = judge_found(state, key, found.get(key.external_id, []), attempt_id="")
        now = ledger.get(key)
        known = now if isinstance(now, LedgerState) else None
        return there or decide_before_sending(state, key, known, tools.rules)

    return _keep(tools, asked, judge, read=passed)


def _keep(
    tools: Tools,
    rows: Sequence[DueRow],
    judge: Judge,
    *,
    read: Mapping[UUID, Invoice],
    others: Sequence[UUID] = (),
) -> list[Candidate]:
    """Record what `judge` says of each row's invoice in one transaction; give those it says nothing of.

    An invoice that moved since it was `read` is not judged: its gate, its image and the look belong to what it was.
    It is due again as what it is now.
    """
    streams = [row.aggregate for row in rows]
    passing: dict[UUID, Candidate] = {}

    def decide(history: History) -> list[Append]:
        passing.clear()
        facts = []
        for row in rows:
            past = history[row.aggregate]
            state = fold(past)
            if state.version != read[row.aggregate].version:
                continue
            events = judge(state, state.key, history) if state.key else ()
            facts.append(appended(past, row.aggregate, *events))
            if not events and state.key and state.content:
                passing[row.aggregate] = Candidate(row, state.key, state, state.content)
        return facts

    settle(tools.log, [*streams, *others], decide, causes=tools.causes(tools.correlation_id()))
    done(tools, [row for row in rows if row.aggregate not in passing])
    return [passing[row.aggregate] for row in rows if row.aggregate in passing]


def _idle(state: Invoice) -> bool:
    """Whether the row is early (its image is still searched) or late (the invoice is out there already)."""
    return state.at_large or state.closed or state.key is None or (state.sendable and state.image_due)


def _gates(tools: Tools, state: Invoice, key: InvoiceKey, history: History, past: Restored) -> Gates:
    payee = supplier.fold(history.get(supplier_stream(tools, key), []))
    content = state.content
    if content is None:
        return Gates(supplier_open=payee.gate_open, supplier_reason=payee.gate_reason)
    codes = gated_codes(content, tools.rules)
    reasons = [(c, ledger_code.fold(history.get(_code_stream(tools, key, c), [])).gate_reason) for c in codes]
    return Gates(
        supplier_open=payee.gate_open,
        supplier_reason=payee.gate_reason,
        shut_codes=tuple((code, reason) for code, reason in reasons if reason),
        breaches=tools.payables.invoice_breaches(content),
        unsought=past.unsought,
        twins=_twins(tools, state, key, history, past),
    )


def _twins(tools: Tools, state: Invoice, key: InvoiceKey, history: History, past: Restored) -> tuple[str, ...]:
    """Name the forgotten invoices this one may be; what was known before it first went back is none of them."""
    seen_at = history[invoice_stream(tools.connection, key)][0].meta.recorded_at
    if past.first is None or past.last is None or seen_at <= past.first:
        return ()
    forgotten = {name: fold(history[stream]) for name, stream in past.forgotten.items()}
    return may_be(state, key, forgotten, went_back_at=past.last)


def _gate_streams(tools: Tools, state: Invoice) -> list[UUID]:
    if state.key is None or state.content is None:
        return []
    codes = gated_codes(state.content, tools.rules)
    return [supplier_stream(tools, state.key), *(_code_stream(tools, state.key, code) for code in codes)]


def supplier_stream(tools: Tools, key: InvoiceKey) -> UUID:
    """The stream of the payee an invoice waits for."""
    return stream_id(tools.connection, "supplier", supplier_key(key.company, key.payee))


def _code_stream(tools: Tools, key: InvoiceKey, code: CodeRef) -> UUID:
    return stream_id(tools.connection, "ledger-code", code_key(key.company, code.dimension, code.value))
