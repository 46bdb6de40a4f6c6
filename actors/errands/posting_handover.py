"""The handover: the payment and the balances are read again, the intent is written, UpdBatch goes out once."""

from collections.abc import Mapping
from uuid import UUID

from actors.errands.failing import failed, worked
from actors.errands.posting_batch import Hand, read_states, state_of
from actors.errands.posting_facts import booked_on, ended_for_invoices, is_balance_young
from actors.errands.posting_steps import Attempt, call, new_attempt, not_sent, owned, step_commands
from actors.errands.streams import posting_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.errors import TransientError
from domain.event import Append, Event
from domain.identifiers import InvoiceKey, stream_id
from domain.invoices.content import LedgerState
from domain.payments import payment
from domain.payments.events import PaymentContent
from domain.payments.reporting import book_changes
from domain.ports.answers import RecordAnswer, Verdict
from domain.ports.store import MoneyGuard
from domain.postings import events as e
from domain.postings.checks import NOT_STANDING, Obstacle, find_obstacle
from domain.postings.posting import Posting

STEP = "UpdBatch"
REOPENED = frozenset({"handover_doubted", "handover_not_sent"})


def hand_over(tools: Tools, hand: Hand, chain: Attempt) -> None:
    """Hand over the postings whose chain we just finished, after reading once more that they still should be."""
    hand = owned(tools, hand, chain.id, "started")
    if not hand.plans:
        return
    try:
        reasons, unread = _second_thoughts(tools, hand)
        tools.ledger.prepare()
    except TransientError as error:
        _end_chain(tools, hand, chain, str(error))
        failed(tools, "send_postings", error, tries=_tries(tools, hand))
        return
    if reasons:
        _give_up(tools, hand.only(reasons), chain, reasons)
    if unread:
        _end_chain(tools, hand.only(unread), chain, "Infor's answer about an invoice was not usable, or is too old")
    going = hand.only(k for k in hand.plans if k not in reasons and k not in unread)
    if tools.held_back("send_postings"):  # asked again: the chain and the second thoughts may have taken minutes
        _end_chain(tools, going, chain, "the connection was paused before the handover")
        return
    write_handover(tools, going, chain.correlation_id, incarnation=chain.incarnation, chain=chain)
    worked(tools, "send_postings", tries=_tries(tools, hand))  # every step before it did


def write_handover(
    tools: Tools, hand: Hand, correlation_id: str, *, incarnation: UUID, chain: Attempt | None = None
) -> None:
    """Write the intents, send UpdBatch, write the outcomes; token and budget are ready (`LedgerSystem.prepare`).

    incarnation: the store's, from before the look-ups that led here; chain: the attempt that ends here, None for a
    repeated UpdBatch after a handover in doubt.
    """
    if not hand.plans:
        return
    attempt = new_attempt(tools, correlation_id, incarnation=incarnation)
    guard = MoneyGuard(incarnation=incarnation)

    def decide(history: History) -> list[Append]:
        if chain is not None and not _same_store(tools, chain):
            return []
        return [a for key1 in hand.plans for a in _intent(tools, key1, attempt, chain, history)]

    settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(correlation_id), guard=guard)
    ours = owned(tools, hand, attempt.id, "handing_over")
    if not ours.plans:
        return
    states = _load(tools, ours)
    answers = call(tools, [c for s in states.values() for c in step_commands(s, STEP)], deadline=attempt.own_deadline)

    def record(history: History) -> list[Append]:
        return [a for key1, answer in answers.items() for a in _outcome(tools, key1, attempt, answer, history)]

    settle(tools.log, ours.streams(tools.connection), record, causes=tools.causes(correlation_id))


def read_payments(tools: Tools, hand: Hand) -> dict[str, PaymentContent]:
    """Read the payments of the postings again, by id."""
    return tools.payables.payments_by_id(sorted({plan.payment_id for plan in hand.plans.values()}))


