"""Order failed records again: by a person's event in each record's own stream, taken up by the relay like any other.

The events lead to the ordinary errands, which look before they repeat; nothing is called here.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from actors.settle import History, appended
from domain.errors import RefusedError
from domain.event import Append, Event, Recorded
from domain.identifiers import InvoiceKey, stream_id
from domain.invoices import invoice
from domain.invoices.persons import decide_resubmission
from domain.ledger_codes import decisions as code_decisions
from domain.ledger_codes import ledger_code
from domain.payments import payment
from domain.payments.events import Leg
from domain.payments.persons import decide_posting_order
from domain.postings import posting
from domain.postings.persons import decide_release, waits_for_a_person
from domain.suppliers import decisions as supplier_decisions
from domain.suppliers import supplier
from tieout.acts.act import Act

KINDS = ("supplier", "ledger-code", "invoice", "payment", "posting")
NO_RETRY = "nothing about it can be tried again"
IN_M3 = {
    "waits": "M3 holds it and has not booked it: post or delete it there (GLS037, GLS047); tieout looks by itself, and"
    " `tieout doubt resolve` says what became of it",
    "desk": "nobody knows whether M3 booked it: `tieout doubt resolve` says what became of it",
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry does with one record; `does` is empty when nothing can be done, `why_not` says why then."""

    record: str
    kind: str
    does: str = ""
    why_not: str = ""


def plan(act: Act, streams: Sequence[UUID]) -> list[Step]:
    """Say what a retry would do with each record, and append nothing."""
    history = act.log.load(_with_legs(act, streams))
    return [_decide(act, stream, history)[0] for stream in streams]


def retry(act: Act, streams: Sequence[UUID]) -> list[Step]:
    """Append the orders, all in one transaction; give what was done with each record."""
    done: list[Step] = []

    def decide(history: History) -> list[Append]:
        decided = [_decide(act, stream, history) for stream in streams]
        done[:] = [step for step, _ in decided]
        return [append for _, appends in decided for append in appends]

    act.settle(_with_legs(act, streams), decide)
    return done


def kind_of(history: Sequence[Recorded]) -> str:
    """Name the kind of record a history is of, "" for one that cannot be retried."""
    kind = history[0].event.TOPIC.partition(".")[0] if history else ""
    return kind if kind in KINDS else ""


def _with_legs(act: Act, streams: Sequence[UUID]) -> list[UUID]:
    history = act.log.load(streams)
    wanted = list(streams)
    for stream in streams:
        if kind_of(history[stream]) == "payment":
            state = payment.fold(history[stream])
            wanted.extend(act.stream("posting", leg.posting) for leg in _all_legs(state))
        if kind_of(history[stream]) == "posting":
            plan_ = posting.fold(history[stream]).plan
            wanted.extend([act.stream("payment", plan_.payment_id)] if plan_ else [])
    return list(dict.fromkeys(wanted))


def _all_legs(state: payment.Payment) -> tuple[Leg, ...]:
    return (*state.legs, *(state.reversal.reversing if state.reversal else ()))


def _decide(act: Act, stream: UUID, history: History) -> tuple[Step, list[Append]]:
    kind = kind_of(history[stream])
    if not kind:
        return Step(record=str(stream), kind="", why_not=NO_RETRY), []
    record, does, decide = _DECISIONS[kind](act, stream, history)
    try:
        appends = decide()
    except RefusedError as refusal:
        return Step(record=record, kind=kind, why_not=str(refusal)), []
    if not appends:
        return Step(record=record, kind=kind, why_not="there is nothing to try again"), []
    return Step(record=record, kind=kind, does=does), appends


Decision = tuple[str, str, Callable[[], list[Append]]]


def _supplier(act: Act, stream: UUID, history: History) -> Decision:
    state = supplier.fold(history[stream])
    record = f"{state.content.company}|{state.content.number}" if state.content else str(stream)

    def decide() -> list[Append]:
        return _one(history, stream, supplier_decisions.decide_retry(state, act.person, act.reason))

    return record, "sends the supplier to AvidXchange again, as Infor has it now", decide


def _ledger_code(act: Act, stream: UUID, history: History) -> Decision:
    state = ledger_code.fold(history[stream])
    content = state.content
    record = f"{content.company}|{content.dimension}|{content.value}" if content else str(stream)

    def decide() -> list[Append]:
        return _one(history, stream, code_decisions.decide_retry(state, act.person, act.reason))

    return record, "sends the code to AvidXchange again, or compares it again", decide


def _invoice(act: Act, stream: UUID, history: History) -> Decision:
    state = invoice.fold(history[stream])
    key: InvoiceKey | None = state.key

    def decide() -> list[Append]:
        return _one(history, stream, decide_resubmission(state, person=act.person, reason=act.reason))

    return key.external_id if key else str(stream), "looks for the invoice at AvidXchange, then submits it", decide


def _payment(act: Act, stream: UUID, history: History) -> Decision:
    state = payment.fold(history[stream])
    legs = {leg.posting: act.stream("posting", leg.posting) for leg in _all_legs(state)}
    postings = {key1: posting.fold(history[leg]) for key1, leg in legs.items()}
    stuck = [key1 for key1, one in postings.items() if waits_for_a_person(one)]

    def decide() -> list[Append]:
        if not stuck:
            act.refuse_while_held()
            return _one(history, stream, decide_posting_order(state, postings, person=act.person, reason=act.reason))
        return [append for key1 in stuck for append in _released(act, legs[key1], history)]

    record = state.content.payment_id if state.content else str(stream)
    return record, "plans or posts the payment in Infor again, after looking there", decide


def _posting(act: Act, stream: UUID, history: History) -> Decision:
    state = posting.fold(history[stream])
    return (
        state.plan.key1 if state.plan else str(stream),
        "posts the same lines under the same KEY1, after looking in Infor",
        lambda: _released(act, stream, history),
    )


def _released(act: Act, stream: UUID, history: History) -> list[Append]:
    act.refuse_while_held()
    state = posting.fold(history[stream])
    if state.plan is not None and state.plan.kind == "T":
        paid = payment.fold(history[stream_id(act.connection, "payment", state.plan.payment_id)])
        if paid.is_reversed:
            raise RefusedError("the payment was reversed at AvidXchange: it is not posted", code="REVERSED")
    if state.phase in IN_M3:
        raise RefusedError(f"there is nothing to try again: {IN_M3[state.phase]}", code="NOTHING_TO_RETRY")
    return _one(history, stream, decide_release(state, person=act.person, reason=act.reason))


def _one(history: History, stream: UUID, facts: tuple[Event, ...]) -> list[Append]:
    return [appended(history[stream], stream, *facts)] if facts else []


_DECISIONS: dict[str, Callable[[Act, UUID, History], Decision]] = {
    "supplier": _supplier,
    "ledger-code": _ledger_code,
    "invoice": _invoice,
    "payment": _payment,
    "posting": _posting,
}
