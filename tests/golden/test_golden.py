"""What was stored once is read for ever: a stored event of every topic and version ever shipped."""

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
import pytest

from adapters.eventlog.mapper import EventMapper
from domain.errors import MalformedError
from domain.event import Event, topics
from tests.golden.stored import CIPHERTEXT, DATA_KEY, EXAMPLES, FOLDER, Golden, load, path_of, recorded
from tests.golden.write import write_missing

FILES = sorted(FOLDER.glob("*.json"))
NONCE_BYTES = 12


def empty_fields(value: Any, name: str = "") -> Iterator[str]:
    """Name the fields of an example that hold nothing, through structs and tuples."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from empty_fields(getattr(value, field), f"{name}.{field}")
    elif isinstance(value, tuple):
        if not value:
            yield name
        for part in value:
            yield from empty_fields(part, name)
    elif value is None or value == "":
        yield name


def encoded(golden: Golden, event: Event, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Write an event as the store would today, with the chance of the day the golden file was written."""
    nonces = iter(base64.b64decode(text)[:NONCE_BYTES] for text in CIPHERTEXT.findall(golden.stored_state))
    monkeypatch.setattr("os.urandom", lambda _: next(nonces))
    return EventMapper().to_stored(recorded(event), {golden.stream: DATA_KEY}).state


def test_every_topic_has_its_golden_file_and_every_file_its_example() -> None:
    assert {path_of(topic) for topic in topics()} <= set(FILES)
    assert {load(path).topic for path in FILES} == set(EXAMPLES)
    assert all(path == path_of(load(path).topic) for path in FILES)


@pytest.mark.parametrize("topic", sorted(EXAMPLES))
def test_a_stored_event_reads_as_its_example(topic: str) -> None:
    assert load(path_of(topic)).read(EventMapper()) == recorded(EXAMPLES[topic])


@pytest.mark.parametrize("topic", sorted(set(EXAMPLES) & set(topics())))
def test_a_shipped_shape_is_still_written_to_the_byte(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = load(path_of(topic))
    assert encoded(golden, EXAMPLES[topic], monkeypatch) == golden.stored_state


def test_every_field_of_an_example_is_filled() -> None:
    assert {topic: list(empty_fields(event)) for topic, event in EXAMPLES.items() if [*empty_fields(event)]} == {}
    assert list(empty_fields(msgspec.structs.replace(EXAMPLES["invoice.held/1"], waits_for=None))) == [".waits_for"]


def test_personal_data_stands_in_no_golden_file() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        assert not any(word in text for word in ("12-3456789", "Industrial", "mueller-hvac", "28208", "555 0148"))
    assert CIPHERTEXT.search(load(path_of("supplier.recorded/1")).stored_state)


def test_nothing_is_missing_and_nothing_is_overwritten() -> None:
    before = {path: path.read_bytes() for path in FILES}
    assert write_missing() == []
    assert {path: path.read_bytes() for path in FILES} == before


class Renamed(Event, frozen=True, kw_only=True):
    """A shipped event whose field was renamed without a new version."""

    TOPIC: ClassVar[str] = "connection.first-posting-chosen/1"
    key1: str


class Grown(Event, frozen=True, kw_only=True):
    """A shipped event that got a field without a new version."""

    TOPIC: ClassVar[str] = "connection.first-posting-chosen/1"
    posting: str
    why: str = ""


def test_a_changed_shape_without_a_new_version_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = load(path_of(Renamed.TOPIC))
    with pytest.raises(MalformedError):
        golden.read(EventMapper(registered=lambda: {Renamed.TOPIC: Renamed}))
    grown = golden.read(EventMapper(registered=lambda: {Grown.TOPIC: Grown})).event
    assert encoded(golden, grown, monkeypatch) != golden.stored_state
