"""Confirm postings: after the handover only look-ups, and UpdBatch again only while GLS840 still shows the batch."""

from datetime import datetime
from uuid import UUID

from actors.errands.claims import claim, done, giving_back, nothing_to_do, postpone
from actors.errands.connections import connection_of
from actors.errands.posting_batch import (
    CUT_OFF,
    Hand,
    LedgerView,
    moved_rows,
    read_back_only,
    read_ledger,
    state_of,
    take_in_hand,
    where_to_look,
)
from actors.errands.posting_facts import (
    attributed_rows,
    posted_for_invoices,
    rows_in_words,
    said_of_traces,
    unattributed_traces,
)
from actors.errands.posting_handover import read_payments, write_handover
from actors.errands.streams import posting_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.event import Append, Event
from domain.payments.events import PaymentContent
from domain.ports.store import DueRow, StoreGuard
from domain.postings import events as e
from domain.postings.evidence import booked_by_others, find_evidence
from domain.postings.posting import Posting

LIMIT = 100
LEASE_CALLS = 6
MOST_HANDOVERS = 5
UNCERTAIN = frozenset({"handing_over", "handover_doubted", "handover_not_sent"})
ACCEPTED = frozenset({"handed_over", "waits"})


def confirm_posting(tools: Tools) -> int:
    """Look at a batch of handed-over postings; give how many were claimed."""
    lease = tools.rules.infor.call_timeout * LEASE_CALLS
    rows = claim(tools, "confirm_posting", limit=LIMIT, lease=lease)
    if rows:
        with giving_back(tools, rows):
            _confirm(tools, rows)
    return len(rows)


def _confirm(tools: Tools, rows: list[DueRow]) -> None:
    incarnation = tools.log.incarnation()  # before any look-up: a store that goes back voids them
    hand, lost = take_in_hand(tools, rows)
    nothing_to_do(tools, lost)
    correlation_id = tools.correlation_id()
    view = read_ledger(tools, hand)

    def decide(history: History) -> list[Append]:
        return [append for key1 in hand.plans for append in _look(tools, key1, view, history)]

    guard = StoreGuard(incarnation=incarnation)
    settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(correlation_id), guard=guard)
    _hand_over_again(tools, hand, view, correlation_id, incarnation)
    _give_back(tools, hand)


def _look(tools: Tools, key1: str, view: LedgerView, history: History) -> list[Append]:
    state = state_of(tools, key1, history)
    plan = state.plan
    if plan is None or state.phase not in UNCERTAIN | ACCEPTED:
        return []
    stream = posting_stream(tools.connection, key1)
    rows = find_evidence(plan, view.rows, attributed_rows(tools.connection, plan, history, view.rows))
    if rows:
        fact = e.PostingConfirmed(key1=key1, payment_id=plan.payment_id, rows=rows)
        return [appended(history[stream], stream, fact), *posted_for_invoices(tools.connection, plan, history, rows)]
    facts = _unproven(tools, state, view, history)
    return [appended(history[stream], stream, *facts)]


def _unproven(tools: Tools, state: Posting, view: LedgerView, history: History) -> tuple[Event, ...]:
    """No payment row yet: wait, raise it, or hand it to a person."""
    plan, now = state.plan, tools.log.now()
    if plan is None or (state.look_at is not None and now < state.look_at):
        return ()
    facts: tuple[Event, ...] = ()
    if state.phase == "handing_over":
        why = "whoever handed it over never said how it ended"
        facts = (_doubted(state, why, now),)
    out_of_patience = now >= _patience_end(tools, state)
    shows = plan.key1 in view.open_batches
    if state.phase in ACCEPTED:
        return (*facts, *_waits(tools, state, view, history)) if out_of_patience else facts
    may_repeat = shows and _may_repeat(tools, state, history)
    if not may_repeat and out_of_patience:
        by_hand = _done_by_hand(tools, plan, view, history)
        more = _said_of_proof(tools, state, history) + _said_of_rows(tools, plan, view, history, by_hand)
        return (*facts, _to_desk(plan, shows=shows, more=more))
    return facts


def _may_repeat(tools: Tools, state: Posting, history: History) -> bool:
    """Whether UpdBatch may go out again: we handed it over ourselves, and the log knows of every handover."""
    unsure = read_back_only(state, connection_of(tools, history))
    return state.handover > 0 and state.handover - state.unsent < MOST_HANDOVERS and not unsure


def _patience_end(tools: Tools, state: Posting) -> datetime:
    begun = state.handed_over_at or tools.log.now()
    return begun + max(tools.rules.posting_patience, tools.rules.infor.call_timeout + tools.rules.infor.settle)


