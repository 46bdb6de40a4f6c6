"""The steps of the GLS840 chain before handover: one call a step for the whole batch, one transaction of outcomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from actors.errands.failing import unanswered, worked
from actors.errands.posting_batch import Hand, state_of
from actors.errands.posting_facts import ended_for_invoices
from actors.errands.streams import posting_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.event import Append, Event
from domain.ports.answers import CallAnswer, RecordAnswer, Verdict
from domain.ports.ledger import StepCommand, may_be_locked
from domain.postings import events as e
from domain.postings.posting import Posting

CALL_SIZE = 100


@dataclass(frozen=True)
class Attempt:
    """One attempt of this process: nobody else holds its id; no byte goes out after its deadline.

    deadline: by the store's clock; own_deadline: the same moment by this process's, which may be wrong; incarnation: of
    the store whose look-ups led to it, so that a store that goes back meanwhile ends it.
    """

    id: str
    deadline: datetime
    own_deadline: datetime
    look_at: datetime
    correlation_id: str
    incarnation: UUID


def new_attempt(tools: Tools, correlation_id: str, *, incarnation: UUID) -> Attempt:
    """Begin an attempt: the deadline is a call timeout away, the next look a settle window behind it."""
    own_deadline = tools.clock.now() + tools.rules.infor.call_timeout  # read first: ours is never the later one
    deadline = tools.log.now() + tools.rules.infor.call_timeout
    look_at = deadline + tools.rules.infor.settle
    return Attempt(tools.new_id(), deadline, own_deadline, look_at, correlation_id, incarnation)


def take_chain(tools: Tools, hand: Hand, attempt: Attempt) -> Hand:
    """Take every step up to CtrlBatch; give the postings that passed all of them."""
    for step in ("AddBatchHead", "AddBatchLine", "CtrlBatch"):
        hand = _take(tools, hand, attempt, step)
    return hand


def owned(tools: Tools, hand: Hand, attempt_id: str, phase: str) -> Hand:
    """The postings whose newest attempt is ours, in a phase; none of them when the store went back since its intent."""
    streams = [posting_stream(tools.connection, key1) for key1 in hand.plans]
    history = tools.log.load(streams)
    states = {key1: state_of(tools, key1, history) for key1 in hand.plans}
    ours = {key1: s for key1, s in states.items() if s.attempt_id == attempt_id and s.phase == phase}
    incarnation = tools.log.incarnation()
    return hand.only(key1 for key1, state in ours.items() if state.incarnation == incarnation)


def _take(tools: Tools, hand: Hand, attempt: Attempt, step: str) -> Hand:
    hand = owned(tools, hand, attempt.id, "started")
    states = _states(tools, hand)
    todo = [key1 for key1 in hand.plans if not _is_done(states[key1], step)]
    answers: dict[str, RecordAnswer] = {}
    for group in _groups([states[key1] for key1 in todo], step):
        # Nothing more is sent for a posting whose step is already known not to have gone well.
        over = {key.split("/")[0] for key, answer in answers.items() if answer.verdict is not Verdict.CONFIRMED}
        rest = [command for command in group if command.key1 not in over]
        if rest:
            answers.update(call(tools, rest, deadline=attempt.own_deadline))
    outcomes = {key1: _worst([a for k, a in answers.items() if k.split("/")[0] == key1]) for key1 in todo}

    def decide(history: History) -> list[Append]:
        return [
            append
            for key1, answer in outcomes.items()
            for append in _outcome(tools, hand.plans[key1], attempt, history, step=step, answer=answer)
        ]

    if outcomes:
        settle(tools.log, hand.streams(tools.connection), decide, causes=tools.causes(attempt.correlation_id))
        _tell(tools, step, [(states[key1], answer) for key1, answer in outcomes.items()])
    return hand.only(k for k in hand.plans if k not in outcomes or outcomes[k].verdict is Verdict.CONFIRMED)


def _tell(tools: Tools, step: str, outcomes: Sequence[tuple[Posting, RecordAnswer]]) -> None:
    """Say that Infor takes no step any more, or that it judges them again; who passes them all is heard later."""
    tries = max(state.attempt for state, _ in outcomes)
    verdicts = {answer.verdict for _, answer in outcomes}
    if Verdict.REFUSED in verdicts:
        worked(tools, "send_postings", tries=tries)
    elif Verdict.CONFIRMED not in verdicts:
        answer = outcomes[0][1]
        slow = answer.verdict is Verdict.DOUBT
        text = f"{step}: {answer.text}"
        unanswered(tools, "send_postings", text, tries=tries, to_mend=answer.to_mend, slow=slow)


def _states(tools: Tools, hand: Hand) -> dict[str, Posting]:
    history = tools.log.load([posting_stream(tools.connection, key1) for key1 in hand.plans])
    return {key1: state_of(tools, key1, history) for key1 in hand.plans}


def _is_done(state: Posting, step: str) -> bool:
    """CtrlBatch is always asked again before a handover: facts may have changed since."""
    return {"AddBatchHead": state.head_done, "AddBatchLine": state.lines_done, "CtrlBatch": False}[step]


def _groups(states: Sequence[Posting], step: str) -> list[list[StepCommand]]:
    commands = [command for state in states for command in step_commands(state, step)]
    return [commands[i : i + CALL_SIZE] for i in range(0, len(commands), CALL_SIZE)]


def step_commands(state: Posting, step: str) -> list[StepCommand]:
    """Write the transactions of a step from the bytes the first intent froze."""
    plan = state.plan
    if plan is None:
        return []
    if step == "AddBatchLine":
        return [
            StepCommand(
                key=f"{plan.key1}/{line.line}",
                step=step,
                division=plan.division,
                key1=plan.key1,
                line=line.line,
                parm=parm,
            )
            for line, parm in zip(plan.lines, state.parms, strict=True)
        ]
    return [
        StepCommand(
            key=plan.key1,
            step=step,
            division=plan.division,
            key1=plan.key1,
            interface=plan.interface,
            description=description(plan),
        )
    ]


def description(plan: e.PostingPlan) -> str:
    """DESC of the batch: whose payment it is."""
    word = "payment" if plan.kind == "T" else "reversal"
    return f"AvidXchange {word} {plan.payment_id}"[:40]


def call(tools: Tools, commands: Sequence[StepCommand], *, deadline: datetime) -> dict[str, RecordAnswer]:
    """Send one call and give a verdict per command; a call refused as a whole is sent again one by one.

    A whole refusal was given before anything was processed, so repeating its parts doubles nothing; a handover is
    never repeated unread.
    """
    answer = tools.ledger.take_steps(commands, deadline=deadline)
    if answer.verdict is Verdict.REFUSED and len(commands) > 1 and commands[0].step != "UpdBatch":
        singles: dict[str, RecordAnswer] = {}
        for command in commands:
            singles.update(call(tools, [command], deadline=deadline))
        return singles
    return {command.key: _answer_for(command, answer) for command in commands}


def _answer_for(command: StepCommand, answer: CallAnswer) -> RecordAnswer:
    if answer.verdict is Verdict.CONFIRMED:
        return answer.records.get(command.key, RecordAnswer(verdict=Verdict.DOUBT, text="no result for this record"))
    return RecordAnswer(verdict=answer.verdict, code=answer.code, text=answer.text, to_mend=answer.to_mend)


def _worst(answers: Sequence[RecordAnswer]) -> RecordAnswer:
    """A posting's step is as far as its least certain line."""
    rank = (Verdict.DOUBT, Verdict.REFUSED, Verdict.NOT_SENT, Verdict.CONFIRMED)
    return min(answers, key=lambda answer: rank.index(answer.verdict))


