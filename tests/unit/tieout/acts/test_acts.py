from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from domain import keys
from domain.effects import Due
from domain.errors import RefusedError
from domain.event import Append, Event, Recorded
from domain.invoices import events as i
from domain.invoices import invoice
from domain.invoices import submission_events as s
from domain.issues.events import IssueResolved, IssueRetried
from domain.ledger_codes import events as g
from domain.payments import events as y
from domain.ports.store import Causes
from domain.postings import events as p
from domain.routing import route
from domain.suppliers import events as v
from tests.support.payments_world import IDENTITY, INV_77, NOW, payment, plan, usd
from tests.unit.domain.invoices.invoice_facts import KEY, content
from tieout.acts import connections, doubts, issues, retry
from tieout.acts.act import Act
from tieout.acts.doubts import Word
from tieout.simulation.memory_store import MemoryStore

CAUSES = Causes(connection=IDENTITY.id, correlation_id="test")
PLAN = plan()
SETTLE = timedelta(minutes=15)
SUPPLIER = v.SupplierRecorded(
    content=v.SupplierContent(company=100, number="V1001", name="Acme Roofing LLC", status="20"), to_send=True
)
CODE = g.LedgerCodeRecorded(
    content=g.CodeContent(
        company=100, dimension=1, value="600100", group="Accounting Codes", description="Repairs", active=True
    ),
    to_send=True,
)
APPROVED = i.InvoiceApproved(content=content(), digest="c1")
POSTED = i.InvoicePaymentPosted(
    posting=PLAN.key1,
    payment_id="77001",
    net=usd("1570.00"),
    discount=usd("0.00"),
    voucher="20417",
    ledger_row="r1",
)
DONE_BY_HAND = y.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=(PLAN.key1,))


class World:
    """A store in memory with a clock that tests move, and a person who acts on it."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = MemoryStore(lambda: self.now)
        self.act = Act(
            log=self.store.log, connection=IDENTITY.id, person="ann", reason="vendor mended", settle_infor=SETTLE
        )

    def given(self, kind: str, natural_key: str, *events: Event) -> UUID:
        """Let a stream's past be this."""
        stream = self.act.stream(kind, natural_key)
        expected = len(self.history(stream))
        self.store.log.append([Append(stream=stream, expected_version=expected, events=events)], causes=CAUSES)
        return stream

    def history(self, stream: UUID) -> list[Recorded]:
        """Read a stream."""
        return self.store.log.load([stream])[stream]

    def last(self, stream: UUID) -> Recorded:
        """Read a stream's newest event."""
        return self.history(stream)[-1]


@pytest.fixture
def world() -> World:
    return World()


def refused_posting() -> tuple[Event, ...]:
    return (
        p.PostingPlanned(plan=PLAN),
        p.PostingRefused(
            key1=PLAN.key1, attempt_id="", payment_id="77001", step="CtrlBatch", code="GL84007", text="period"
        ),
    )


def payment_with_leg(*more: Event) -> tuple[Event, ...]:
    leg = y.Leg(division="AAA", posting=PLAN.key1, net=usd("1570.00"))
    planned = y.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,))
    return (y.PaymentSettled(content=payment()), planned, *more)


def submitted(key_time: datetime = NOW) -> tuple[Event, ...]:
    started = s.InvoiceSubmissionStarted(
        key=KEY,
        batch="TO-1",
        position=1,
        members=1,
        attempt=1,
        attempt_id="a1",
        record_digest="r",
        batch_digest="b",
        image="",
        deadline=key_time,
        look_at=key_time + SETTLE,
        incarnation=UUID(int=1),
    )
    return (APPROVED, started)


def _supplier(world: World) -> UUID:
    refused = v.SupplierRefused(key="100|V1001", code="FIELD_TOO_LONG", text="Name", of_version=1)
    return world.given("supplier", "100|V1001", SUPPLIER, refused)


def _code(world: World) -> UUID:
    refused = g.LedgerCodeRefused(key="100|1|600100", code="FIELD_INVALID", text="Description", of_version=1)
    return world.given("ledger-code", "100|1|600100", CODE, refused)


