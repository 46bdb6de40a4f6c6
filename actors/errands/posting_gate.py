"""Before a posting's first byte: it is proven already, may go out, must wait, or a person must look."""

from actors.errands.connections import connection_of
from actors.errands.pending_reversals import pending_reversal
from actors.errands.posting_batch import CUT_OFF, Hand, LedgerView, read_back_only, state_of, where_to_look
from actors.errands.posting_facts import (
    attributed_rows,
    booked_on,
    ended_for_invoices,
    is_balance_young,
    named_vouchers,
    original_key,
    posted_for_invoices,
    rows_in_words,
    said_of_traces,
    started_for_invoices,
    unattributed_traces,
)
from actors.errands.streams import connection_stream, invoice_stream, posting_stream
from actors.settle import History, appended
from actors.tools import Tools
from domain import keys
from domain.connections.events import FirstPostingChosen
from domain.event import Append, Event
from domain.identifiers import InvoiceKey
from domain.invoices import invoice
from domain.postings import events as e
from domain.postings.checks import NOT_STANDING, Obstacle, find_obstacle
from domain.postings.evidence import booked_by_others, find_evidence
from domain.postings.posting import Posting

SAME_AMOUNT = "SAME_AMOUNT_BOOKED"  # a person's word lets a posting past either, once for all
ROWS_CUT_OFF = "ROWS_CUT_OFF"


def decide_gate(tools: Tools, hand: Hand, view: LedgerView, history: History) -> dict[str, list[Append]]:
    """Give the facts for every posting that does not go out now, by KEY1; one that may go out is left out."""
    taken: dict[InvoiceKey, str] = {}
    first = ""
    kept: dict[str, list[Append]] = {}
    for key1 in hand.plans:
        state = state_of(tools, key1, history)
        if state.plan is None or not may_start(tools, state):
            continue
        facts = _proven(tools, state, view, history)
        if not facts and _looks_too_soon(tools, state, view, history):
            kept[key1] = []
            continue
        if not facts:
            facts = _kept_back(tools, state, view, history, taken)
        if not facts:
            facts, first = _behind_first(tools, state, history, first)
        if facts:
            kept[key1] = facts
        else:
            taken.update({line.invoice: key1 for line in state.plan.lines})
    return kept


def _looks_too_soon(tools: Tools, state: Posting, view: LedgerView, history: History) -> bool:
    """Whether a balance seems to lack a voucher of ours that it may only not show yet: it is read again then."""
    plan = state.plan
    if plan is None or plan.kind != "R" or not is_balance_young(tools, plan, history):
        return False
    found = find_obstacle(plan, view.states, tools.rules.currency, booked_on(tools.connection, plan, history))
    return found is not None and found.reason == NOT_STANDING


def may_start(tools: Tools, state: Posting) -> bool:
    """Whether a posting that the gate said nothing about goes out now."""
    return state.plan is not None and state.startable and not _look_is_early(tools, state)


def _look_is_early(tools: Tools, state: Posting) -> bool:
    """Whether an attempt's deadline and settle window are still running."""
    return state.phase not in ("planned", "queued") and state.look_at is not None and tools.log.now() < state.look_at


def _proven(tools: Tools, state: Posting, view: LedgerView, history: History) -> list[Append]:
    plan = state.plan
    rows = plan and find_evidence(plan, view.rows, attributed_rows(tools.connection, plan, history, view.rows))
    if plan is None or not rows:
        return []
    stream = posting_stream(tools.connection, plan.key1)
    fact = e.PostingConfirmed(key1=plan.key1, payment_id=plan.payment_id, rows=rows)
    return [
        appended(history[stream], stream, fact),
        *posted_for_invoices(tools.connection, plan, history, rows),
    ]


