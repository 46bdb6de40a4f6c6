"""Alerts over a real book: told once by several relays and across restarts, retried, and never in the way."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.alerting.book import AlertTable
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import Store
from domain.errors import StoreError, TransientError
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.postgres_stores import opened_on
from tests.unit.adapters.eventlog.sqlite_files import url_of
from tieout.alerts.standing import Alert
from tieout.alerts.telling import Message
from tieout.alerts.watch import LEASE, LOOK_EVERY, Watch

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WAIT_SECONDS = 30
SILENT = Alert(kind="silent", connection="acme", record="payments", title="Silent", mend="Look.", since=NOW)
STUCK = Alert(kind="stuck", connection="acme", record="invoices", title="Stuck", mend="Look.", since=NOW)


class Channel:
    """A channel that remembers, and that fails while it is told to."""

    def __init__(self, name: str = "webhook") -> None:
        self.name = name
        self.broken = False
        self.closed = False
        self.told: list[str] = []

    def send(self, told: Message) -> None:
        if self.broken:
            raise TransientError("the webhook at hooks.test: answered 503")
        self.told += [f"{item.state} {item.record}" for item in told.alerts]

    def close(self) -> None:
        self.closed = True


on_either_store = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Make an empty store, over SQLite where a test does not say otherwise."""
    on_server = getattr(request, "param", "") == "postgresql"
    made = emptied(request.getfixturevalue("postgres_url")) if on_server else url_of(tmp_path / "tieout.db")
    create_tables(made, now=NOW)
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with opened_on(url) as store:
        yield store


def watching(store: Store, stands: list[Alert], *channels: Channel) -> Watch:
    return Watch(lambda _: {alert.name: alert for alert in stands}, AlertTable(store.database), channels)


@on_either_store
def test_an_alert_is_told_once_and_its_end_once(store: Store) -> None:
    channel, stands = Channel(), [SILENT]
    watch = watching(store, stands, channel)
    for _ in range(3):
        watch.look_and_tell(NOW)
    assert channel.told == ["raised payments"]
    stands.clear()
    for _ in range(3):
        watch.look_and_tell(NOW)
    assert channel.told == ["raised payments", "ended payments"]
    stands.append(SILENT)
    watch.look_and_tell(NOW)
    assert channel.told[2:] == ["raised payments"]


@on_either_store
def test_a_restart_tells_nothing_twice(url: str) -> None:
    channel = Channel()
    with opened_on(url) as store:
        watching(store, [SILENT], channel).look_and_tell(NOW)
    with opened_on(url) as store:
        watching(store, [SILENT, STUCK], channel).look_and_tell(NOW)
        watching(store, [], channel).look_and_tell(NOW)
    assert channel.told == ["raised payments", "raised invoices", "ended payments", "ended invoices"]


@on_either_store
def test_many_relays_at_once_tell_each_alert_once(store: Store) -> None:
    channel = Channel()
    stands = [
        Alert(kind="double", connection="acme", record=str(n), title="t", mend="m", since=NOW) for n in range(120)
    ]
    begin = threading.Barrier(4)

    def relay() -> None:
        begin.wait(WAIT_SECONDS)
        watching(store, stands, channel).look_and_tell(NOW)

    relays = [threading.Thread(target=relay) for _ in range(4)]
    for one in relays:
        one.start()
    for one in relays:
        one.join(WAIT_SECONDS)
    assert sorted(channel.told) == sorted(f"raised {n}" for n in range(120))


def test_a_channel_that_fails_is_tried_again_later_and_the_others_go_on(store: Store) -> None:
    hook, mail = Channel("webhook"), Channel("mail")
    hook.broken = True
    watch = watching(store, [SILENT], hook, mail)
    watch.look_and_tell(NOW)
    assert (hook.told, mail.told) == ([], ["raised payments"])
    (entry,) = [one for one in AlertTable(store.database).entries() if one.channel == "webhook"]
    assert (entry.attempts, entry.last_error) == (1, "the webhook at hooks.test: answered 503")
    hook.broken = False
    watch.look_and_tell(NOW + timedelta(seconds=29))
    assert hook.told == []
    watch.look_and_tell(NOW + timedelta(seconds=30))
    assert (hook.told, mail.told) == (["raised payments"], ["raised payments"])


def test_an_alert_that_ended_before_anybody_heard_of_it_is_told_only_when_a_try_may_have_arrived(
    store: Store,
) -> None:
    channel, stands = Channel(), [SILENT]
    channel.broken = True
    watch = watching(store, stands, channel)
    watch.look_and_tell(NOW)
    stands.clear()
    channel.broken = False
    watch.look_and_tell(NOW + timedelta(minutes=1))
    assert channel.told == ["ended payments"]
    assert AlertTable(store.database).entries() == []


@on_either_store
def test_what_a_killed_relay_held_is_told_when_its_lease_is_over(store: Store) -> None:
    channel, book = Channel(), AlertTable(store.database)
    channel.broken = True
    watch = watching(store, [SILENT], channel)
    watch.look_and_tell(NOW)
    later = NOW + timedelta(minutes=1)
    (held,) = book.claim("webhook", now=later, lease=LEASE, limit=10)
    channel.broken = False
    watch.look_and_tell(later)
    assert channel.told == []
    after = later + LEASE
    watch.look_and_tell(after)
    assert channel.told == ["raised payments"]
    book.failed([held], until=after, text="late")  # its claim is lost: nothing is told again
    book.delivered([held])
    watch.look_and_tell(after)
    assert channel.told == ["raised payments"]


def test_a_round_returns_at_once_and_one_look_is_under_way_at_most(store: Store) -> None:
    channel = Channel()
    begun, go_on = threading.Event(), threading.Event()
    looks = []

    def look(now: datetime) -> dict[str, Alert]:
        looks.append(now)
        begun.set()
        assert go_on.wait(WAIT_SECONDS)
        return {SILENT.name: SILENT}

    watch = Watch(look, AlertTable(store.database), [channel])
    watch.round(NOW)
    assert begun.wait(WAIT_SECONDS)
    watch.round(NOW + LOOK_EVERY)
    assert (looks, channel.told, watch.is_busy) == ([NOW], [], True)
    go_on.set()
    watch.close()
    assert (channel.told, channel.closed) == (["raised payments"], True)
    watch.round(NOW + LOOK_EVERY - timedelta(seconds=1))
    assert looks == [NOW]


@pytest.mark.parametrize("fault", [StoreError("the store is locked"), RuntimeError("nobody foresaw it")])
def test_a_look_that_fails_is_logged_and_the_next_one_goes_on(
    store: Store, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    channel, faults = Channel(), [fault]

    def look(_: datetime) -> dict[str, Alert]:
        if faults:
            raise faults.pop()
        return {SILENT.name: SILENT}

    watch = Watch(look, AlertTable(store.database), [channel])
    watch.round(NOW)
    watch.close()
    assert str(fault) in caplog.text
    watch.round(NOW + LOOK_EVERY)
    watch.close()
    assert channel.told == ["raised payments"]


def test_without_a_channel_nobody_looks(store: Store) -> None:
    def look(_: datetime) -> dict[str, Alert]:
        raise AssertionError

    Watch(look, AlertTable(store.database), []).round(NOW)
    assert AlertTable(store.database).entries() == []
