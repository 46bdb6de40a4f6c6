"""Which alerts stand: decided from what is known, told in fixed words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.money import Money
from projections.doubts import Doubt
from projections.issue_kinds import KINDS
from projections.issues import Issue, IssueRecord
from tieout.alerts.standing import (
    AS_DOUBT,
    KIND_NAMES,
    URGENT,
    Bounds,
    ConnectionView,
    Credential,
    Flow,
    Waiting,
    alerts,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOUNDS = Bounds(
    doubt_after=timedelta(minutes=30),
    stuck_after=DAY,
    silent_after_intervals=4,
    credential_life=timedelta(days=365),
    credential_warning=timedelta(days=14),
)


def standing(bounds: Bounds = BOUNDS, **seen: Any) -> dict[str, datetime]:
    """Give the alerts of a connection by name, with the time they stand since."""
    told = {"name": "acme", "paused": False, "going_since": NOW - timedelta(days=100)}
    view = ConnectionView(**{**told, **seen})
    return {name: alert.since for name, alert in alerts((view,), bounds, now=NOW).items()}


def doubt(since: datetime, next_look: datetime | None) -> Doubt:
    return Doubt(
        id="D-ABCDEF",
        connection=UUID(int=1),
        stream=UUID(int=2),
        kind="invoice",
        record="100|AAA|V1",
        payment_id="",
        money=Money(100),
        since=since,
        unknown="AvidXchange said: ann@example.com",
        next_look=next_look,
        evidence=(),
    )


def issue(kind: str, *records: str) -> Issue:
    found = KINDS[kind]
    return Issue(
        id="I-ABCDEF",
        connection=UUID(int=1),
        cause=kind,
        kind=kind,
        title=found.title,
        why="somebody wrote 12-3456789",
        mend=found.mend,
        urgent=found.urgent,
        opened_at=NOW,
        money=(),
        records=tuple(
            IssueRecord(stream=UUID(int=n), kind="invoice", record=name, why="12-3456789", since=NOW, money=None)
            for n, name in enumerate(records)
        ),
        retried_at=None,
        retried_by="",
    )


def test_a_doubt_is_an_alert_when_it_lasts_or_a_person_must_look() -> None:
    later = NOW + HOUR
    assert standing(doubts=(doubt(NOW - timedelta(minutes=29), later),)) == {}
    long = doubt(NOW - timedelta(minutes=30), later)
    assert standing(doubts=(long,)) == {"doubt|acme|100|AAA|V1": long.since}
    assert list(standing(doubts=(doubt(NOW, None),))) == ["doubt|acme|100|AAA|V1"]


def test_what_is_urgent_is_an_alert_for_each_record() -> None:
    found = standing(issues=(issue("invoice-found-twice", "A", "B", "A"), issue("invoice-at-risk", "C")))
    assert list(found) == ["double|acme|A", "double|acme|B", "at_risk|acme|C"]
    assert standing(issues=(issue("invoice-held", "A"), issue("posting-at-desk", "B"))) == {}


def test_every_urgent_kind_of_issue_is_an_alert() -> None:
    assert {name for name, kind in KINDS.items() if kind.urgent} == URGENT.keys() | AS_DOUBT
    assert set(URGENT.values()) <= KIND_NAMES.keys()


def test_records_that_wait_too_long_are_one_alert_for_their_flow() -> None:
    old, older = NOW - DAY, NOW - 2 * DAY
    waiting = (
        Waiting(flow="invoices", since=(NOW - HOUR, old, older)),
        Waiting(flow="suppliers", since=(NOW - HOUR,)),
        Waiting(flow="payments", since=()),
    )
    view = ConnectionView(name="acme", paused=False, going_since=NOW, waiting=waiting)
    (alert,) = alerts((view,), BOUNDS, now=NOW).values()
    assert (alert.name, alert.since, alert.count) == ("stuck|acme|invoices", older, 2)


@pytest.mark.parametrize(
    ("polled", "going", "since"),
    [
        (NOW - HOUR, NOW - DAY, NOW - HOUR),
        (NOW - HOUR + timedelta(seconds=1), NOW - DAY, None),
        (None, NOW - DAY, NOW - DAY),
        (None, NOW - timedelta(minutes=59), None),
        (NOW - DAY, NOW - timedelta(minutes=59), None),  # resumed a moment ago
    ],
)
def test_a_flow_without_a_good_poll_for_four_intervals_is_silent(
    polled: datetime | None, going: datetime, since: datetime | None
) -> None:
    flow = Flow(flow="payments", every=timedelta(minutes=15), polled_at=polled)
    expected = {} if since is None else {"silent|acme|payments": since}
    assert standing(flows=(flow,), going_since=going) == expected


def test_a_flow_that_a_person_must_mend_is_silent_at_once() -> None:
    flow = Flow(flow="payments", every=HOUR, polled_at=NOW, stopped_at=NOW)
    view = ConnectionView(name="acme", paused=False, going_since=NOW, flows=(flow,))
    (alert,) = alerts((view,), BOUNDS, now=NOW).values()
    assert (alert.name, alert.since) == ("silent|acme|payments", NOW)
    assert "credentials must be mended" in alert.title


def test_flows_without_a_token_are_one_alert_for_its_system() -> None:
    flows = (
        Flow(flow="invoices", every=HOUR, polled_at=NOW - timedelta(minutes=20), shut_out_by="infor"),
        Flow(flow="suppliers", every=HOUR, polled_at=NOW - timedelta(minutes=40), shut_out_by="infor"),
        Flow(flow="payments", every=HOUR, polled_at=NOW),
    )
    assert standing(flows=flows) == {"token|acme|infor": NOW - timedelta(minutes=40)}
    assert standing(flows=flows, paused=True) == {}
    assert standing(flows=flows[2:]) == {}


def test_a_refused_token_stands_since_the_refusal_beside_the_flows_that_stopped() -> None:
    flow = Flow(flow="payments", every=HOUR, polled_at=NOW - HOUR, stopped_at=NOW, shut_out_by="avidxchange")
    assert standing(flows=(flow,)) == {"silent|acme|payments": NOW, "token|acme|avidxchange": NOW}


def test_a_paused_connection_is_neither_silent_nor_stuck_but_its_doubts_stand() -> None:
    flow = Flow(flow="payments", every=timedelta(minutes=15), polled_at=None)
    waiting = Waiting(flow="invoices", since=(NOW - 2 * DAY,))
    found = standing(paused=True, flows=(flow,), waiting=(waiting,), doubts=(doubt(NOW, None),))
    assert list(found) == ["doubt|acme|100|AAA|V1"]


def test_a_credential_about_to_end_is_an_alert_two_weeks_before() -> None:
    stored = NOW - timedelta(days=351)
    young = Credential(system="avidxchange", stored_at=stored + timedelta(seconds=1))
    old = Credential(system="infor", stored_at=stored)
    assert standing(credentials=(young, old)) == {"credential|acme|infor": NOW}
    unknown = msgspec.structs.replace(BOUNDS, credential_life=None)
    assert standing(unknown, credentials=(young, old)) == {}


def test_an_alert_repeats_nothing_that_a_remote_said() -> None:
    view = ConnectionView(
        name="acme",
        paused=False,
        going_since=NOW,
        doubts=(doubt(NOW, None),),
        issues=(issue("invoice-found-twice", "A"),),
    )
    said = msgspec.json.encode(alerts((view,), BOUNDS, now=NOW)).decode()
    assert "12-3456789" not in said
    assert "ann@" not in said
    assert "100.00" not in said