def _invoice(world: World) -> UUID:
    refused = s.InvoiceSubmissionRefused(key=KEY, attempt_id="", code="VENDOR_NOT_FOUND", text="no vendor")
    return world.given("invoice", KEY.external_id, APPROVED, refused)


def _payment(world: World) -> UUID:
    held = y.PaymentHeld(payment_id="77001", reason="NUMBER_MISSING", detail="no number")
    return world.given("payment", "77001", y.PaymentSettled(content=payment()), held)


def _posting(world: World) -> UUID:
    world.given("payment", "77001", *payment_with_leg())
    return world.given("posting", PLAN.key1, *refused_posting())


@pytest.mark.parametrize(
    ("record", "ordered", "errand"),
    [
        (_supplier, v.SupplierRetryOrdered, "send_suppliers"),
        (_code, g.LedgerCodeRetryOrdered, "send_ledger_codes"),
        (_invoice, s.InvoiceResubmissionOrdered, "submit_invoices"),
        (_payment, y.PaymentPostingOrdered, "post_payment"),
        (_posting, p.PostingReleased, "send_postings"),
    ],
)
def test_a_retry_shows_what_it_would_do_and_then_orders_it_as_the_person(
    world: World, record: Callable[[World], UUID], ordered: type[Event], errand: str
) -> None:
    stream = record(world)
    before = len(world.history(stream))

    (shown,) = retry.plan(world.act, [stream])
    assert shown.does
    assert len(world.history(stream)) == before
    (done,) = retry.retry(world.act, [stream])

    assert done == shown
    assert isinstance(world.last(stream).event, ordered)
    assert world.last(stream).meta.actor == "ann"
    assert route(world.last(stream)) == (Due(errand, stream),)


@pytest.mark.parametrize("record", [_supplier, _code, _invoice])
def test_a_second_retry_finds_nothing_to_order_or_orders_once_more_at_most(
    world: World, record: Callable[[World], UUID]
) -> None:
    stream = record(world)
    retry.retry(world.act, [stream])
    (again,) = retry.plan(world.act, [stream])

    assert again.why_not or again.kind == "invoice"  # an invoice that waits may be ordered again: it is looked up


def test_one_retry_orders_all_records_of_an_issue_and_names_those_it_cannot(world: World) -> None:
    good, live = _supplier(world), world.given("invoice", KEY.external_id, *submitted())

    steps = retry.retry(
        world.act, [good, live, world.given("issue", "x", IssueResolved(cause="x", person="", reason=""))]
    )

    assert [bool(step.does) for step in steps] == [True, False, False]
    assert "in doubt" in steps[1].why_not
    assert len(world.history(live)) == 2


def test_a_payment_is_retried_through_its_refused_postings(world: World) -> None:
    posting = _posting(world)

    (done,) = retry.retry(world.act, [world.act.stream("payment", "77001")])

    assert done.does
    assert isinstance(world.last(posting).event, p.PostingReleased)


def test_a_reversed_payment_is_not_posted_again(world: World) -> None:
    reversed_ = y.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
    world.given("payment", "77001", *payment_with_leg(reversed_))
    stream = world.given("posting", PLAN.key1, *refused_posting())

    (step,) = retry.retry(world.act, [stream])

    assert "was reversed" in step.why_not


def test_an_invoice_in_doubt_is_settled_by_a_person_once_nothing_can_arrive_any_more(world: World) -> None:
    stream = world.given("invoice", KEY.external_id, *submitted())
    with pytest.raises(RefusedError, match="may still arrive"):
        doubts.resolve(world.act, stream, Word(resolution="absent"))
    world.now = NOW + SETTLE

    assert doubts.resolve(world.act, stream, Word(resolution="absent")) == "invoice"

    assert invoice.fold(world.history(stream)).phase == "waiting"
    assert Due("submit_invoices", stream) in route(world.last(stream))


