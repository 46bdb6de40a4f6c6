"""What older versions stored is folded by today's program: the golden bytes in a real store, on either database."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from actors.relay import Relay
from adapters.eventlog.migrations import migrate
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.schema import SCHEMA_VERSION, create_tables
from adapters.eventlog.store import Store, open_store
from adapters.vault.data_keys import data_key_context
from domain.event import topics
from domain.identifiers import stream_id
from projections import doubts, issues, timeline
from projections.catalogue import ALL
from projections.runner import Runner
from projections.totals import totals
from tests.golden.examples.common import IDENTITY, META
from tests.golden.stored import CIPHERTEXT, DATA_KEY, EXAMPLES, FOLDER, STREAM, Golden, load
from tests.support.folded import PROJECTED, assert_rebuilt_is_same, folded
from tests.unit.adapters.eventlog.sqlite_files import NOW, RING

GOLDEN = {one.topic: one for one in map(load, FOLDER.glob("*.json"))}
DUE = ("pending", "open_keys")
OLDEST = 1  # the first version of the tables that was shipped
BACK_TO_OLDEST = (
    "DROP TABLE workers",
    "ALTER TABLE polls DROP COLUMN claim",
    "UPDATE store_state SET schema_version = 1",
)
Layout = Callable[[Golden], str]


def each_alone(golden: Golden) -> str:
    """Every fact in a stream of its own, as the first thing anybody knows."""
    return golden.topic


def one_upon_another(golden: Golden) -> str:
    """All facts of one kind of record in one stream, in the order of its life."""
    return golden.topic.partition(".")[0]


def streams(layout: Layout) -> Iterator[tuple[UUID, Golden]]:
    """Give every golden event and its stream; sealed fields open only in the stream they were sealed for."""
    for topic in EXAMPLES:
        golden = GOLDEN[topic]
        sealed = CIPHERTEXT.search(golden.stored_state) is not None
        together = layout is one_upon_another and layout(golden) == "supplier"
        yield (STREAM if sealed or together else stream_id(IDENTITY.id, "golden", layout(golden))), golden


def written(layout: Layout) -> list[StoredEvent]:
    """Give the rows as the program of the day wrote them: the topic of the day and the bytes, not read by anybody."""
    lengths: dict[UUID, int] = {}
    rows = []
    for stream, golden in streams(layout):
        lengths[stream] = version = lengths.get(stream, 0) + 1
        rows.append(StoredEvent(stream, version, golden.topic, golden.stored_state))
    return rows


def put(store: Store, rows: list[StoredEvent]) -> None:
    """Put rows into the log, the data key they were sealed with into the vault, and make the tables as old as them."""
    sealed = RING.seal(DATA_KEY, context=data_key_context(STREAM))
    with store.database.writing() as cursor:
        cursor.execute(
            "INSERT INTO vault_keys (stream, key_id, sealed) VALUES (?, ?, ?)", (STREAM.hex, sealed.key_id, sealed.data)
        )
        store.database.events.lock(cursor)
        store.database.events.insert(cursor, rows)
        for statement in BACK_TO_OLDEST:
            cursor.execute(statement)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tieout.db'}"
    on_a_server: str = request.getfixturevalue("store_url")
    return on_a_server


@pytest.mark.parametrize("layout", [each_alone, one_upon_another])
def test_golden_events_of_every_version_are_read_routed_and_folded(url: str, layout: Layout) -> None:
    rows = written(layout)
    assert {row.topic for row in rows} == set(GOLDEN) >= set(topics())
    create_tables(url, now=NOW)
    with open_store(url, ring=RING, now=lambda: NOW) as store:
        put(store, rows)
    done = migrate(url, dumped=True)
    assert (done.from_version, done.to_version, done.events) == (OLDEST, SCHEMA_VERSION, len(rows))
    assert migrate(url).steps == 0
    with open_store(url, ring=RING, now=lambda: NOW) as store:
        assert_read(store, rows)
        assert_routed(store, len(rows))
        assert_folded(store, len(rows))


def assert_read(store: Store, rows: list[StoredEvent]) -> None:
    """The log gives each as its example, whether it is followed or a record is loaded."""
    log = store.log.read(after=0, limit=10_000)
    assert [(one.stream, one.version) for one in log] == [(row.originator_id, row.originator_version) for row in rows]
    assert [one.event for one in log] == [EXAMPLES[row.topic] for row in rows]
    assert {one.meta for one in log} == {META}
    by_stream = store.log.load(list({one.stream for one in log}))
    assert sorted((one for found in by_stream.values() for one in found), key=lambda one: one.position) == log


def assert_routed(store: Store, length: int) -> None:
    """The relay folds all of them into due work, and into the same work when it begins anew."""
    relay = Relay(store.relay_table)
    assert relay.drain() == length
    due = folded(store, DUE)
    assert due["pending"]
    assert relay.rebuild() == length
    assert folded(store, DUE) == due


def assert_folded(store: Store, length: int) -> None:
    """Every projection folds all of them, its rows can be read, and each fact has its sentence."""
    tables = ProjectionTables(store.database)
    assert Runner(store.log, tables, ALL).catch_up() == length
    assert set(tables.positions([one.name for one in ALL]).values()) == {store.log.last_position()}
    assert all(folded(store, PROJECTED).values())
    assert_rebuilt_is_same(store)
    assert totals(tables, IDENTITY.id)["suppliers"]["seen"] >= 1
    assert issues.listed(tables, IDENTITY.id)
    assert all(doubt.evidence for doubt in doubts.listed(tables, IDENTITY.id))
    assert all(timeline.entry(one).summary for one in store.log.read(after=0, limit=10_000))
