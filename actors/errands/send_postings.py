"""Send postings, or resume their chain: look, intent, steps, handover; a whole batch at a time."""

from uuid import UUID

from actors.errands.claims import claim, done, giving_back, nothing_to_do
from actors.errands.connections import connection_of
from actors.errands.posting_batch import (
    Hand,
    LedgerView,
    moved_rows,
    read_back_only,
    read_ledger,
    state_of,
    take_in_hand,
)
from actors.errands.posting_facts import started_for_invoices
from actors.errands.posting_gate import choose_first, decide_gate, may_start, must_wait_for_first
from actors.errands.posting_handover import hand_over
from actors.errands.posting_steps import Attempt, description, new_attempt, owned, take_chain
from actors.errands.streams import connection_stream, posting_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.errors import HeldError, RefusedError
from domain.event import Append
from domain.ports.store import DueRow, MoneyGuard, StoreGuard
from domain.postings import events as e
from domain.postings.posting import Posting

LIMIT = 50
LEASE_CALLS = 8  # looks, three steps, two re-reads, the handover


def send_postings(tools: Tools) -> int:
    """Send a batch of planned postings; give how many were claimed."""
    return _run(tools, "send_postings")


def resume_posting(tools: Tools) -> int:
    """Take up chains that ended before their handover; give how many were claimed."""
    return _run(tools, "resume_posting")


def _run(tools: Tools, errand: str) -> int:
    lease = tools.rules.infor.call_timeout * LEASE_CALLS
    rows = claim(tools, errand, limit=LIMIT, lease=lease)
    if rows:
        with giving_back(tools, rows):
            _send(tools, rows)
    return len(rows)


def _send(tools: Tools, rows: list[DueRow]) -> None:
    if tools.log.hold_until() is not None:
        raise HeldError("money writes are held: look-ups made before the hold's end count for nothing")
    incarnation = tools.log.incarnation()  # before any look-up: a store that goes back voids them
    hand, lost = take_in_hand(tools, rows)
    nothing_to_do(tools, lost)
    correlation_id = tools.correlation_id()
    view = read_ledger(tools, hand)
    hand = _readable(tools, hand, view)
    kept = _pass_gate(tools, hand, view, correlation_id, incarnation)
    states = _states(tools, hand)
    may_send = not tools.held_back("send_postings")  # else a chain to be resumed is looked up and nothing more
    starting = hand.only(k for k in hand.plans if may_send and k not in kept and may_start(tools, states[k]))
    parms, unwritable = _parms(tools, starting, states)
    _refuse(tools, starting, unwritable, correlation_id)
    starting = starting.only(parms)
    if starting.plans:
        tools.ledger.prepare()
        attempt = new_attempt(tools, correlation_id, incarnation=incarnation)
        _start(tools, starting, attempt, parms)
        passed = take_chain(tools, owned(tools, starting, attempt.id, "started"), attempt)
        hand_over(tools, passed, attempt)
    _give_back(tools, hand)


def _readable(tools: Tools, hand: Hand, view: LedgerView) -> Hand:
    """Leave out, a bounded number of times, what Infor gave no usable answer about: it may be locked for now."""
    passing = hand.only(
        key1
        for key1, plan in hand.plans.items()
        if hand.rows[key1].attempts + 1 < tools.rules.locked_tries
        and any(line.invoice in view.unreadable for line in plan.lines)
    )
    until = tools.log.now() + tools.rules.locked_retry
    tools.work.postpone(list(passing.rows.values()), worker=tools.worker, until=until)
    return hand.only(key1 for key1 in hand.plans if key1 not in passing.plans)


def _pass_gate(tools: Tools, hand: Hand, view: LedgerView, correlation_id: str, incarnation: UUID) -> frozenset[str]:
    """Record what the gate says; give the KEY1s of the postings that it kept back (queued ones may go another time).

    What was read of M3 for a store that went back since may be older than what that store forgot: nothing is said then.
    """
    kept: dict[str, list[Append]] = {}

    def decide(history: History) -> list[Append]:
        kept.clear()
        kept.update(decide_gate(tools, hand, view, history))
        return [append for appends in kept.values() for append in appends]

    guard = StoreGuard(incarnation=incarnation)
    settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(correlation_id), guard=guard)
    return frozenset(kept)


def _states(tools: Tools, hand: Hand) -> dict[str, Posting]:
    history = tools.log.load([posting_stream(tools.connection, key1) for key1 in hand.plans])
    return {key1: state_of(tools, key1, history) for key1 in hand.plans}


def _parms(
    tools: Tools, hand: Hand, states: dict[str, Posting]
) -> tuple[dict[str, tuple[str, ...]], dict[str, RefusedError]]:
    """PARM per line: as the first intent froze it, else written now; give also what cannot be written."""
    parms: dict[str, tuple[str, ...]] = {}
    unwritable: dict[str, RefusedError] = {}
    for key1, plan in hand.plans.items():
        try:
            parms[key1] = states[key1].parms or tools.ledger.encode_parms(plan)
        except RefusedError as error:
            unwritable[key1] = error
    return parms, unwritable


def _refuse(tools: Tools, hand: Hand, unwritable: dict[str, RefusedError], correlation_id: str) -> None:
    def decide(history: History) -> list[Append]:
        appends = []
        for key1, error in unwritable.items():
            stream = posting_stream(tools.connection, key1)
            if state_of(tools, key1, history).ended:
                continue
            fact = e.PostingRefused(
                key1=key1,
                attempt_id="",
                payment_id=hand.plans[key1].payment_id,
                step="PARM",
                code=error.code,
                text=str(error),
            )
            appends.append(appended(history[stream], stream, fact))
        return appends

    if unwritable:
        settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(correlation_id))


def _start(tools: Tools, hand: Hand, attempt: Attempt, parms: dict[str, tuple[str, ...]]) -> None:
    """Write the intents of all postings in one transaction, with the marks on their invoices."""

    def decide(history: History) -> list[Append]:
        return [a for key1 in hand.plans for a in _intent(tools, key1, attempt, parms[key1], history)]

    guard = MoneyGuard(incarnation=attempt.incarnation)
    causes = tools.causes(attempt.correlation_id)
    unmoved = [connection_stream(tools.connection)]  # it may have been removed and added again since the gate
    settle(tools.log, hand.streams(tools.connection), decide, causes=causes, guard=guard, unmoved=unmoved)


def _intent(tools: Tools, key1: str, attempt: Attempt, parms: tuple[str, ...], history: History) -> list[Append]:
    state = state_of(tools, key1, history)
    if not may_start(tools, state) or state.attempt_id == attempt.id or state.plan is None:
        return []
    if must_wait_for_first(tools, key1, history) or read_back_only(state, connection_of(tools, history)):
        return []
    marks = started_for_invoices(tools.connection, state.plan, history)
    if marks is None:
        return []
    stream = posting_stream(tools.connection, key1)
    fact = e.PostingStarted(
        key1=key1,
        attempt=state.attempt + 1,
        attempt_id=attempt.id,
        description=description(state.plan),
        parms=parms,
        deadline=attempt.deadline,
        look_at=attempt.look_at,
        incarnation=attempt.incarnation,
    )
    return [appended(history[stream], stream, fact), *marks, *choose_first(tools, key1, history)]


def _give_back(tools: Tools, hand: Hand) -> None:
    """Release rows whose posting moved on; postpone those nothing happened to."""
    moved, idle = moved_rows(tools, hand)
    done(tools, moved)
    nothing_to_do(tools, idle)
