"""Eyes on the wire: what the protocol forbids at the moment a money write's first byte goes out, whoever sends it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.connections.events import StoreWentBack
from domain.event import Recorded
from domain.invoices import invoice
from domain.invoices.submission_events import InvoiceSubmissionStarted
from domain.ports.ledger import StepCommand
from domain.ports.payables import EncodedBatch
from domain.postings import posting
from domain.postings.events import PostingHandoverStarted, PostingPlanned, PostingStarted
from tieout.simulation.checkers.violation import Violation
from tieout.simulation.hands import UNDONE
from tieout.simulation.schedule import MARGIN
from tieout.simulation.world import World

INTENTS = (InvoiceSubmissionStarted, PostingStarted, PostingHandoverStarted)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Intent:
    """What somebody may send under. stands: it is the newest of its record; lost: a restored backup forgot it."""

    event: InvoiceSubmissionStarted | PostingStarted | PostingHandoverStarted
    at: datetime
    stands: bool
    lost: bool


def judge_batch(world: World, worker: str, encoded: EncodedBatch) -> Iterator[Violation]:
    """Judge a batch: every member's newest intent is this process's, stands, and its deadline has not passed."""
    for external_id in encoded.record_digests:
        stream = world.stream("invoice", external_id)
        past = world.store.log.load([stream])[stream]
        intent = _intent(world, worker, stream, past)
        if intent is None or getattr(intent.event, "batch", "") != encoded.batch:
            yield Violation("I10", f"{worker} sends {external_id} under an intent that is not its own")
            continue
        yield from _judge_intent(world, f"{worker} sends {external_id}", intent)
        state = invoice.fold(past)
        if not intent.lost and state.stage not in ("sending", "doubt"):
            yield Violation("I10", f"{worker} sends {external_id}, which is {state.stage}")


def judge_steps(world: World, worker: str, commands: Sequence[StepCommand]) -> Iterator[Violation]:
    """Judge steps of the chain: owner, deadline, no step but UpdBatch after a handover intent."""
    for key1 in dict.fromkeys(command.key1 for command in commands):
        step = commands[0].step
        what = f"{worker} sends {step} for {key1}"
        stream = world.stream("posting", key1)
        past = world.store.log.load([stream])[stream]
        intent = _intent(world, worker, stream, past)
        if intent is None:
            yield Violation("I10", f"{what} under an intent that is not its own")
            continue
        yield from _judge_intent(world, what, intent)
        if not intent.lost:  # else a restore overtook its sender, which is judged by its deadline alone
            state = posting.fold(past)
            yield from _judge_chain(world, what, key1, step, state, forgotten=_may_be_forgotten(world, past))
            yield from _judge_bytes(world, key1, commands, state)


def _intent(world: World, worker: str, stream: UUID, past: Sequence[Recorded]) -> Intent | None:
    """Give what a process sends under: the last intent it appended for the record, for it does one thing at a time."""
    kept = _intents(past, lost=False)
    lost = _intents([one for one in world.lost if one.stream == stream], lost=True)
    own = sorted((*lost, *kept), key=lambda one: one.at)
    return next((one for one in reversed(own) if one.event.attempt_id.startswith(f"{worker}-")), None)


def _intents(records: Sequence[Recorded], *, lost: bool) -> list[Intent]:
    found = [(one.event, one.meta.recorded_at) for one in records]
    intents = [(event, at) for event, at in found if isinstance(event, INTENTS)]
    last = len(intents) - 1
    return [Intent(event, at, not lost and place == last, lost) for place, (event, at) in enumerate(intents)]


def _judge_intent(world: World, what: str, intent: Intent) -> Iterator[Violation]:
    """No byte leaves after the deadline, also of one a restore overtook; nor under an intent that a newer one ended."""
    if world.time.now > intent.event.deadline + MARGIN:
        yield Violation("I10", f"{what} after its deadline")
    if not (intent.stands or intent.lost):
        yield Violation("I10", f"{what} under an intent that is not its own any more")


def _judge_chain(
    world: World, what: str, key1: str, step: str, state: posting.Posting, *, forgotten: bool
) -> Iterator[Violation]:
    if (state.handed_over_at is not None) != (step == "UpdBatch"):
        yield Violation("I2", f"{what}, which is {state.phase}")
    # A sender whose intent is older than the restore was overtaken by it; the hold outlasts its deadline, too.
    overtaken = state.incarnation != world.store.log.incarnation()
    if forgotten and not overtaken:
        yield Violation("I2", f"{what} though the store may have forgotten a handover")
    if step == "AddBatchHead" and not overtaken and _taken_by_m3(world, key1):
        yield Violation("I2", f"{what} again, which M3 took over before")


def _may_be_forgotten(world: World, past: Sequence[Recorded]) -> bool:
    """Whether a voucher may have been handed over without a word in this log: by a rule that shares no code."""
    home = world.stream("connection", "")
    said = [one.event for one in world.store.log.load([home])[home]]
    forgot_until = max((event.noticed_at for event in said if isinstance(event, StoreWentBack)), default=LONG_AGO)
    facts = [(one.event, one.meta.recorded_at) for one in past]
    plans = [(event.plan, at) for event, at in facts if isinstance(event, PostingPlanned)]
    return any(plan.read_back_only or at <= forgot_until for plan, at in plans)


def _taken_by_m3(world: World, key1: str) -> bool:
    """Whether M3 booked a batch, works on it or keeps it in GLS037; what a person undid there is none any more."""
    return any(b.key1 == key1 and b.state in ("handed over", "posted", "stuck") for b in world.ledger.batches)


def _judge_bytes(
    world: World, key1: str, commands: Sequence[StepCommand], state: posting.Posting
) -> Iterator[Violation]:
    """The first intent froze every PARM byte."""
    for command in commands:
        if command.key1 != key1 or command.step != "AddBatchLine":
            continue
        if _frozen(world, command) != command.parm or command.parm not in state.parms:
            yield Violation("I2", f"line {command.line} of {key1} goes out with other bytes than before")


def _frozen(world: World, command: StepCommand) -> str:
    """Give the bytes the line went out with first.

    A restored store may have forgotten them: then it writes them anew once M3 holds nothing of the batch any more,
    because a person deleted it, or took its voucher back, and nothing was found.
    """
    stream = world.stream("posting", command.key1)
    forgotten = any(lost.stream == stream and isinstance(lost.event, PostingStarted) for lost in world.lost)
    held = any(b.key1 == command.key1 and b.lines and b.state not in UNDONE for b in world.ledger.batches)
    if forgotten and not held:
        world.parms[command.key1, command.line] = command.parm
    return world.parms.setdefault((command.key1, command.line), command.parm)
