"""A danger is raised by an open issue about its record and itself, or ended by a person's word; by nothing else."""

from collections.abc import Callable

import msgspec
import pytest

from domain.connections.events import StoreWentBack
from domain.event import Event
from domain.invoices.events import InvoiceApproved, InvoiceAtRiskInInfor, InvoiceImageMissing, InvoiceKeyChanged
from domain.invoices.submission_events import (
    InvoiceAbsentAfterSettling,
    InvoiceFoundDifferent,
    InvoiceFoundTwice,
    InvoiceSubmissionStarted,
    InvoiceSubmitted,
)
from domain.issues.events import IssueResolved
from domain.payments.events import PaymentCardNumberDropped, PaymentSettled, PaymentStatusUnknown
from domain.polls.events import PollFailed
from domain.suppliers.events import SupplierConfirmed
from projections import issue_facts
from tests.simulation.planted.planting import Plant, planted
from tests.simulation.test_checkers import calm_world, recorded
from tieout.simulation.checkers.raised import ends_are_issues, risks_are_issues
from tieout.simulation.world import World

Said = Callable[[World], str]  # records a fact; gives the cause of the issue it opens


def twice(world: World) -> str:
    key = recorded(world, InvoiceSubmitted).key
    world.say(world.stream("invoice", key.external_id), InvoiceFoundTwice(key=key, avid_invoice_ids=("1", "2")))
    return "invoice-found-twice"


def different(world: World) -> str:
    key = recorded(world, InvoiceSubmitted).key
    fact = InvoiceFoundDifferent(key=key, avid_invoice_id="1", field="gross", ours="1.00", theirs="2.00")
    world.say(world.stream("invoice", key.external_id), fact)
    return "invoice-found-different:gross"


def excluded(world: World) -> str:
    fact = msgspec.structs.replace(recorded(world, SupplierConfirmed), enrolment="Excluded")
    world.say(world.stream("supplier", fact.key), fact)
    return "supplier-excluded"


def status_unknown(world: World) -> str:
    content = msgspec.structs.replace(recorded(world, PaymentSettled).content, status="Escheated", standing="unknown")
    stream = world.stream("payment", content.payment_id)
    world.say(stream, PaymentStatusUnknown(content=content, field="status"))
    return "payment-status-unknown:status:Escheated"


def card_number(world: World) -> str:
    payment_id = recorded(world, PaymentSettled).content.payment_id
    world.say(world.stream("payment", payment_id), PaymentCardNumberDropped(payment_id=payment_id))
    return "payment-card-number-dropped"


def poll_failed(world: World) -> str:
    world.say(world.stream("poll", "payments"), PollFailed(flow="payments", verdict="stop", text="refused"))
    return "poll-failed:payments"


def restored(world: World) -> str:
    now = world.time.now
    fact = StoreWentBack(incarnation=world.store.log.incarnation(), noticed_at=now, hold_until=now, detail="restored")
    world.say(world.stream("connection", ""), fact)
    return "store-went-back"


SAID: dict[type[Event], Said] = {
    InvoiceFoundTwice: twice,
    InvoiceFoundDifferent: different,
    SupplierConfirmed: excluded,
    PaymentStatusUnknown: status_unknown,
    PaymentCardNumberDropped: card_number,
    PollFailed: poll_failed,
    StoreWentBack: restored,
}


def untold(world: World) -> list[str]:
    world.runner.rebuild()
    return [*ends_are_issues(world), *risks_are_issues(world)]


@pytest.mark.parametrize("fact", SAID)
def test_what_opens_an_issue_is_told_and_what_opens_none_is_not(fact: type[Event]) -> None:
    world = calm_world()
    assert untold(world) == []
    SAID[fact](world)
    assert untold(world) == []
    with planted(Plant(items=((issue_facts.OPENS, fact, lambda _: ()),))):
        assert untold(world)


@pytest.mark.parametrize("fact", SAID)
def test_a_persons_word_ends_what_was_said_before_it_and_no_more(fact: type[Event]) -> None:
    world = calm_world()
    cause = SAID[fact](world)
    ended = IssueResolved(cause=cause, person="ann", reason="seen")
    world.say(world.stream("issue", cause), ended, actor="ann")
    with planted(Plant(items=((issue_facts.OPENS, fact, lambda _: ()),))):
        assert untold(world) == []
        SAID[fact](world)
        assert untold(world)


def test_the_issue_of_one_danger_tells_nobody_of_another() -> None:
    world = calm_world()
    key = recorded(world, InvoiceSubmitted).key
    fact = InvoiceAtRiskInInfor(key=key, risks=("STOPPED", "PROPOSED"), detail="")
    world.say(world.stream("invoice", key.external_id), fact)
    opens = issue_facts.OPENS[InvoiceAtRiskInInfor]
    with planted(Plant(items=((issue_facts.OPENS, InvoiceAtRiskInInfor, lambda e: opens(e)[:1]),))):
        (text,) = untold(world)
    assert "PROPOSED" in text


def test_an_image_is_missed_no_more_of_an_invoice_that_bears_another_key_in_m3() -> None:
    """Seeds 190125546 and 190363382: the key changed while the invoice was in doubt, and it was found absent then."""
    world = calm_world()
    approved = recorded(world, InvoiceApproved)
    key = msgspec.structs.replace(approved.content.key, number="INV-90")
    content = msgspec.structs.replace(approved.content, key=key)
    stream = world.stream("invoice", key.external_id)
    intent = msgspec.structs.replace(recorded(world, InvoiceSubmissionStarted), key=key)
    missing = InvoiceImageMissing(key=key, reason="IMAGE_TYPE", hold=False)
    absent = InvoiceAbsentAfterSettling(attempt_id=intent.attempt_id, members=1)
    world.say(stream, msgspec.structs.replace(approved, content=content), missing, intent)
    with planted(Plant(items=((issue_facts.OPENS, InvoiceImageMissing, lambda _: ()),))):
        assert untold(world) == []
        world.say(stream, absent)
        assert any("no usable image" in text for text in untold(world))
        world.say(stream, intent)
        world.say(stream, InvoiceKeyChanged(row=content.row, old_key=key, new_key=approved.content.key))
        world.say(stream, absent)
        assert untold(world) == []
