"""Stored events are read back by type, whatever topic version wrote them."""

from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest
from eventsourcing.persistence import Notification

from adapters.eventlog.mapper import EventMapper
from adapters.eventlog.personal import holds_personal
from domain.errors import MalformedError, MisconfiguredError
from domain.event import Event, Meta, Personal, Recorded
from tests.unit.adapters.eventlog.sqlite_files import CONNECTION, NOW, RELEASED, SUPPLIER

META = Meta(connection=CONNECTION, recorded_at=NOW, occurred_at=NOW, correlation_id="c", causation_id="e", actor="Ann")
STREAM = uuid4()
KEY = bytes(range(32))


class FeePaid(Event, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "test.fee-paid/3"
    amount: Decimal
    payer: str
    note: str


def stored(event: Event, *, key: bytes | None = KEY, stream: UUID = STREAM) -> Notification:
    recorded = Recorded(stream=stream, version=4, meta=META, event=event)
    written = EventMapper().to_stored(recorded, {stream: key})
    return Notification(
        id=9,
        originator_id=written.originator_id,
        originator_version=written.originator_version,
        topic=written.topic,
        state=written.state,
    )


def raw(topic: str, event: dict[str, Any], *, numbers: bytes | None = None) -> Notification:
    state = msgspec.json.encode({"meta": META, "event": event})
    return Notification(
        id=9,
        originator_id=STREAM,
        originator_version=1,
        topic=topic,
        state=state.replace(b'"NUMBER"', numbers) if numbers else state,
    )


def test_an_event_comes_back_with_everything_that_stands_beside_it() -> None:
    recorded = EventMapper().to_recorded(stored(RELEASED), {})
    assert recorded == Recorded(stream=STREAM, version=4, position=9, meta=META, event=RELEASED)


def test_personal_data_is_ciphertext_in_the_state_and_plain_in_memory() -> None:
    written = stored(SUPPLIER)
    assert b"12-3456789" not in written.state
    assert b"Main Street" not in written.state
    assert b"Smith" in written.state
    assert EventMapper().to_recorded(written, {STREAM: KEY}).event == SUPPLIER


def test_the_same_personal_data_never_gives_the_same_ciphertext() -> None:
    assert stored(SUPPLIER).state != stored(SUPPLIER).state


def test_under_an_erased_key_personal_data_is_empty_and_the_rest_is_there() -> None:
    event = EventMapper().to_recorded(stored(SUPPLIER), {STREAM: None}).event
    assert event.content.tax_id == Personal("")  # type: ignore[attr-defined]  # the event is a SupplierRecorded
    assert event.content.address.line1 == Personal("")  # type: ignore[attr-defined]  # likewise
    assert event.content.name == "Smith"  # type: ignore[attr-defined]  # likewise


def test_nothing_personal_is_written_under_an_erased_key() -> None:
    event = EventMapper().to_recorded(stored(SUPPLIER, key=None), {STREAM: KEY}).event
    assert event.content.tax_id == Personal("")  # type: ignore[attr-defined]  # the event is a SupplierRecorded


def test_ciphertext_moved_to_another_stream_does_not_open() -> None:
    written = stored(SUPPLIER)
    moved = Notification(id=9, originator_id=uuid4(), originator_version=1, topic=written.topic, state=written.state)
    with pytest.raises(MalformedError, match="does not open"):
        EventMapper().to_recorded(moved, {moved.originator_id: KEY})  # type: ignore[dict-item]  # it is a UUID here


def test_a_topic_of_a_newer_program_asks_for_that_program() -> None:
    with pytest.raises(MisconfiguredError, match="newer"):
        EventMapper().to_recorded(raw("invoice.beamed-up/1", {}), {})


def test_an_event_that_lacks_a_field_is_named_by_its_position() -> None:
    with pytest.raises(MalformedError) as malformed:
        EventMapper().to_recorded(raw("invoice.released/1", {"why": "x"}), {})
    assert malformed.value.record == "9"


def test_an_old_topic_is_brought_up_to_date_step_by_step_without_binary_floats() -> None:
    upcasts = {
        "test.fee-paid/1": ("test.fee-paid/2", lambda event: {**event, "payer": "unknown"}),
        "test.fee-paid/2": ("test.fee-paid/3", lambda event: {**event, "note": f"was {event['amount']}"}),
    }
    mapper = EventMapper(upcasts=upcasts, registered=lambda: {FeePaid.TOPIC: FeePaid})
    old = raw("test.fee-paid/1", {"amount": "NUMBER"}, numbers=b"0.10")
    assert mapper.to_recorded(old, {}).event == FeePaid(amount=Decimal("0.10"), payer="unknown", note="was 0.10")
    assert not mapper.needs_key("test.fee-paid/1")


def test_personal_fields_are_found_by_type_at_any_depth() -> None:
    class Deep(Event, frozen=True, kw_only=True):
        parts: tuple[dict[str, Personal | None], ...]

    class InList(Event, frozen=True, kw_only=True):
        parts: list[Personal]

    assert holds_personal(Deep)
    assert holds_personal(type(SUPPLIER))
    assert not holds_personal(type(RELEASED))
    with pytest.raises(TypeError, match="tuples and dicts only"):
        holds_personal(InList)


def test_personal_fields_in_tuples_and_dicts_are_written_as_ciphertext() -> None:
    class Deep(Event, frozen=True, kw_only=True):
        TOPIC: ClassVar[str] = "test.deep/1"
        parts: tuple[dict[str, Personal | None], ...]
        words: tuple[str, ...]

    deep = Deep(parts=({"a": Personal("secret"), "b": None},), words=("plain",))
    mapper = EventMapper(registered=lambda: {Deep.TOPIC: Deep})
    written = stored(deep)
    assert b"secret" not in written.state
    assert mapper.to_recorded(written, {STREAM: KEY}).event == deep
