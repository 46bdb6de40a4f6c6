"""Lists of many pages: a world draws how long its pages are, and between two of them everything may happen."""

from collections.abc import Iterator
from functools import partial

import msgspec
import pytest

from domain.errors import TransientError
from tests.simulation.sites import Sites
from tieout.simulation.boundary import paged
from tieout.simulation.engine import Engine
from tieout.simulation.fakes.paging import WHOLE, Pages, PageSizes, by_key, by_number
from tieout.simulation.faults import Crash, Fault
from tieout.simulation.schedule import Profile, Schedule, draw

ONE_BY_ONE = PageSizes(changed_suppliers=1, invoice_heads=1, changed_invoices=1, payments=1)


def numbered(books: list[str], size: int) -> Iterator[tuple[str, ...]]:
    pages = by_number(lambda: tuple(books), identify=lambda one: one[0], size=size)
    return (page.records for page, _ in pages)


def test_a_list_by_keys_goes_on_behind_the_last_key_whatever_changed_meanwhile() -> None:
    books = ["a", "b", "d"]
    pages = Pages(by_key(lambda last: [one for one in sorted(books) if one > (last or "")], key=str, size=1))
    assert next(pages) == ("a",)
    books[:] = ["b", "c", "d"]
    assert [*pages] == [("b",), ("c",), ("d",)]


def test_a_list_by_numbers_that_moved_is_read_again_and_gives_what_is_new() -> None:
    books = ["a1", "b1", "c1"]
    pages = numbered(books, 1)
    assert next(pages) == ("a1",)
    books[:] = ["b1", "c1", "a2"]  # b slips to the page that was read
    assert [*pages] == [("c1",), ("b1",), (), ("a2",)]


def test_a_list_that_moves_at_every_reading_is_given_up() -> None:
    books = ["a", "b"]
    given: list[tuple[str, ...]] = []

    def read_while_it_grows() -> None:
        for page in numbered(books, 1):
            given.append(page)
            books.append(chr(ord("b") + len(given)))

    with pytest.raises(TransientError, match="changed each time"):
        read_while_it_grows()
    assert given == [("a",), (), ()]


def test_a_record_that_slips_past_a_list_by_numbers_is_missed_at_its_end_and_read_again() -> None:
    books = ["a", "b", "c"]
    pages = numbered(books, 1)
    assert next(pages) == ("a",)
    books[:] = ["d", "a", "b"]  # d comes before, c goes: a is shown again
    assert [*pages] == [(), ("b",), ("d",), (), ()]


def test_an_empty_list_by_numbers_is_one_page() -> None:
    assert [*numbered([], 1)] == [()]


def read(*faults: Fault | None, size: int = 1) -> tuple[list[tuple[str, ...]], str, int]:
    """Read a, b, c and d with a fault at each page; give the pages, what ended them, and how often was crossed."""
    site, end = Sites(*faults), ""
    seen: list[tuple[str, ...]] = []
    books = ("a", "b", "c", "d")
    listing = Pages((page.records, over) for page, over in by_number(lambda: books, identify=str, size=size))
    try:
        seen.extend(paged(site, "w1", "payments", lambda: listing, slipped=set()))  # what came before an error stays
    except (TransientError, Crash) as died:
        end = type(died).__name__
    assert set(site.crossed) == {"payments"}
    return seen, end, len(site.crossed)


def test_every_page_is_a_crossing_and_may_be_struck() -> None:
    a, b, c, d = ("a",), ("b",), ("c",), ("d",)
    assert read() == ([a, b, c, d], "", 4)
    assert read(size=9) == ([("a", "b", "c", "d")], "", 1)
    assert read(None, Fault.PAGE_CUT) == ([a, b], "TransientError", 2)
    assert read(None, None, Fault.PAGE_CUT) == ([a, b], "TransientError", 3)
    assert read(None, Fault.PAGE_REPEATED) == ([a, b, b, c, d], "", 4)
    assert read(None, Fault.PAGE_SHIFTED, size=2) == ([("a", "b"), c], "", 2)
    assert read(None, Fault.CRASH_AFTER) == ([a], "Crash", 2)
    assert read(None, Fault.TOO_MANY) == ([a], "TransientError", 2)


@pytest.mark.parametrize("fault", [Fault.PAGE_REPEATED, Fault.PAGE_SHIFTED])
def test_a_page_without_records_cannot_slip_or_come_twice(fault: Fault) -> None:
    for books, strikes in ((["a"], [1]), ([], [])):
        site = Sites(fault)
        pages = by_number(partial(list, books), identify=str, size=1)
        listing = ((page.records, over) for page, over in pages)
        assert [*paged(site, "w1", "payments", partial(Pages, listing), slipped=set())]
        assert site.strikes == strikes


def test_a_record_that_slipped_comes_with_the_next_reading_of_its_list() -> None:
    site, slipped = Sites(*(Fault.PAGE_SHIFTED,) * 4), set[str]()
    whole = lambda: Pages(iter([(("a", "b"), True)]))  # noqa: E731 - one page of two records

    def reading(place: str) -> list[tuple[str, ...]]:
        return [*paged(site, "w1", "payments", whole, slipped=slipped, place=place)]

    readings = [reading("May"), reading("May"), reading("June"), reading("May")]
    assert readings == [[("a",)], [("a", "b")], [("a",)], [("a",)]]
    assert site.strikes == [1, 3, 4]


def test_worlds_draw_short_pages_and_schedules_written_by_hand_have_whole_ones() -> None:
    drawn = {draw(seed).page_sizes for seed in range(60)}
    assert {sizes.payments for sizes in drawn} == {sizes.changed_invoices for sizes in drawn} == {1, 2, 3, 100}
    assert {sizes.changed_suppliers for sizes in drawn} == {sizes.invoice_heads for sizes in drawn} == {1, 2, 3, 50}
    bare = {name: getattr(draw(1), name) for name in Schedule.__struct_fields__ if name != "page_sizes"}
    assert Schedule(**bare).page_sizes == WHOLE


def test_a_process_dies_between_two_pages_of_a_poll() -> None:
    hand_written = msgspec.structs.replace(draw(9, profile=Profile.WHOLE), page_sizes=ONE_BY_ONE)
    engine = Engine(hand_written.explicit({4: Fault.CRASH_BEFORE}, {}))
    engine.turbulent = True
    engine.run_on(engine.processes[0], "poll_suppliers")
    assert [*engine.steps_at.values()] == ["poll claim", "server_time", "changed_suppliers", "changed_suppliers"]
    assert engine.processes[0].births == 2
