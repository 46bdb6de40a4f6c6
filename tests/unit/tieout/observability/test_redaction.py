"""No secret and no personal datum comes into a log line, whichever way it is handed over."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
import structlog

from adapters.http_messages import Reply, Request
from adapters.infor.auth import Token
from adapters.vault.keyring import KeyRing, Sealed, generate_ring
from domain.event import Personal
from tests.support.secret_shapes import CANARY, Shape, carriers, made
from tieout import output
from tieout.observability.redaction import RedactingHandler, is_secret_name, redacted, scrubbed

LOGGER = logging.getLogger("tieout.test")
FORMATS = ("text", "json")


class Login(msgspec.Struct):
    """A shape nobody taught to keep quiet."""

    user: str
    password: str


class Pair(NamedTuple):
    user: str
    api_key: str


@dataclass
class Card:
    user: str
    token: str


@contextmanager
def logging_as(log_format: str) -> Iterator[None]:
    try:
        output.log_to_stderr(debug=True, log_format=log_format)
        yield
    finally:
        output.log_to_stderr(debug=False)


def as_argument(thing: Any) -> None:
    LOGGER.error("saw %s and %r", thing, [thing])


def as_mapping(thing: Any) -> None:
    LOGGER.error("saw %(thing)s", {"thing": thing})


def as_message(thing: Any) -> None:
    LOGGER.error(thing)


def as_extra(thing: Any) -> None:
    LOGGER.error("saw it", extra={"thing": thing, "inside": {"a": [thing]}})


def as_exception(thing: Any) -> None:
    def fail(hidden_local: Any) -> None:
        raise ValueError(hidden_local)

    try:
        fail(thing)
    except ValueError:
        LOGGER.exception("it failed")


def as_cause(thing: Any) -> None:
    error = ValueError("worse")
    error.__cause__ = KeyError(thing)
    output.show_fault(error)


def through_structlog(thing: Any) -> None:
    structlog.get_logger("tieout.test").error("saw it", thing=thing, inside={"a": (thing,)})


WAYS = (as_argument, as_mapping, as_message, as_extra, as_exception, as_cause, through_structlog)


def test_the_walk_finds_what_is_known_to_carry_secrets() -> None:
    found = {f"{shape.__module__}.{shape.__qualname__}" for shape in carriers()}
    assert found >= {
        "adapters.infor.ionapi.Credentials",
        "adapters.avidxchange.settings.Credentials",
        "tieout.wiring.credentials.AvidTokens",
        "domain.suppliers.events.SupplierContent",
        "domain.suppliers.events.SupplierRecorded",
    }


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", carriers(), ids=lambda shape: shape.__qualname__)
def test_no_shape_in_the_tree_lets_its_secret_out(
    shape: Shape, way: Callable[[Any], None], log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    thing = made(shape)
    with logging_as(log_format):
        way(thing)
    err = capsys.readouterr().err
    assert err
    assert CANARY not in err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "thing",
    [
        Personal(CANARY),
        Sealed("k1", CANARY.encode()),
        KeyRing.parse(generate_ring()),
        Token(value=CANARY, refresh_at=1.0, life_seconds=2),
        Request(method="GET", url=f"http://h/a?b={CANARY}", headers={"X": CANARY}, body=CANARY.encode()),
        Reply(status=200, headers={"X": CANARY}, body=CANARY.encode()),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_hides_itself_stays_hidden(
    thing: Any, way: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_as("json"):
        way(thing)
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("way", [as_argument, as_mapping, as_extra, through_structlog])
@pytest.mark.parametrize(
    "thing",
    [
        Login("ann", CANARY),
        Pair("ann", CANARY),
        Card("ann", CANARY),
        {"user": "ann", "X-Company-Token": CANARY},
        CANARY.encode(),
        f"https://ann:{CANARY}@host/db",
        f"amqp://ann:4/{CANARY}@host/db",
        f"amqp://ann:p@{CANARY}@host/db",
        f"Authorization: Bearer {CANARY}",
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_shape_nobody_taught_is_judged_by_names_and_types(
    thing: Any, way: Callable[[Any], None], log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_as(log_format):
        way(thing)
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "client_secret",
        "access_token",
        "X-User-Token",
        "userToken",
        "Authorization",
        "TIEOUT_KEYS",
        "tax_id",
    ],
)
def test_a_key_named_like_a_secret_is_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["key", "keys", "token_url", "company_token_header", "user", "supplier_emails", "token_seconds"]
)
def test_a_key_about_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name)


def test_numbers_times_and_ids_are_shown_as_they_are() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    assert redacted([1, None, True, 1.5]) == [1, None, True, 1.5]
    assert redacted(moment) == "2026-03-02 00:00:00+00:00"
    assert redacted(Decimal("1.10")) == "1.10"
    assert redacted(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert redacted(Login("ann", "x")) == "Login(user='ann', password='…')"
    assert redacted(ValueError("no")) == "ValueError: no"


def test_a_text_without_end_is_cut_and_a_thing_within_itself_ends() -> None:
    assert len(scrubbed("a" * 100_000)) == 8193
    circle: list[Any] = []
    circle.append(circle)
    assert "…" in str(redacted(circle))


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_line_that_cannot_be_written_shows_no_arguments(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("tieout.test", logging.ERROR, __file__, 1, "%d items", (CANARY,), None)
    with logging_as(log_format):
        for handler in logging.getLogger().handlers:
            if isinstance(handler, RedactingHandler):
                handler.handle(record)
    err = capsys.readouterr().err
    assert "tieout.test" in err
    assert CANARY not in err
    assert len(err.splitlines()) == 1
    if log_format == "json":
        assert json.loads(err)["event"] == "a log line of tieout.test was lost"
