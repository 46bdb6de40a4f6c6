"""Money, identifiers, events and routing: the words everything else is said in."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.effects import Done, Due, Open, Wait
from domain.errors import DoubtError, MalformedError, RefusedError, TransientError
from domain.event import Event, Personal, topic, topics
from domain.identifiers import InvoiceKey, LedgerRow, PinnedIdentity, batch_id, key1, stream_id, supplier_key
from domain.money import Money, total
from domain.payments import events as payment_events
from domain.ports.answers import Breach
from domain.postings import events as posting_events
from domain.routing import NOTHING, ROUTES, route
from tests.support.payments_world import IDENTITY, payment, recorded, rules, usd

cents = st.integers(min_value=-(10**12), max_value=10**12)


@given(cents)
def test_money_reads_back_what_it_writes(minor: int) -> None:
    assert Money.parse(str(Money(minor))) == Money(minor)


@given(cents, cents)
def test_money_adds_to_the_cent(left: int, right: int) -> None:
    assert Money(left) + Money(right) - Money(right) == Money(left)
    negated = -Money(left)
    assert -negated == Money(left)
    assert total([Money(left), Money(right)]) == Money(left + right)


@pytest.mark.parametrize("text", ["1.005", "one", "NaN", "Infinity", "1,00", "1e40"])
def test_money_is_never_guessed(text: str) -> None:
    with pytest.raises(MalformedError):
        Money.parse(text)


def test_money_of_two_currencies_is_never_added() -> None:
    with pytest.raises(MalformedError, match="USD and EUR"):
        Money(1, "USD") + Money(1, "EUR")


def test_an_empty_sum_is_zero_and_a_blank_amount_too() -> None:
    assert total([]).is_zero
    assert Money.parse(" ").is_zero
    assert abs(usd("-12.05")) == usd("12.05")


def test_an_external_id_reads_back_even_with_bars_in_the_number() -> None:
    key = InvoiceKey(100, "AAA", "V1", "V1", "A|B", 2026)
    assert InvoiceKey.parse(key.external_id) == key
    assert key.vendor_external_id == supplier_key(100, "V1") == "100|V1"


@pytest.mark.parametrize("text", ["", "a|b", "x|AAA|V1|V1|N|2026", "100|AAA|V1|V1|N|year"])
def test_a_strange_external_id_is_not_one_of_ours(text: str) -> None:
    assert InvoiceKey.parse(text) is None


def test_keys_derive_from_the_pinned_identity_and_nothing_else() -> None:
    other = PinnedIdentity("ACME_TST", 200, "https://avid.test")
    first = key1(IDENTITY, payment_id="77001", division="AAA", generation=1, kind="T")
    assert first == key1(IDENTITY, payment_id="77001", division="AAA", generation=1, kind="T")
    assert len(first) == 15
    different = {
        key1(other, payment_id="77001", division="AAA", generation=1, kind="T"),
        key1(IDENTITY, payment_id="77002", division="AAA", generation=1, kind="T"),
        key1(IDENTITY, payment_id="77001", division="BBB", generation=1, kind="T"),
        key1(IDENTITY, payment_id="77001", division="AAA", generation=2, kind="T"),
        key1(IDENTITY, payment_id="77001", division="AAA", generation=1, kind="R"),
    }
    assert len(different - {first}) == 5
    assert stream_id(IDENTITY.id, "payment", "1") != stream_id(IDENTITY.id, "posting", "1")
    assert LedgerRow(100, "AAA", 2026, 7, 1).natural_key == "100|AAA|2026|7|1"


def test_a_batch_id_depends_on_its_members_and_attempts_not_on_their_order() -> None:
    assert batch_id([("a", 1), ("b", 1)]) == batch_id([("b", 1), ("a", 1)])
    assert batch_id([("a", 1)]) != batch_id([("a", 2)])
    assert batch_id([("a", 1)]).startswith("TO-")


def test_personal_data_never_shows_itself() -> None:
    assert "704" not in f"{Personal('704-555-0100')!r} {Personal('704-555-0100')}"


def test_a_topic_has_a_version_and_one_class() -> None:
    class Nameless(Event, frozen=True):
        TOPIC: ClassVar[str] = "nameless"

    with pytest.raises(ValueError, match="has no version or is taken"):
        topic(Nameless)
    assert all(name == cls.TOPIC for name, cls in topics().items())


def test_every_event_type_has_a_route_or_an_explicit_nothing() -> None:
    known = set(topics().values())
    assert set(ROUTES) | NOTHING >= known
    assert not set(ROUTES) & NOTHING


def routed(event: Event) -> tuple[object, ...]:
    return route(recorded([event])[0])


def test_a_settled_payment_is_due_and_a_hold_waits_for_its_key() -> None:
    (due,) = routed(payment_events.PaymentSettled(content=payment()))
    assert isinstance(due, Due)
    assert due.errand == "post_payment"
    (wait,) = routed(payment_events.PaymentHeld(payment_id="1", reason="", detail="", waits_for="invoice:x"))
    assert isinstance(wait, Wait)
    (done,) = routed(payment_events.PaymentHeld(payment_id="1", reason="", detail=""))
    assert isinstance(done, Done)
    assert routed(payment_events.PaymentReported(content=payment())) == ()


def test_a_confirmed_reversal_frees_the_reissue() -> None:
    def confirmed(key: str) -> tuple[object, ...]:
        return routed(posting_events.PostingConfirmed(key1=key, payment_id="77001", rows=()))

    assert {Open("reversed:77001"), Open("taken-back:R1")} <= set(confirmed("R1"))
    assert not {Open("reversed:77001"), Open("taken-back:T1")} & set(confirmed("T1"))
    assert Open("posting:T1") in confirmed("T1")


def test_a_reversal_without_anything_booked_frees_the_reissue_at_once() -> None:
    def planned(*tasks: str) -> tuple[object, ...]:
        return routed(
            payment_events.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=tasks)
        )

    assert Open("reversed:77001") in planned()
    assert Open("reversed:77001") not in planned("T1")


def test_rules_name_the_code_groups_and_the_gate() -> None:
    assert rules(dimensions=((2, "Cost center"),)).code_groups == {1: "Accounting Codes", 2: "Cost center"}
    assert rules(gl_accounts="off").code_gate_open
    assert not rules().code_gate_open


def test_errors_carry_what_the_handler_needs() -> None:
    assert TransientError("x", retry_after=2.0).retry_after == 2.0
    assert RefusedError("x", code="XRE0103", field="SUNO").field == "SUNO"
    assert DoubtError("x", why="timeout").why == "timeout"
    assert MalformedError("x", record="INV-77").record == "INV-77"
    assert str(Breach(field="Name", limit=255, length=300)) == "Name has 300 characters, at most 255 are taken"