def _waits(tools: Tools, state: Posting, view: LedgerView, history: History) -> tuple[Event, ...]:
    plan = state.plan
    if plan is None:
        return ()
    by_hand = _done_by_hand(tools, plan, view, history)
    seen = _said_of_rows(tools, plan, view, history, by_hand)
    detail = (
        f"M3 took KEY1 {plan.key1} but shows no payment row that proves it{seen}"
        if seen
        else f"M3 took KEY1 {plan.key1} but shows no payment row: look into GLS037 and GLS047"
    )
    detail += _said_of_proof(tools, state, history)
    if state.phase == "waits" and state.reason == detail:
        return ()
    look_at = tools.log.now() + tools.rules.posting_patience
    return (e.PostingWaitsInInfor(payment_id=plan.payment_id, detail=detail, by_hand=bool(by_hand), look_at=look_at),)


def _said_of_proof(tools: Tools, state: Posting, history: History) -> str:
    """Say why our log alone is no proof, and where a person looks; "" when it is one."""
    conn = connection_of(tools, history)
    if state.plan is None or not read_back_only(state, conn):
        return ""
    return f"; {conn.unsure_because}: {where_to_look(state.plan)}"


def _done_by_hand(tools: Tools, plan: e.PostingPlan, view: LedgerView, history: History) -> tuple[e.EvidenceRow, ...]:
    return booked_by_others(plan, view.rows, attributed_rows(tools.connection, plan, history, view.rows))


def _said_of_rows(
    tools: Tools, plan: e.PostingPlan, view: LedgerView, history: History, by_hand: tuple[e.EvidenceRow, ...]
) -> str:
    """Say what Infor shows in the place of a proof; "" when nothing."""
    traces = unattributed_traces(tools.connection, plan, history, view.rows)
    said = f"; {said_of_traces(plan, traces)}" if traces else ""
    if view.first_cut(plan) is not None:  # rows without a text may be ours then
        return f"{said}; it may have one that cannot be seen: {CUT_OFF}"
    return said + (f"; probably done by hand: {rows_in_words(by_hand)}" if by_hand else "")


def _to_desk(plan: e.PostingPlan, *, shows: bool, more: str) -> e.PostingToDesk:
    if shows:
        what = f"KEY1 {plan.key1} still stands in GLS840 after its handover: post or delete it there"
        return e.PostingToDesk(payment_id=plan.payment_id, why="STILL_IN_GLS840", what=what + more)
    what = (
        f"KEY1 {plan.key1} left GLS840 and no payment row proves it: look in GLS037, GLS047 and the invoice's payments"
    )
    return e.PostingToDesk(payment_id=plan.payment_id, why="NO_TRACE", what=what + more)


def _doubted(state: Posting, why: str, look_at: datetime) -> e.PostingDoubted:
    return e.PostingDoubted(attempt_id=state.attempt_id, step="UpdBatch", why=why, after_handover=True, look_at=look_at)


def _hand_over_again(tools: Tools, hand: Hand, view: LedgerView, correlation_id: str, incarnation: UUID) -> None:
    """UpdBatch again for those GLS840 still shows; a payment voided meanwhile goes to the desk instead.

    Not while sending is held back: then postings are looked up and nothing more.
    """
    again = _repeatable(tools, hand, view)
    if not again.plans or tools.held_back("send_postings"):
        return
    reports = read_payments(tools, again)
    voided = {k: f for k, p in again.plans.items() if (f := _voided(p, reports.get(p.payment_id))) is not None}

    def decide(history: History) -> list[Append]:
        appends = []
        for key1, fact in voided.items():
            stream = posting_stream(tools.connection, key1)
            if state_of(tools, key1, history).phase in UNCERTAIN:
                appends.append(appended(history[stream], stream, fact))
        return appends

    guard = StoreGuard(incarnation=incarnation)
    settle(tools.log, again.streams(tools.connection), decide, causes=tools.causes(correlation_id), guard=guard)
    known = again.only(k for k, p in again.plans.items() if k not in voided and p.payment_id in reports)
    if known.plans:
        tools.ledger.prepare()
    write_handover(tools, known, correlation_id, incarnation=incarnation)


def _repeatable(tools: Tools, hand: Hand, view: LedgerView) -> Hand:
    history = tools.log.load(hand.streams(tools.connection))
    now = tools.log.now()
    keys = []
    for key1 in hand.plans:
        state = state_of(tools, key1, history)
        settled = state.look_at is None or now >= state.look_at
        if state.phase in UNCERTAIN and settled and key1 in view.open_batches and _may_repeat(tools, state, history):
            keys.append(key1)
    return hand.only(keys)


def _voided(plan: e.PostingPlan, report: PaymentContent | None) -> Event | None:
    if report is None or plan.kind == "R" or report.standing != "reversed":
        return None
    what = f"payment {plan.payment_id} was reversed ({report.status}): delete KEY1 {plan.key1} in GLS840"
    return e.PostingToDesk(payment_id=plan.payment_id, why="VOIDED_AFTER_HANDOVER", what=what)


def _give_back(tools: Tools, hand: Hand) -> None:
    """Release rows whose posting moved on; the others come back on a slowing rhythm."""
    moved, idle = moved_rows(tools, hand)
    done(tools, moved)
    postpone(tools, idle)