def test_a_doubted_invoice_that_a_person_saw_at_avidxchange_is_live(world: World) -> None:
    doubted = s.InvoiceSubmissionDoubted(attempt_id="a1", why="time-out", look_at=NOW + SETTLE)
    stream = world.given("invoice", KEY.external_id, *submitted(), doubted)

    doubts.resolve(world.act, stream, Word(resolution="posted", avid_invoice_id="5501"))

    state = invoice.fold(world.history(stream))
    assert (state.live, state.avid_invoice_id) == (True, "5501")
    assert any(getattr(effect, "key", "") == keys.invoice(KEY.external_id) for effect in route(world.last(stream)))


def handed_over(world: World) -> UUID:
    started = p.PostingHandoverStarted(
        key1=PLAN.key1,
        attempt_id="a2",
        handover=1,
        deadline=NOW,
        look_at=NOW + SETTLE,
        incarnation=UUID(int=1),
    )
    desk = p.PostingToDesk(payment_id="77001", why="NO_TRACE", what="look in GLS047")
    paying = i.InvoicePaymentStarted(posting=PLAN.key1, payment_id="77001", net=usd("1570.00"))
    world.given("invoice", INV_77, APPROVED, paying)
    stream = world.given("posting", PLAN.key1, p.PostingPlanned(plan=PLAN), started, desk)
    world.now = NOW + SETTLE
    return stream


def test_a_posting_found_booked_by_hand_counts_on_its_invoices_with_its_voucher(world: World) -> None:
    stream = handed_over(world)

    assert doubts.resolve(world.act, stream, Word(resolution="posted-by-hand", voucher="20417")) == "posting"

    paid = world.last(world.act.stream("invoice", INV_77)).event
    assert isinstance(paid, i.InvoicePaymentPosted)
    assert (paid.voucher, paid.net, paid.ledger_row) == ("20417", usd("1570.00"), "")
    assert isinstance(world.last(stream).event, p.PostingDoubtResolved)


@pytest.mark.parametrize("waits", [True, False])
def test_a_posting_inside_m3_is_not_tried_again_and_says_what_settles_it(world: World, *, waits: bool) -> None:
    stream = handed_over(world)
    if waits:
        fact = p.PostingWaitsInInfor(payment_id="77001", detail="no row", by_hand=False, look_at=NOW)
        world.given("posting", PLAN.key1, fact)

    (step,) = retry.plan(world.act, [stream])

    assert (step.does, step.why_not.partition(":")[0]) == ("", "there is nothing to try again")
    assert "`tieout doubt resolve` says what became of it" in step.why_not
    assert ("GLS037" in step.why_not) is waits


def test_a_posting_proven_absent_frees_its_invoices_and_leaves_its_payment_to_a_person(world: World) -> None:
    paid = world.given("payment", "77001", *payment_with_leg())
    stream = handed_over(world)

    doubts.resolve(world.act, stream, Word(resolution="absent"))

    assert isinstance(world.last(world.act.stream("invoice", INV_77)).event, i.InvoicePaymentEnded)
    held = world.last(paid).event
    assert isinstance(held, y.PaymentHeld)
    assert (held.reason, "tieout resend 77001" in held.detail) == ("FOUND_ABSENT", True)


def test_words_that_fit_no_record_are_refused(world: World) -> None:
    invoice_stream = world.given("invoice", KEY.external_id, *submitted())
    with pytest.raises(RefusedError, match="voucher belongs to a posting"):
        doubts.resolve(world.act, invoice_stream, Word(resolution="posted", voucher="1"))
    with pytest.raises(RefusedError, match="neither an invoice nor a posting"):
        doubts.resolve(world.act, _supplier(world), Word(resolution="absent"))
    held = p.PostingHeld(payment_id="77001", reason="TASK", detail="by a person")
    unplanned = world.given("posting", "T2", held)
    with pytest.raises(RefusedError, match="never planned"):
        doubts.resolve(world.act, unplanned, Word(resolution="absent"))


def test_a_reversal_done_by_hand_is_taken_back_on_payment_and_invoice(world: World) -> None:
    reversed_ = y.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
    stream = world.given("payment", "77001", *payment_with_leg(reversed_, DONE_BY_HAND))
    world.given("posting", PLAN.key1, p.PostingPlanned(plan=PLAN))
    world.given("invoice", INV_77, APPROVED, POSTED)

    issues.reversal_done(world.act, stream, voucher="20500")

    assert isinstance(world.last(stream).event, y.ReversalDoneByHand)
    taken_back = world.last(world.act.stream("invoice", INV_77)).event
    assert isinstance(taken_back, i.InvoicePaymentPosted)
    assert (taken_back.reversal, taken_back.voucher, taken_back.net) == (True, "20500", usd("-1570.00"))
    with pytest.raises(RefusedError, match="no reversal"):
        issues.reversal_done(world.act, stream)


