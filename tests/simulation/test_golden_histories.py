"""What the simulation found in our code, each as the history that first showed it (listed in docs/reliability.md)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from actors.errands import post_payment
from actors.errands.posting_steps import new_attempt
from actors.errands.tracking import place_of, tracked
from domain import keys
from domain.effects import Open
from domain.identifiers import key1
from domain.invoices.events import InvoiceClosed, InvoicePaymentPosted, InvoicesTracked
from domain.invoices.search import decide_second_look, wants_second_look
from domain.invoices.submission_events import InvoiceFoundByLookup
from domain.payments import events as e
from domain.payments.events import PaymentContent
from domain.payments.payment import fold
from domain.payments.planning import InvoiceStanding, Replaced, decide_plan
from domain.payments.reversal import decide_reversal
from domain.ports.payables import InvoiceFound
from domain.postings import events as p
from domain.postings.posting import fold as fold_posting
from domain.routing import route
from tests.support.payments_world import IDENTITY, INV_77, NOW, payment, plan, recorded, rules, usd
from tests.unit.domain.invoices import invoice_facts as f
from tieout.simulation import beginnings
from tieout.simulation.engine import Engine
from tieout.simulation.faults import Fault
from tieout.simulation.schedule import Profile, draw

LATER = NOW + timedelta(hours=1)
FOUND = InvoiceFound(
    avid_invoice_id="500123",
    external_id=f.KEY.external_id,
    invoice_number=f.KEY.number,
    vendor_external_id=f.KEY.vendor_external_id,
    gross=usd("1250.00"),
    status="Paid",
    status_reason="",
)
VOIDED = e.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
KEY1 = key1(IDENTITY, payment_id="77001", division="AAA", generation=1, kind="T")


def test_seed_370_a_live_invoice_that_a_restored_store_forgot_is_found_by_the_status_poll() -> None:
    forgotten = f.state_of((f.approved(),))
    assert wants_second_look(forgotten, FOUND)
    (fact,) = decide_second_look(forgotten, f.KEY, [FOUND])
    assert isinstance(fact, InvoiceFoundByLookup)
    assert fact.avid_invoice_id == "500123"
    assert decide_second_look(forgotten, f.KEY, []) == ()
    assert not wants_second_look(f.state_of(()), FOUND)


def test_seed_549_a_payment_that_came_back_after_a_restore_is_looked_for_in_m3() -> None:
    settled = [e.PaymentSettled(content=payment()), VOIDED]
    (fact,) = decide_reversal(fold(recorded(settled)), {}, rules(), unsure_before=NOW).payment
    assert isinstance(fact, e.PaymentReversalPlanned)
    assert fact.tasks == (KEY1,)
    march = {"settled_date": date(2026, 3, 9), "payment_date": date(2026, 3, 9), "modified": "2026-03-09T08:00:00"}
    young = payment(status="Void", standing="reversed", **march)
    after = [e.PaymentReversed(content=young, kind="Void")]
    (nothing,) = decide_reversal(fold(recorded(after)), {}, rules(), unsure_before=NOW).payment
    assert isinstance(nothing, e.PaymentReversalPlanned)
    assert nothing.tasks == ()


def test_seed_549_its_reissue_waits_until_a_person_has_looked() -> None:
    asked = e.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=(KEY1,))
    old = fold(recorded([e.PaymentSettled(content=payment()), VOIDED, asked]))
    again = fold(recorded([e.PaymentSettled(content=payment(payment_id="77002", replaces_payment_id="77001"))]))
    (held,) = decide_plan(
        again,
        invoices={INV_77: InvoiceStanding(live=True)},
        replaced=Replaced(old, {}),
        rules=rules(),
        today=NOW.date(),
        went_back_at=NOW,
        unsure_before=NOW,
        postings={},
    ).payment
    assert isinstance(held, e.PaymentHeld)
    assert held.reason == "REPLACED_NOT_REVERSED"


def test_seed_373_a_reversal_does_not_queue_for_ever_behind_a_posting_that_is_held() -> None:
    leg = e.Leg(division="AAA", posting="T1", net=usd("1570.00"))
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,))
    held = p.PostingHeld(key1="T1", payment_id="77001", reason="TASK", detail="a person books it")
    posting = fold_posting(recorded([p.PostingPlanned(plan=plan(key1="T1")), held]))
    state = fold(recorded([e.PaymentSettled(content=payment()), planned, VOIDED]))
    for went_back_at, tasks in ((LATER, ("T1",)), (None, ())):
        result = decide_reversal(state, {"T1": posting}, rules(), unsure_before=went_back_at)
        (fact,) = result.payment
        assert isinstance(fact, e.PaymentReversalPlanned)
        assert (fact.abandoned, fact.tasks) == (("T1",), tasks)


def test_seed_2274_a_late_answer_to_a_forgotten_posting_does_not_block_its_planning() -> None:
    engine = Engine(draw(1, profile=Profile.PAY))
    tools, world = engine.processes[0].tools, engine.world
    world.say(world.stream("posting", KEY1), p.PostingAnsweredLate(attempt_id="a", step="CtrlBatch", verdict="doubt"))
    first = post_payment.new_posting(tools, KEY1, (p.PostingPlanned(plan=plan(key1=KEY1)),))
    assert first.expected_version == 1
    world.say(first.stream, *first.events)
    again = post_payment.new_posting(tools, KEY1, first.events)
    assert again.expected_version == 0, "a posting that was planned is never planned anew: the append conflicts"


def test_seed_538_a_machine_whose_clock_is_ahead_still_sends_its_postings() -> None:
    engine = Engine(draw(1, profile=Profile.PAY))
    process = engine.processes[0]
    process.clock.skew = timedelta(minutes=50)
    attempt = new_attempt(process.tools, "c", incarnation=process.tools.log.incarnation())
    assert attempt.own_deadline == process.clock.now() + process.tools.rules.infor.call_timeout
    assert attempt.deadline == engine.time.now + process.tools.rules.infor.call_timeout


def test_seed_512_a_poll_across_a_restore_moves_no_watermark() -> None:
    engine = Engine(draw(1, profile=Profile.WHOLE))
    world, process = engine.world, engine.processes[0]
    read = world.ledger.server_time

    def restored_meanwhile() -> int:
        world.store.go_back(to_position=world.begins_at, hold_until=world.time.now)
        return read()

    world.ledger.server_time = restored_meanwhile  # type: ignore[method-assign]  # the backup is restored mid-poll
    engine.run_on(process, "poll_suppliers")
    rows = {row.flow: row for row in world.store.polls.rows(world.connection)}
    assert rows["suppliers"].watermark == ""


def test_seed_21655_an_invoice_is_tracked_before_anything_is_recorded_of_it() -> None:
    engine = Engine(draw(1, profile=Profile.SUBMIT))
    engine.run_on(engine.processes[0], "poll_invoices")
    kinds = [type(r.event).__name__ for r in engine.world.history() if r.event.TOPIC.startswith("invoice")]
    assert kinds.index("InvoicesTracked") < kinds.index("InvoiceApproved")


def test_seed_52602_an_invoice_that_opens_again_is_looked_at_again() -> None:
    engine = Engine(draw(1, profile=Profile.SUBMIT))
    world, process = engine.world, engine.processes[0]
    held = next(iter(world.ledger.invoices.values()))
    name, division = held.head.key.external_id, held.head.key.division
    stream = world.stream("invoice", name)
    posted = InvoicePaymentPosted(
        posting="R1", payment_id="1", net=usd("1"), discount=usd("0"), voucher="1", ledger_row="1", reversal=True
    )
    engine.run_on(process, "poll_invoices")
    world.say(stream, InvoiceClosed(key=held.head.key), posted)
    held.approved = False
    dropped = InvoicesTracked(division=division, added=(), dropped=tuple(tracked(process.tools, division)))
    world.say(place_of(process.tools, division).here, dropped)
    world.store.drain()
    engine.run_on(process, "close_invoices")
    assert name in tracked(process.tools, division)


def test_seed_23615_a_payment_settled_before_a_restore_is_only_read_back_however_it_changes_later() -> None:
    changed = payment(modified="2026-03-02T12:00:00", number="A-1")
    state = fold(recorded([e.PaymentSettled(content=changed)]))
    ((made, _),) = decide_plan(
        state,
        invoices={INV_77: InvoiceStanding(live=True)},
        replaced=None,
        rules=rules(),
        today=NOW.date(),
        went_back_at=NOW,
        unsure_before=NOW,
        postings={},
    ).postings
    assert made.read_back_only


def test_seed_300719_look_ups_made_before_a_restore_open_no_attempt_after_it() -> None:
    engine = Engine(draw(9, profile=Profile.PAY))
    beginnings.prepare(engine)
    world, process = engine.world, engine.processes[0]
    engine.run_on(process, "poll_payments")
    world.store.drain()
    engine.run_on(process, "post_payment")
    world.store.drain()
    prepare = world.ledger.prepare

    def restored_meanwhile() -> None:
        world.store.go_back(to_position=world.store.log.last_position(), hold_until=world.time.now)
        prepare()

    world.ledger.prepare = restored_meanwhile  # type: ignore[method-assign]  # the backup is restored before the intent
    assert world.store.work.due_counts(world.time.now)[world.connection, "send_postings"]
    engine.run_on(process, "send_postings")
    assert not world.ledger.batches


def test_seed_300719_look_ups_made_before_a_restore_repeat_no_handover_after_it() -> None:
    engine = Engine(draw(9, profile=Profile.PAY))
    beginnings.prepare(engine)
    world, process = engine.world, engine.processes[0]
    for errand in ("poll_payments", "post_payment"):
        engine.run_on(process, errand)
        world.store.drain()
    cross, read = engine.cross, world.payables.payments_by_id
    lost: list[str] = []

    def lost_once(worker: str, step: str) -> tuple[int, Fault | None]:
        if step == "UpdBatch" and not lost:
            lost.append(step)
            return 0, Fault.REQUEST_LOST
        return cross(worker, step)

    def restored_meanwhile(ids: Sequence[str]) -> dict[str, PaymentContent]:
        if lost:
            world.store.go_back(to_position=world.store.log.last_position(), hold_until=world.time.now)
        return read(ids)

    engine.cross = lost_once  # type: ignore[method-assign]  # the handover never arrives
    world.payables.payments_by_id = restored_meanwhile  # type: ignore[assignment,method-assign]  # a backup of that moment
    before = world.store.log.incarnation()
    for errand in ("send_postings", "confirm_posting"):
        engine.run_on(process, errand)
        world.store.drain()
        world.time.pass_by(timedelta(minutes=6))
    assert world.store.log.incarnation() != before
    assert [(batch.state, batch.handed_over_at) for batch in world.ledger.batches] == [("open", None)]
    handovers = [r.event for r in world.history() if isinstance(r.event, p.PostingHandoverStarted)]
    assert [handover.handover for handover in handovers] == [1]


def test_seed_30102603_a_chain_begun_before_a_restore_is_not_handed_over_after_it() -> None:
    engine = Engine(draw(9, profile=Profile.PAY))
    beginnings.prepare(engine)
    world, process = engine.world, engine.processes[0]
    for errand in ("poll_payments", "post_payment"):
        engine.run_on(process, errand)
        world.store.drain()
    read = world.payables.payments_by_id

    def restored_meanwhile(ids: Sequence[str]) -> dict[str, PaymentContent]:
        world.store.go_back(to_position=world.store.log.last_position(), hold_until=world.time.now)
        return read(ids)

    world.payables.payments_by_id = restored_meanwhile  # type: ignore[assignment,method-assign]  # a backup of this moment
    engine.run_on(process, "send_postings")
    assert [(batch.state, batch.handed_over_at) for batch in world.ledger.batches] == [("open", None)]
    facts = [recorded.event for recorded in world.store.log.read(after=0, limit=1000)]
    assert not [fact for fact in facts if isinstance(fact, p.PostingHandoverStarted | p.PostingHeld | p.PostingNotSent)]


@pytest.mark.parametrize("errand", ["post_payment", "plan_reversal"])
def test_a_plan_made_before_a_restore_is_not_recorded_after_it(errand: str) -> None:
    engine = Engine(draw(9, profile=Profile.PAY))
    beginnings.prepare(engine)
    world, process = engine.world, engine.processes[0]
    engine.run_on(process, "poll_payments")
    world.store.drain()
    if errand == "plan_reversal":
        engine.run_on(process, "post_payment")
        world.store.drain()
        log = world.store.log.read(after=0, limit=1000)
        ((stream, fact),) = ((r.stream, r.event) for r in log if isinstance(r.event, e.PaymentSettled))
        voided = msgspec.structs.replace(fact.content, status="Void", standing="reversed")
        world.say(stream, e.PaymentReversed(content=voided, kind="Void"))
        world.store.drain()
    append, length = world.store.log.append, world.store.log.last_position()

    def restored_meanwhile(*arguments: Any, **options: Any) -> None:
        world.store.go_back(to_position=length, hold_until=world.time.now)
        append(*arguments, **options)

    assert world.store.work.due_counts(world.time.now)[world.connection, errand]
    world.store.log.append = restored_meanwhile  # type: ignore[method-assign]  # a backup of this moment
    engine.run_on(process, errand)
    assert world.store.log.last_position() == length


def test_seed_40718943_a_reversal_that_a_restored_store_forgot_is_looked_for_and_not_sent_again() -> None:
    leg = e.Leg(division="AAA", posting=KEY1, net=usd("1570.00"))
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,))
    booked = p.PostingConfirmed(key1=KEY1, payment_id="77001", rows=())
    posting = fold_posting(recorded([p.PostingPlanned(plan=plan(key1=KEY1)), booked]))
    state = fold(recorded([e.PaymentSettled(content=payment()), planned, VOIDED]))
    turning, before = msgspec.structs.replace(rules(), void_interface="AVXVOID"), NOW - timedelta(hours=1)
    for went_back_at, only_read in ((LATER, True), (before, False), (None, False)):
        (new,) = decide_reversal(state, {KEY1: posting}, turning, unsure_before=went_back_at).postings
        back, _ = new
        assert (back.kind, back.read_back_only) == ("R", only_read)


def test_a_reissue_follows_when_a_person_takes_back_what_no_reversal_did() -> None:
    back = key1(IDENTITY, payment_id="77001", division="AAA", generation=1, kind="R")
    legs = (e.Leg(division="AAA", posting=KEY1, net=usd("1570.00")),)
    turned = (e.Leg(division="AAA", posting=back, net=usd("-1570.00")),)
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=legs)
    reversal = e.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=turned, tasks=())
    old = fold(recorded([e.PaymentSettled(content=payment()), planned, VOIDED, reversal]))
    booked = p.PostingConfirmed(key1=KEY1, payment_id="77001", rows=())
    posting = fold_posting(recorded([p.PostingPlanned(plan=plan(key1=KEY1)), booked]))
    words = [
        p.PostingDoubtResolved(key1=back, payment_id="77001", resolution=word, voucher="", person="ann", reason="")
        for word in ("absent", "posted-by-hand")
    ]
    again = fold(recorded([e.PaymentSettled(content=payment(payment_id="77002", replaces_payment_id="77001"))]))
    for said, waits_for in ((words[:1], keys.taken_back(back)), (words, None)):
        reversing = fold_posting(recorded([p.PostingPlanned(plan=plan(key1=back, kind="R")), *said]))
        (fact,) = decide_plan(
            again,
            invoices={INV_77: InvoiceStanding(live=True)},
            replaced=Replaced(old, {KEY1: posting, back: reversing}),
            rules=rules(),
            today=NOW.date(),
            went_back_at=None,
            unsure_before=None,
            postings={},
        ).payment
        assert isinstance(fact, e.PaymentHeld if waits_for else e.PaymentPostingsPlanned)
        assert getattr(fact, "waits_for", None) == waits_for
    effects = route(recorded([words[1]])[0])
    assert {Open(keys.reversed_payment("77001")), Open(keys.taken_back(back))} <= set(effects)


def test_a_posting_held_because_the_payment_showed_reversed_is_given_up_once_the_reversal_is_seen() -> None:
    leg = e.Leg(division="AAA", posting=KEY1, net=usd("1570.00"))
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,))
    held = p.PostingHeld(key1=KEY1, payment_id="77001", reason="REVERSED_AT_REREAD", detail="reversed (Void)")
    posting = fold_posting(recorded([p.PostingPlanned(plan=plan(key1=KEY1)), held]))
    state = fold(recorded([e.PaymentSettled(content=payment()), planned, VOIDED]))
    assert [key for key, _ in decide_reversal(state, {KEY1: posting}, rules()).abandoned] == [KEY1]


@pytest.mark.parametrize(("looked_at", "only_read"), [(NOW - timedelta(hours=1), True), (LATER, False)])
def test_a_word_older_than_a_restore_proves_nothing_of_the_generation_that_followed_it(
    looked_at: datetime, *, only_read: bool
) -> None:
    """T1 was found absent, T2 handed over; the backup was taken between the two, and the payment is ordered again."""
    leg = e.Leg(division="AAA", posting=KEY1, net=usd("1570.00"))
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,))
    order = e.PaymentPostingOrdered(payment_id="77001", person="ann", reason="deleted in GLS840")
    begun = recorded([p.PostingPlanned(plan=plan(key1=KEY1))], at=NOW - timedelta(hours=2))
    word = p.PostingDoubtResolved(
        key1=KEY1, payment_id="77001", resolution="absent", voucher="", person="ann", reason="not in M3"
    )
    ((made, _),) = decide_plan(
        fold(recorded([e.PaymentSettled(content=payment()), planned, order], at=LATER)),
        invoices={INV_77: InvoiceStanding(live=True)},
        replaced=None,
        rules=rules(),
        today=NOW.date(),
        went_back_at=NOW,
        unsure_before=NOW,
        postings={KEY1: fold_posting([*begun, *recorded([word], at=looked_at)])},
    ).postings
    assert (made.generation, made.read_back_only) == (2, only_read)


def test_a_reissue_waits_for_a_look_at_the_generation_a_restored_store_forgot() -> None:
    """T1 was found absent and T2 booked; a restore forgot T2, the payment came back, and its reissue is here, too."""
    leg = e.Leg(division="AAA", posting=KEY1, net=usd("1570.00"))
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,))
    word = p.PostingDoubtResolved(
        key1=KEY1, payment_id="77001", resolution="absent", voucher="", person="ann", reason="not in M3"
    )
    absent = fold_posting(recorded([p.PostingPlanned(plan=plan(key1=KEY1)), word]))
    old = [e.PaymentSettled(content=payment()), planned, VOIDED]
    (asked,) = decide_reversal(fold(recorded(old)), {KEY1: absent}, rules(), unsure_before=LATER).payment
    assert isinstance(asked, e.PaymentReversalPlanned)
    assert asked.tasks == (key1(IDENTITY, payment_id="77001", division="AAA", generation=2, kind="T"),)
    done = e.ReversalDoneByHand(payment_id="77001", person="ann", reason="taken back")
    again = fold(recorded([e.PaymentSettled(content=payment(payment_id="77002", replaces_payment_id="77001"))]))
    for facts, waits in (([], True), ([asked], True), ([asked, done], False)):
        result = decide_plan(
            again,
            invoices={INV_77: InvoiceStanding(live=True)},
            replaced=Replaced(fold(recorded([*old, *facts])), {KEY1: absent}),
            rules=rules(),
            today=NOW.date(),
            went_back_at=LATER,
            unsure_before=LATER,
            postings={},
        )
        (fact,) = result.payment
        assert isinstance(fact, e.PaymentHeld if waits else e.PaymentPostingsPlanned)
