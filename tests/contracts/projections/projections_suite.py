"""What every ProjectionStore promises: rows move together with their position, are listed in order, and are found."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from domain.event import topics
from domain.identifiers import PinnedIdentity
from domain.ports.projections import Changes, ProjectionStore, Row, RowKey, Tally
from projections.catalogue import ALL
from projections.memory import MemoryProjections
from projections.runner import Runner
from projections.totals import totals
from tests.unit.projections.book import CONNECTION, examples
from tests.unit.projections.test_runner import log_of

HERE = PinnedIdentity("ACME_TST", 100, "x").id
THERE = PinnedIdentity("ACME_TST", 200, "x").id


def row(key: str, state: str = "sent", **changes: object) -> Row:
    """A row that is sorted by its key."""
    base = Row(connection=HERE, key=key, state=state, sort_key=key, amount=100, data=b'{"a":1}')
    return msgspec.structs.replace(base, **changes)


def saved(store: ProjectionStore, *rows: Row, after: int = 0, projection: str = "things") -> None:
    """Save rows as a page that ends one event later."""
    assert store.apply([Changes(projection=projection, after=after, position=after + 1, save=rows)])


def holds_the_same_rows_as_the_memory(storage: ProjectionStore) -> None:
    """Fold one log of every event into the storage and into memory, by other pages, and compare."""
    events = [example for event_type in topics().values() for example in examples(event_type)]
    log = log_of([(event, number) for number in (1, 2, 3) for event in events])
    memory = MemoryProjections()
    Runner(log, memory, ALL).catch_up()
    runner = Runner(log, storage, ALL)
    runner.catch_up(7)
    for projection in ALL:
        assert storage.rows(projection.name) == memory.rows(projection.name)
    assert totals(storage, CONNECTION) == totals(memory, CONNECTION)
    before = {projection.name: storage.rows(projection.name) for projection in ALL}
    runner.rebuild()
    assert {projection.name: storage.rows(projection.name) for projection in ALL} == before


class ProjectionsSuite:
    """Inherited once per store; the module gives a `storage` fixture."""

    def test_a_row_comes_back_as_it_was_saved(self, storage: ProjectionStore) -> None:
        kept = row("a", terms=("100|v1", "v1"), data=b"\x00\xff")
        saved(storage, kept, row("b"))
        found = storage.load("things", [kept.row_key, RowKey(HERE, "nothing"), RowKey(THERE, "a")])
        assert found == {kept.row_key: kept}
        assert storage.load("others", [kept.row_key]) == {}
        assert storage.load("things", []) == {}

    def test_many_rows_are_loaded_at_once(self, storage: ProjectionStore) -> None:
        rows = [row(f"{n:04}", terms=(f"t{n}",)) for n in range(900)]
        saved(storage, *rows)
        assert storage.load("things", [r.row_key for r in rows]) == {r.row_key: r for r in rows}

    def test_a_saved_row_replaces_the_one_before_with_its_terms(self, storage: ProjectionStore) -> None:
        saved(storage, row("a", terms=("old", "both")))
        newer = row("a", "refused", amount=7, terms=("both", "new"))
        saved(storage, newer, after=1)
        assert storage.rows("things") == [newer]
        assert storage.find("old", exact=True, projections=["things"], limit=5) == []

    def test_rows_and_position_move_together_or_not_at_all(self, storage: ProjectionStore) -> None:
        saved(storage, row("a"))
        assert storage.positions(["things", "others"]) == {"things": 1, "others": 0}
        late = Changes(projection="things", after=0, position=5, save=(row("b"),), delete=(row("a").row_key,))
        fits = Changes(projection="others", after=0, position=5, save=(row("c"),))
        assert storage.apply([fits, late]) is False
        assert storage.rows("things") == [row("a")]
        assert storage.rows("others") == []
        assert storage.positions(["things", "others"]) == {"things": 1, "others": 0}

    def test_a_deleted_row_is_gone_with_its_terms(self, storage: ProjectionStore) -> None:
        saved(storage, row("a", terms=("x",)), row("b"))
        gone = Changes(projection="things", after=1, position=2, delete=(row("a").row_key, RowKey(HERE, "never there")))
        assert storage.apply([gone])
        assert storage.rows("things") == [row("b")]
        assert storage.find("x", exact=True, projections=["things"], limit=5) == []

    def test_rows_are_listed_by_connection_and_state_in_order(self, storage: ProjectionStore) -> None:
        elsewhere = row("b", connection=THERE)
        saved(storage, row("c"), row("a", "held"), elsewhere, row("d", sort_key="b"))
        assert [r.key for r in storage.rows("things", connection=HERE)] == ["a", "d", "c"]
        assert storage.rows("things", connection=THERE) == [elsewhere]
        assert len(storage.rows("things")) == 4
        assert [r.key for r in storage.rows("things", connection=HERE, states=["held", "none"])] == ["a"]
        assert storage.rows("things", states=[]) == []

    def test_a_list_can_be_read_in_pages(self, storage: ProjectionStore) -> None:
        saved(storage, *(row(f"k{n}", sort_key="same" if n < 3 else f"z{n}") for n in range(6)))
        first = storage.rows("things", connection=HERE, limit=2)
        second = storage.rows("things", connection=HERE, after=(first[-1].sort_key, first[-1].key), limit=3)
        assert [r.key for r in (*first, *second)] == ["k0", "k1", "k2", "k3", "k4"]

    def test_counts_and_sums_are_by_state(self, storage: ProjectionStore) -> None:
        saved(storage, row("a"), row("b", amount=-30), row("c", "held"), row("d", connection=THERE))
        assert storage.tally("things", connection=HERE) == {"sent": Tally(2, 70), "held": Tally(1, 100)}
        assert storage.tally("others", connection=HERE) == {}

    def test_rows_are_found_by_a_term_or_its_beginning(self, storage: ProjectionStore) -> None:
        saved(storage, row("a", terms=("inv-77", "100|v1|inv-77")), row("b", connection=THERE, terms=("inv-770",)))
        saved(storage, row("p", terms=("inv-77",)), projection="others")

        def keys(text: str, *, exact: bool, projections: tuple[str, ...] = ("things", "others")) -> list[str]:
            found = storage.find(text, exact=exact, projections=projections, limit=10)
            return [hit.key for hit in found]

        assert keys("INV-77", exact=True) == ["p", "a"]
        assert keys("INV-77", exact=False) == ["p", "a", "b"]
        assert keys("inv-77", exact=True, projections=("things",)) == ["a"]
        assert keys("inv-77%", exact=False) == []
        assert keys("inv", exact=True) == []

    def test_a_search_is_bounded_and_may_keep_to_a_connection(self, storage: ProjectionStore) -> None:
        saved(storage, row("a", terms=("x1",)), row("b", terms=("x2",)), row("c", connection=THERE, terms=("x3",)))
        (hit,) = storage.find("x", connection=THERE, exact=False, projections=["things"], limit=10)
        assert (hit.projection, hit.connection, hit.key, hit.name, hit.term) == ("things", THERE, "c", "c", "x3")
        assert len(storage.find("x", exact=False, projections=["things"], limit=2)) == 2

    def test_clearing_drops_rows_terms_and_position_of_one_projection(self, storage: ProjectionStore) -> None:
        saved(storage, row("a", terms=("x",)))
        saved(storage, row("a", terms=("x",)), projection="others")
        storage.clear("things")
        assert storage.rows("things") == []
        assert storage.positions(["things", "others"]) == {"things": 0, "others": 1}
        assert len(storage.find("x", exact=True, projections=["things", "others"], limit=5)) == 1
        saved(storage, row("b"))

    @pytest.mark.parametrize("workers", [4])
    def test_of_several_runners_with_the_same_page_one_wins(self, storage: ProjectionStore, workers: int) -> None:
        def run(number: int) -> bool:
            change = Changes(projection="things", after=0, position=3, save=(row("a", amount=number),))
            return storage.apply([change])

        with ThreadPoolExecutor(workers) as pool:
            won = list(pool.map(run, range(workers)))
        assert won.count(True) == 1
        (kept,) = storage.rows("things")
        assert kept.amount == won.index(True)
