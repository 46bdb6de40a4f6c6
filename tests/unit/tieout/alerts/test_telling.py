"""What is still to be told: each alert once, its end once, nothing about what nobody heard of."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from domain.ports.alerts import END, RAISE, STANDING, Entry
from tieout.alerts.standing import Alert
from tieout.alerts.telling import back_off, message, moves, plain_text

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ALERT = Alert(kind="silent", connection="acme", record="payments", title="Silent", mend="Look.", since=NOW)
STANDS = {ALERT.name: ALERT}


def entry(phase: str, *, attempts: int = 0, claimed: bool = False) -> Entry:
    return Entry(
        channel="mail",
        name=ALERT.name,
        phase=phase,
        id="A-1",
        body=msgspec.json.encode(ALERT),
        raised_at=NOW,
        due_at=NOW,
        attempts=attempts,
        claimed_until=NOW + timedelta(seconds=1) if claimed else None,
    )


@pytest.mark.parametrize(
    ("phase", "attempts", "stands", "to"),
    [
        (RAISE, 0, True, None),
        (RAISE, 0, False, ""),
        (RAISE, 1, False, END),
        (STANDING, 0, True, None),
        (STANDING, 0, False, END),
        (END, 0, False, None),
        (END, 0, True, STANDING),
        (END, 1, True, RAISE),
    ],
)
def test_a_known_alert_moves_with_what_stands(phase: str, attempts: int, stands: bool, to: str | None) -> None:  # noqa: FBT001 (a table's column)
    found = moves([entry(phase, attempts=attempts)], STANDS if stands else {}, ["mail"], now=NOW)
    assert [move.to for move in found] == ([] if to is None else [to])


def test_a_new_alert_is_raised_at_every_channel_that_does_not_know_it() -> None:
    found = moves([entry(STANDING)], STANDS, ["mail", "webhook"], now=NOW)
    assert [(move.entry, move.to, move.fresh and move.fresh.channel) for move in found] == [(None, RAISE, "webhook")]


def test_an_alert_that_comes_back_after_its_end_was_tried_gets_another_id() -> None:
    (move,) = moves([entry(END, attempts=2)], STANDS, ["mail"], now=NOW + timedelta(minutes=1))
    assert move.fresh is not None
    assert move.fresh.id != "A-1"


def test_what_a_sender_holds_and_what_another_channel_knows_is_left_alone() -> None:
    assert moves([entry(STANDING, claimed=True)], {}, ["mail"], now=NOW) == []
    assert moves([entry(STANDING)], {}, [], now=NOW) == []


def test_tries_come_further_apart_up_to_an_hour() -> None:
    waits = [back_off(attempts).total_seconds() for attempts in (1, 2, 3, 8, 9, 1000)]
    assert waits == [30, 60, 120, 3600, 3600, 3600]


def test_a_message_tells_states_apart_and_repeats_under_the_same_id() -> None:
    ended = msgspec.structs.replace(entry(END), id="A-2")
    told = message([entry(RAISE), ended], now=NOW)
    assert [(item.id, item.state) for item in told.alerts] == [("A-1", "raised"), ("A-2", "ended")]
    assert told.text == "tieout: acme payments is silent and 1 more"
    assert message([ended], now=NOW).text == "tieout: over: acme payments is silent"
    assert told.id == message([entry(RAISE), ended], now=NOW + timedelta(hours=1)).id
    assert told.id != message([entry(RAISE)], now=NOW).id
    text = plain_text(told)
    assert "ALERT A-1 acme: Silent" in text
    assert "OVER A-2 acme: Silent" in text
    assert text.count("Look.") == 1


def test_the_documented_body_is_what_goes_out() -> None:
    body = msgspec.json.decode(msgspec.json.encode(message([entry(RAISE)], now=NOW)))
    assert list(body) == ["version", "sent_at", "text", "alerts"]
    assert (body["version"], body["sent_at"]) == (1, "2026-03-02T08:00:00Z")
    assert body["alerts"] == [
        {
            "id": "A-1",
            "state": "raised",
            "kind": "silent",
            "connection": "acme",
            "record": "payments",
            "count": 1,
            "title": "Silent",
            "mend": "Look.",
            "since": "2026-03-02T08:00:00Z",
        }
    ]