def _second_thoughts(tools: Tools, hand: Hand) -> tuple[dict[str, e.PostingHeld], frozenset[str]]:
    """Give a fact for every posting that must not be handed over after all, and those Infor said nothing usable of."""
    reports = read_payments(tools, hand)
    states, unreadable = read_states(tools, hand)
    known = {pid: stream_id(tools.connection, "payment", pid) for pid in {p.payment_id for p in hand.plans.values()}}
    history = tools.log.load([*known.values(), *hand.streams(tools.connection)])
    unread = frozenset(k for k, p in hand.plans.items() if any(line.invoice in unreadable for line in p.lines))
    reasons: dict[str, e.PostingHeld] = {}
    young: set[str] = set()
    for key1, plan in hand.plans.items():
        fact = _payment_changed(plan, reports.get(plan.payment_id), payment.fold(history[known[plan.payment_id]]))
        obstacle = None if unread & {key1} else _obstacle(tools, plan, states, history)
        if obstacle is not None and obstacle.reason == NOT_STANDING and is_balance_young(tools, plan, history):
            young.add(key1)
        elif fact is None and obstacle is not None:
            fact = _held(plan, obstacle.reason, obstacle.detail)
        if fact is not None:
            reasons[key1] = fact
    return reasons, (unread | young) - reasons.keys()


def _obstacle(
    tools: Tools, plan: e.PostingPlan, states: Mapping[InvoiceKey, LedgerState | None], history: History
) -> Obstacle | None:
    found = find_obstacle(plan, states, tools.rules.currency, booked_on(tools.connection, plan, history))
    if found is None or found.reason in state_of(tools, plan.key1, history).let_go & {NOT_STANDING}:
        return None
    return found.with_batch(plan.key1)


def _held(plan: e.PostingPlan, reason: str, detail: str) -> e.PostingHeld:
    return e.PostingHeld(key1=plan.key1, payment_id=plan.payment_id, reason=reason, detail=detail)


def _payment_changed(
    plan: e.PostingPlan, report: PaymentContent | None, known: payment.Payment
) -> e.PostingHeld | None:
    if report is None:
        return _held(plan, "PAYMENT_GONE", "AvidXchange no longer lists the payment")
    if plan.kind == "R":
        return None
    if report.standing == "reversed":
        # Not abandoned: AvidXchange may take the void back before a poll sees it, and then nothing would go on.
        detail = (
            f"AvidXchange reversed the payment ({report.status}) before the handover: the next poll gives the posting"
            " up; if the payment is settled there again, retry the issue, and AvidXchange is read once more"
        )
        return _held(plan, "REVERSED_AT_REREAD", detail)
    changes = book_changes(known.settled, report) if known.settled is not None else ()
    if report.standing != "settled" or changes:
        detail = "the payment changed before the handover: " + (", ".join(changes) or report.status)
        return _held(plan, "PAYMENT_CHANGED", detail)
    return None


def _give_up(tools: Tools, hand: Hand, chain: Attempt, reasons: dict[str, e.PostingHeld]) -> None:
    def decide(history: History) -> list[Append]:
        appends: list[Append] = []
        if not _same_store(tools, chain):
            return appends
        for key1, fact in reasons.items():
            state = state_of(tools, key1, history)
            if state.plan is not None and _is_at(state, chain):
                stream = posting_stream(tools.connection, key1)
                appends.append(appended(history[stream], stream, fact))
                appends.extend(ended_for_invoices(tools.connection, state.plan, history, why="not handed over"))
        return appends

    settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(chain.correlation_id))