def _kept_back(
    tools: Tools, state: Posting, view: LedgerView, history: History, taken: dict[InvoiceKey, str]
) -> list[Append]:
    plan = state.plan
    if plan is None:
        return []
    shows = plan.key1 in view.open_batches
    if read_back_only(state, connection_of(tools, history)):
        return _only_looked_up(tools, state, view, history, shows=shows)
    if state.attempt == 0 and shows:
        # We never began it in this log: whoever did may have handed it over, so nothing is written any more.
        why = f"{plan.key1} is in GLS840 though this store never sent it"
        return _in_doubt(tools, state, history, _doubted(tools, state, "AddBatchHead", why))
    traces = unattributed_traces(tools.connection, plan, history, view.rows)
    if traces:
        # Some of it is booked, whoever did it: the rest may only not show, or was corrected by hand.
        return _in_doubt(tools, state, history, _doubted(tools, state, "UpdBatch", said_of_traces(plan, traces)))
    queued = _behind_other(tools, state, history, taken)
    if queued:  # what is in flight may still move the balances: they are judged when it has ended
        return queued
    obstacle = _obstacle(tools, state, plan, view, history)
    return [] if obstacle is None else _hold_back(tools, state, history, _held(tools, plan, obstacle, history))


def _obstacle(tools: Tools, state: Posting, plan: e.PostingPlan, view: LedgerView, history: History) -> Obstacle | None:
    """Say what Infor shows that speaks against booking it now."""
    unread = next((line.invoice for line in plan.lines if line.invoice in view.unreadable), None)
    if unread is not None:
        return Obstacle("UNREADABLE", f"Infor's answer about invoice {unread.external_id} was not usable")
    cut = view.first_cut(plan)
    if cut is not None and ROWS_CUT_OFF not in state.let_go:
        detail = (
            f"whether invoice {cut.external_id} shows it already cannot be seen: {CUT_OFF}; look at the invoice's"
            f" payments in M3, and retry when payment {plan.payment_id} is not among them"
        )
        return Obstacle(ROWS_CUT_OFF, detail)
    found = find_obstacle(plan, view.states, tools.rules.currency, booked_on(tools.connection, plan, history))
    if found is not None and not (found.reason == NOT_STANDING and NOT_STANDING in state.let_go):
        return found.with_batch(plan.key1) if state.attempt else found
    others = () if SAME_AMOUNT in state.let_go else _strange_rows(tools, plan, view, history)
    if not others:
        return None
    deed = "taken back" if plan.kind == "R" else "booked"
    detail = f"Infor shows payments of the same amount that are not ours: {rows_in_words(others)}; {deed} by hand?"
    return Obstacle(SAME_AMOUNT, detail)


def _strange_rows(tools: Tools, plan: e.PostingPlan, view: LedgerView, history: History) -> tuple[e.EvidenceRow, ...]:
    """Give the rows of the same amount that nothing of ours explains, nor a voucher that a person named.

    Where a person's word settled what a reversal takes back, and named no voucher, one of them is that one.
    """
    attributed = attributed_rows(tools.connection, plan, history, view.rows)
    named = named_vouchers(tools.connection, plan, history)
    others = tuple(row for row in booked_by_others(plan, view.rows, attributed) if row.voucher not in named)
    original = state_of(tools, original_key(plan.key1), history)
    by_word = plan.kind == "R" and original.phase == "settled_posted" and not original.voucher
    return others[len(plan.lines) :] if by_word else others


def _held(tools: Tools, plan: e.PostingPlan, obstacle: Obstacle, history: History) -> e.PostingHeld:
    """Wait for a reversal that may clear the obstacle away, else for a person; reversals never wait for each other."""
    pending = pending_reversal(tools, plan, history) if plan.kind == "T" else None
    if pending is None:
        return e.PostingHeld(key1=plan.key1, payment_id=plan.payment_id, reason=obstacle.reason, detail=obstacle.detail)
    payment_id, key = pending
    detail = f"payment {payment_id} was taken back and still stands in Infor: {obstacle.detail}"
    return e.PostingHeld(
        key1=plan.key1, payment_id=plan.payment_id, reason="REVERSAL_FIRST", detail=detail, waits_for=key
    )


def _only_looked_up(tools: Tools, state: Posting, view: LedgerView, history: History, *, shows: bool) -> list[Append]:
    plan = state.plan
    if plan is None:
        return []
    conn = connection_of(tools, history)
    if shows:
        why = f"{conn.unsure_because}: this posting may have been handed over before"
        return _in_doubt(tools, state, history, _doubted(tools, state, "UpdBatch", why))
    seen = f"neither KEY1 {plan.key1} nor a payment row shows for payment {plan.payment_id}"
    traces = unattributed_traces(tools.connection, plan, history, view.rows)
    if traces:
        seen = said_of_traces(plan, traces)
    elif view.first_cut(plan) is not None:
        seen += f" in what Infor lists; {CUT_OFF}"
    what = f"{conn.unsure_because}, and {seen}: {where_to_look(plan)}"
    why = "STORE_WENT_BACK" if conn.unsure_before == conn.went_back_at else "REMOVED_MEANWHILE"
    fact = e.PostingToDesk(payment_id=plan.payment_id, why=why, what=what)
    return _in_doubt(tools, state, history, fact)


