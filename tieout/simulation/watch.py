"""Eyes on the wire: what the protocol forbids at the moment a money write's first byte goes out, whoever sends it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from domain.connections import connection
from domain.invoices import invoice
from domain.invoices.submission_events import InvoiceSubmissionStarted
from domain.ports.ledger import StepCommand
from domain.ports.payables import EncodedBatch
from domain.postings import posting
from domain.postings.events import PostingStarted
from tieout.simulation.checkers.violation import Violation
from tieout.simulation.schedule import MARGIN
from tieout.simulation.world import World


def judge_batch(world: World, worker: str, encoded: EncodedBatch) -> Iterator[Violation]:
    """Judge a batch: every member's newest intent is this process's, stands, and its deadline has not passed."""
    for external_id in encoded.record_digests:
        stream = world.stream("invoice", external_id)
        past = world.store.log.load([stream])[stream]
        state = invoice.fold(past)
        intents = [r.event for r in past if isinstance(r.event, InvoiceSubmissionStarted)]
        attempt = state.attempt
        if _lost_its_intent(world, worker, stream):
            continue  # a restored backup forgot it; the hold outlasts such a sender's deadline
        if attempt is None or not attempt.attempt_id.startswith(f"{worker}-"):
            yield Violation("I10", f"{worker} sends {external_id} under an intent that is not its own")
        elif state.stage == "sending" and world.time.now > intents[-1].deadline + MARGIN:
            yield Violation("I10", f"{worker} sends {external_id} after its deadline")
        if state.stage not in ("sending", "doubt") and attempt is not None:
            yield Violation("I10", f"{worker} sends {external_id}, which is {state.stage}")


def judge_steps(world: World, worker: str, commands: Sequence[StepCommand]) -> Iterator[Violation]:
    """Judge steps of the chain: owner, deadline, no step but UpdBatch after a handover intent."""
    for key1 in dict.fromkeys(command.key1 for command in commands):
        step = commands[0].step
        stream = world.stream("posting", key1)
        state = posting.fold(world.store.log.load([stream])[stream])
        if _lost_its_intent(world, worker, stream):
            continue  # likewise, as above
        late = state.deadline is not None and world.time.now > state.deadline + MARGIN
        if not state.attempt_id.startswith(f"{worker}-"):
            yield Violation("I10", f"{worker} sends {step} for {key1} under an intent that is not its own")
        elif late:
            yield Violation("I10", f"{worker} sends {step} for {key1} after its deadline")
        if (state.handed_over_at is not None) != (step == "UpdBatch"):
            yield Violation("I2", f"{worker} sends {step} for {key1}, which is {state.phase}")
        # A sender whose intent is older than the restore was overtaken by it; the hold outlasts its deadline, too.
        overtaken = state.incarnation != world.store.log.incarnation()
        if posting.is_forgotten(state, _went_back(world)) and not overtaken:
            yield Violation("I2", f"{worker} sends {step} for {key1} though the store may have forgotten a handover")
        if step == "AddBatchHead" and not overtaken and _taken_by_m3(world, key1):
            yield Violation("I2", f"{worker} begins {key1} again, which M3 took over before")
        yield from _judge_bytes(world, key1, commands, state)


def _taken_by_m3(world: World, key1: str) -> bool:
    """Whether M3 booked a batch, works on it or keeps it in GLS037; one that a person deletes is none any more."""
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
    because a person deleted it and found nothing.
    """
    stream = world.stream("posting", command.key1)
    forgotten = any(lost.stream == stream and isinstance(lost.event, PostingStarted) for lost in world.lost)
    held = any(b.key1 == command.key1 and b.lines and b.state != "deleted" for b in world.ledger.batches)
    if forgotten and not held:
        world.parms[command.key1, command.line] = command.parm
    return world.parms.setdefault((command.key1, command.line), command.parm)


def _went_back(world: World) -> datetime | None:
    stream = world.stream("connection", "")
    return connection.fold(world.store.log.load([stream])[stream]).went_back_at


def _lost_its_intent(world: World, worker: str, stream: UUID) -> bool:
    mine = f"{worker}-"
    return any(
        recorded.stream == stream and str(getattr(recorded.event, "attempt_id", "")).startswith(mine)
        for recorded in world.lost
    )