def _end_chain(tools: Tools, hand: Hand, chain: Attempt, text: str) -> None:
    """What comes before the handover did not go well: nothing was handed over, the chain is due again."""

    def decide(history: History) -> list[Append]:
        appends: list[Append] = []
        if not _same_store(tools, chain):
            return appends
        for key1 in hand.plans:
            state = state_of(tools, key1, history)
            if _is_at(state, chain):
                stream = posting_stream(tools.connection, key1)
                answer = RecordAnswer(verdict=Verdict.NOT_SENT, text=text)
                wait = tools.backoff(state.attempt)
                appends.append(
                    appended(history[stream], stream, not_sent(tools, chain, "CtrlBatch", answer, wait=wait))
                )
        return appends

    settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(chain.correlation_id))


def _same_store(tools: Tools, chain: Attempt) -> bool:
    """Whether this is still the store our chain began in: another may have forgotten a handover."""
    return tools.log.incarnation() == chain.incarnation


def _is_at(state: Posting, chain: Attempt) -> bool:
    """Whether a posting stands where our chain left it."""
    return state.phase == "started" and state.attempt_id == chain.id


def _load(tools: Tools, hand: Hand) -> dict[str, Posting]:
    history = tools.log.load([posting_stream(tools.connection, key1) for key1 in hand.plans])
    return {key1: state_of(tools, key1, history) for key1 in hand.plans}


def _tries(tools: Tools, hand: Hand) -> int:
    return max(state.attempt for state in _load(tools, hand).values())


def _intent(tools: Tools, key1: str, attempt: Attempt, chain: Attempt | None, history: History) -> list[Append]:
    state = state_of(tools, key1, history)
    fresh = chain is not None and state.checked and _is_at(state, chain)
    looked = state.look_at is None or tools.log.now() >= state.look_at
    again = chain is None and state.phase in REOPENED and looked
    if not (fresh or again):
        return []
    stream = posting_stream(tools.connection, key1)
    fact = e.PostingHandoverStarted(
        key1=key1,
        attempt_id=attempt.id,
        handover=state.handover + 1,
        deadline=attempt.deadline,
        look_at=attempt.look_at,
        incarnation=attempt.incarnation,
    )
    return [appended(history[stream], stream, fact)]


def _outcome(tools: Tools, key1: str, attempt: Attempt, answer: RecordAnswer, history: History) -> list[Append]:
    stream = posting_stream(tools.connection, key1)
    state = state_of(tools, key1, history)
    if any(_is_outcome(r.event, attempt.id, answer) for r in history[stream]):
        return []  # committed before, though the store's answer was lost
    ours = state.phase == "handing_over" and state.attempt_id == attempt.id
    if not ours or state.incarnation != tools.log.incarnation():
        late = e.PostingAnsweredLate(attempt_id=attempt.id, step=STEP, verdict=answer.verdict, text=answer.text)
        return [appended(history[stream], stream, late)]
    return [appended(history[stream], stream, _fact(tools, state, attempt, answer))]


def _is_outcome(event: Event, attempt_id: str, answer: RecordAnswer) -> bool:
    """Whether the answer stands already; a doubt says so only of an answer in doubt: others may doubt for us."""
    if isinstance(event, e.PostingDoubted):
        return event.attempt_id == attempt_id and answer.verdict in (Verdict.DOUBT, Verdict.REFUSED)
    kinds = (e.PostingHandedOver, e.PostingNotSent, e.PostingAnsweredLate)
    return isinstance(event, kinds) and event.attempt_id == attempt_id


def _fact(tools: Tools, state: Posting, attempt: Attempt, answer: RecordAnswer) -> Event:
    if answer.verdict is Verdict.CONFIRMED:
        return e.PostingHandedOver(attempt_id=attempt.id, look_at=tools.log.now() + tools.rules.read_back_after)
    if answer.verdict is Verdict.NOT_SENT:
        return not_sent(tools, attempt, STEP, answer, wait=tools.backoff(state.handover), after_handover=True)
    # A NOK after the handover is doubt, never refusal.
    return e.PostingDoubted(
        attempt_id=attempt.id,
        step=STEP,
        why=answer.text or answer.code,
        after_handover=True,
        look_at=attempt.look_at,
    )
