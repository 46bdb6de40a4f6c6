"""What goes out on the wire is judged at that moment: each forbidden send is noticed, also after a restore."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from domain.invoices.submission_events import InvoiceSubmissionDoubted, InvoiceSubmissionStarted
from domain.ports.ledger import StepCommand
from domain.ports.payables import EncodedBatch
from domain.postings.events import PostingHandoverStarted, PostingPlanned, PostingStarted
from tests.simulation.test_checkers import calm_world, recorded
from tieout.simulation import hands, watch
from tieout.simulation.world import World

HOUR = timedelta(hours=1)


def begun_again(world: World) -> tuple[InvoiceSubmissionStarted, EncodedBatch, str]:
    """Say that an invoice is being sent; give its intent, the batch, and the process that may send."""
    intent = recorded(world, InvoiceSubmissionStarted)
    intent = msgspec.structs.replace(intent, deadline=world.time.now + HOUR)
    world.say(world.stream("invoice", intent.key.external_id), intent)
    encoded = next(one for one in world.payables.received if one.batch == intent.batch)
    return intent, encoded, intent.attempt_id.rpartition("-")[0]


def seen(world: World, worker: str, encoded: EncodedBatch, intent: InvoiceSubmissionStarted) -> list[str]:
    name = intent.key.external_id
    return [one.text for one in watch.judge_batch(world, worker, encoded) if name in one.text]


def test_a_send_of_its_owner_in_time_is_silent() -> None:
    world = calm_world()
    intent, encoded, owner = begun_again(world)
    assert seen(world, owner, encoded, intent) == []


def test_a_send_under_another_process_intent_is_noticed() -> None:
    world = calm_world()
    intent, encoded, _ = begun_again(world)
    assert any("not its own" in text for text in seen(world, "w9.1", encoded, intent))


def test_a_send_after_its_deadline_is_noticed_also_when_the_attempt_was_doubted_meanwhile() -> None:
    world = calm_world()
    intent, encoded, owner = begun_again(world)
    world.time.pass_by(HOUR * 2)
    assert any("after its deadline" in text for text in seen(world, owner, encoded, intent))
    doubt = InvoiceSubmissionDoubted(attempt_id=intent.attempt_id, why="nobody answered", look_at=intent.look_at)
    world.say(world.stream("invoice", intent.key.external_id), doubt)
    assert any("after its deadline" in text for text in seen(world, owner, encoded, intent))


def test_a_process_that_sends_a_newer_attempt_of_another_is_noticed() -> None:
    world = calm_world()
    intent, encoded, owner = begun_again(world)
    newer = msgspec.structs.replace(intent, attempt_id="w9.1-7", batch="TO-NEWER")
    world.say(world.stream("invoice", intent.key.external_id), newer)
    assert any("not its own any more" in text for text in seen(world, owner, encoded, intent))


def test_what_a_restore_forgot_excuses_no_later_send_of_the_same_process() -> None:
    world = calm_world()
    stream = world.stream("invoice", recorded_key(world))
    world.lost.append(next(one for one in world.store.log.load([stream])[stream] if _is_intent(one.event)))
    intent, encoded, owner = begun_again(world)
    world.time.pass_by(HOUR * 2)
    assert any("after its deadline" in text for text in seen(world, owner, encoded, intent))


def test_a_sender_that_a_restore_overtook_keeps_to_its_deadline() -> None:
    world = calm_world()
    intent, encoded, owner = begun_again(world)
    events = world.store.log._events
    world.lost.append(events.pop())
    assert seen(world, owner, encoded, intent) == []
    world.time.pass_by(HOUR * 2)
    assert any("after its deadline" in text for text in seen(world, owner, encoded, intent))


def test_a_step_for_a_booked_posting_is_noticed_also_after_a_restore() -> None:
    world = calm_world()
    fact = recorded(world, PostingHandoverStarted)
    step = StepCommand(key=fact.key1, step="CtrlBatch", key1=fact.key1, division=division(world))
    owner = fact.attempt_id.rpartition("-")[0]
    assert any("which is" in one.text for one in watch.judge_steps(world, owner, [step]))
    stream = world.stream("posting", fact.key1)
    world.lost.append(next(one for one in world.store.log.load([stream])[stream] if _is_intent(one.event)))
    assert any("which is" in one.text for one in watch.judge_steps(world, owner, [step]))


def test_a_chain_begun_again_for_what_m3_took_over_is_noticed() -> None:
    world = calm_world()
    fact = recorded(world, PostingStarted)
    head = StepCommand(key=fact.key1, step="AddBatchHead", key1=fact.key1, division=division(world))
    owner = fact.attempt_id.rpartition("-")[0]
    assert any("took over before" in v.text for v in watch.judge_steps(world, owner, [head]))
    hands.take_back_unasked(world, fact.key1)
    assert not any("took over before" in v.text for v in watch.judge_steps(world, owner, [head])), "seed 190076331"
    world.ledger.batches[0].state = "stuck"
    assert any("took over before" in v.text for v in watch.judge_steps(world, owner, [head]))
    world.ledger.batches.clear()
    assert not any("took over before" in v.text for v in watch.judge_steps(world, owner, [head]))


def recorded_key(world: World) -> str:
    fact = recorded(world, InvoiceSubmissionStarted)
    return fact.key.external_id


def division(world: World) -> str:
    fact = recorded(world, PostingPlanned)
    return fact.plan.division


def _is_intent(event: object) -> bool:
    return isinstance(event, watch.INTENTS)


def delete(world: World, _: str) -> None:
    for batch in world.ledger.batches:
        hands.delete_batch(world, batch)


@pytest.mark.parametrize("undo", [delete, hands.take_back_unasked])  # the second as in seed 190064187
def test_a_line_with_other_bytes_is_noticed_unless_a_restored_store_writes_anew_what_was_undone(
    undo: Callable[[World, str], None],
) -> None:
    world = calm_world()
    fact = recorded(world, PostingStarted)
    line = StepCommand(
        key=f"{fact.key1}/1",
        step="AddBatchLine",
        key1=fact.key1,
        division=division(world),
        line=1,
        parm=world.parms[fact.key1, 1],
    )
    other = msgspec.structs.replace(line, parm=f"{line.parm}X")
    stream, owner = world.stream("posting", fact.key1), fact.attempt_id.rpartition("-")[0]
    anew = msgspec.structs.replace(fact, parms=(other.parm,))
    world.say(stream, msgspec.structs.replace(anew, attempt_id=f"{owner}-9"))

    def texts() -> list[str]:
        return [one.text for one in watch.judge_steps(world, owner, [other]) if "other bytes" in one.text]

    assert texts()
    world.lost.append(next(one for one in world.store.log.load([stream])[stream] if _is_intent(one.event)))
    assert texts(), "M3 holds the batch"
    undo(world, fact.key1)
    assert not texts()