def test_what_no_invoice_shows_as_booked_is_not_taken_back_there(world: World) -> None:
    """A restored store asks for what it may have forgotten: counted as taken back, M3 would seem to owe it."""
    reversed_ = y.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
    held = p.PostingHeld(payment_id="77001", reason="PAYMENT_STOP", detail="")
    for past in ((APPROVED,), (APPROVED, POSTED, msgspec.structs.replace(POSTED, net=-POSTED.net, reversal=True))):
        world = World()
        stream = world.given("payment", "77001", *payment_with_leg(reversed_, DONE_BY_HAND))
        world.given("posting", PLAN.key1, p.PostingPlanned(plan=PLAN), held)
        paid = world.given("invoice", INV_77, *past)

        issues.reversal_done(world.act, stream, voucher="20500")

        assert isinstance(world.last(stream).event, y.ReversalDoneByHand)
        assert world.last(paid).event == past[-1]


def test_retries_and_resolutions_stand_in_the_issues_own_stream(world: World) -> None:
    issues.note_retried(world.act, "posting-refused:GL84007", ["T1"])
    issues.note_resolved(world.act, "posting-refused:GL84007")

    history = world.history(world.act.stream("issue", "posting-refused:GL84007"))
    assert [type(one.event) for one in history] == [IssueRetried, IssueResolved]
    assert history[0].event == IssueRetried(
        cause="posting-refused:GL84007", person="ann", reason="vendor mended", records=("T1",)
    )


def test_pausing_resuming_and_approving_tell_whether_they_changed_anything(world: World) -> None:
    from domain.connections.events import ConnectionAdded, FirstPostingChosen

    world.given(
        "connection",
        "",
        ConnectionAdded(name="acme", identity=IDENTITY, divisions=("AAA",)),
        FirstPostingChosen(posting="T1"),
    )

    assert connections.pause(world.act, until=None, now=NOW)
    assert not connections.pause(world.act, until=None, now=NOW)
    assert connections.resume(world.act)
    assert not connections.resume(world.act)
    assert connections.approve_first_posting(world.act)
    assert not connections.approve_first_posting(world.act)


def test_no_word_about_m3_counts_while_a_restored_store_waits_for_what_it_forgot(world: World) -> None:
    reversed_ = y.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
    taken_back = world.given("payment", "77001", *payment_with_leg(reversed_, DONE_BY_HAND))
    desk = p.PostingToDesk(payment_id="77001", why="NO_TRACE", what="look")
    at_desk = world.given("posting", PLAN.key1, p.PostingPlanned(plan=PLAN), desk)
    refused = world.given("posting", "T2", *refused_posting())
    held = y.PaymentHeld(payment_id="77002", reason="CURRENCY", detail="EUR")
    paid = world.given("payment", "77002", y.PaymentSettled(content=payment(payment_id="77002")), held)
    supplier = world.given("supplier", "100|V1001", SUPPLIER)
    world.store.log.hold(world.now + timedelta(minutes=10))

    with pytest.raises(RefusedError, match="may still reach M3 until 2026-03-02T"):
        issues.reversal_done(world.act, taken_back)
    for word in ("absent", "posted"):
        with pytest.raises(RefusedError, match="look there after that") as refusal:
            doubts.resolve(world.act, at_desk, Word(resolution=word))
        assert refusal.value.code == "TOO_EARLY"
    steps = retry.retry(world.act, [refused, paid, supplier])
    assert ["may still reach M3" in step.why_not for step in steps] == [True, True, False]

    world.now += timedelta(minutes=11)
    assert retry.retry(world.act, [paid])[0].does
    doubts.resolve(world.act, at_desk, Word(resolution="absent"))
    issues.reversal_done(world.act, taken_back)