def _outcome(
    tools: Tools, plan: e.PostingPlan, attempt: Attempt, history: History, *, step: str, answer: RecordAnswer
) -> list[Append]:
    stream = posting_stream(tools.connection, plan.key1)
    state = state_of(tools, plan.key1, history)
    if any(_is_outcome(r.event, attempt.id, step) for r in history[stream]):
        return []  # committed before, though the store's answer was lost
    if state.phase != "started" or state.attempt_id != attempt.id or state.incarnation != tools.log.incarnation():
        late = e.PostingAnsweredLate(attempt_id=attempt.id, step=step, verdict=answer.verdict, text=answer.text)
        return [appended(history[stream], stream, late)]
    fact = _fact(tools, state, attempt, step, answer)
    ended = isinstance(fact, e.PostingRefused)
    freed = ended_for_invoices(tools.connection, plan, history, why=answer.text) if ended else []
    return [appended(history[stream], stream, fact), *freed]


def _is_outcome(event: Event, attempt_id: str, step: str) -> bool:
    kinds = (e.PostingStepTaken, e.PostingRefused, e.PostingNotSent, e.PostingDoubted, e.PostingAnsweredLate)
    return isinstance(event, kinds) and event.attempt_id == attempt_id and event.step == step


def _fact(tools: Tools, state: Posting, attempt: Attempt, step: str, answer: RecordAnswer) -> Event:
    verdicts: dict[Verdict, Callable[[], Event]] = {
        Verdict.CONFIRMED: lambda: e.PostingStepTaken(
            attempt_id=attempt.id, step=step, lines=len(state.parms), found=answer.status == "found"
        ),
        Verdict.DOUBT: lambda: e.PostingDoubted(
            attempt_id=attempt.id, step=step, why=answer.text, after_handover=False, look_at=attempt.look_at
        ),
        Verdict.NOT_SENT: lambda: not_sent(tools, attempt, step, answer, wait=tools.backoff(state.attempt)),
        Verdict.REFUSED: lambda: _refused(tools, state, attempt, step, answer),
    }
    return verdicts[answer.verdict]()


def not_sent(
    tools: Tools,
    attempt: Attempt,
    step: str,
    answer: RecordAnswer,
    *,
    wait: timedelta,
    after_handover: bool = False,
    unknown_code: bool = False,
) -> e.PostingNotSent:
    """The step was certainly not processed: say when it is due again."""
    return e.PostingNotSent(
        attempt_id=attempt.id,
        step=step,
        after_handover=after_handover,
        why=answer.text or answer.code,
        retry_at=tools.log.now() + wait,
        unknown_code=unknown_code,
    )


def _refused(tools: Tools, state: Posting, attempt: Attempt, step: str, answer: RecordAnswer) -> Event:
    """An unknown code may mean "locked": a bounded number of tries before it is a refusal."""
    may_pass = may_be_locked(answer.code) and state.unknown_codes + 1 < tools.rules.locked_tries
    if may_pass:
        return not_sent(tools, attempt, step, answer, wait=tools.rules.locked_retry, unknown_code=True)
    return e.PostingRefused(
        key1=state.plan.key1 if state.plan else "",
        attempt_id=attempt.id,
        payment_id=state.plan.payment_id if state.plan else "",
        step=step,
        code=answer.code,
        text=answer.text,
    )