def _in_doubt(tools: Tools, state: Posting, history: History, fact: Event) -> list[Append]:
    """It may be handed over already: its invoices are in flight, unless another posting holds them."""
    plan = state.plan
    marks = started_for_invoices(tools.connection, plan, history) if plan is not None else None
    return [_append(tools, state, history, fact), *(marks or [])]


def _behind_other(tools: Tools, state: Posting, history: History, taken: dict[InvoiceKey, str]) -> list[Append]:
    plan = state.plan
    if plan is None:
        return []
    for line in plan.lines:
        in_flight = invoice.fold(history[invoice_stream(tools.connection, line.invoice)]).payment_in_flight
        other = in_flight if in_flight and in_flight != plan.key1 else taken.get(line.invoice, "")
        if other:
            detail = f"posting {other} of the same invoice {line.invoice.external_id} is in flight"
            held = e.PostingHeld(
                key1=plan.key1,
                payment_id=plan.payment_id,
                reason="IN_FLIGHT",
                detail=detail,
                waits_for=keys.posting(other),
            )
            return _hold_back(tools, state, history, held)
    return []


def _behind_first(tools: Tools, state: Posting, history: History, first: str) -> tuple[list[Append], str]:
    """With `first_posting = confirm` one posting goes out; the others wait for a person's word on it."""
    conn = connection_of(tools, history)
    plan = state.plan
    if plan is None or tools.rules.first_posting == "trust" or conn.first_posting_approved:
        return [], first
    chosen = first or _chosen(tools, conn.first_posting)
    if chosen and chosen != plan.key1:
        detail = f"posting {chosen} goes first; a person confirms that M3 booked it as wished"
        held = e.PostingHeld(
            key1=plan.key1,
            payment_id=plan.payment_id,
            reason="FIRST_POSTING",
            detail=detail,
            waits_for=keys.FIRST_POSTING,
        )
        return _hold_back(tools, state, history, held), first
    return [], plan.key1


def _hold_back(tools: Tools, state: Posting, history: History, held: e.PostingHeld) -> list[Append]:
    """Hold it, and free the invoices of an attempt that ended before its handover."""
    if state.plan is None:
        return []
    freed = ended_for_invoices(tools.connection, state.plan, history, why=held.detail)
    return [_append(tools, state, history, held), *freed]


def must_wait_for_first(tools: Tools, key1: str, history: History) -> bool:
    """Whether another posting was chosen to go first meanwhile, and nobody has approved it yet."""
    conn = connection_of(tools, history)
    if tools.rules.first_posting == "trust" or conn.first_posting_approved:
        return False
    return _chosen(tools, conn.first_posting) not in ("", key1)


def _chosen(tools: Tools, key1: str) -> str:
    """The posting chosen to go first, unless it ended without being booked: then another may."""
    if not key1:
        return ""
    state = state_of(tools, key1, tools.log.load([posting_stream(tools.connection, key1)]))
    return "" if state.phase in ("refused", "abandoned", "settled_absent", "held", "queued") else key1


def choose_first(tools: Tools, key1: str, history: History) -> list[Append]:
    """Note on the connection which posting goes first, when that is asked for and not noted yet."""
    conn = connection_of(tools, history)
    if tools.rules.first_posting == "trust" or conn.first_posting_approved or conn.first_posting == key1:
        return []
    stream = connection_stream(tools.connection)
    return [appended(history[stream], stream, FirstPostingChosen(posting=key1))]


def _doubted(tools: Tools, state: Posting, step: str, why: str) -> e.PostingDoubted:
    look_at = tools.log.now() + tools.rules.infor.search_lag
    return e.PostingDoubted(attempt_id=state.attempt_id, step=step, why=why, after_handover=True, look_at=look_at)


def _append(tools: Tools, state: Posting, history: History, fact: Event) -> Append:
    if state.plan is None:
        raise ValueError("a posting in hand has a plan")
    stream = posting_stream(tools.connection, state.plan.key1)
    return appended(history[stream], stream, fact)
