"""How both remotes' lists turn their pages, each page as the books stand when it is asked for."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from domain.errors import TransientError

R = TypeVar("R")
P = TypeVar("P")
READINGS = 3  # of a list that moves while it is read


class PageSizes(msgspec.Struct, frozen=True, kw_only=True):
    """How many records a page of each list holds; the defaults hold all that a world has."""

    changed_suppliers: int = 50
    invoice_heads: int = 50
    changed_invoices: int = 100
    payments: int = 100


WHOLE = PageSizes()


class Pages(Iterator[P]):
    """A list being read; over: its reader can tell that no page follows the one just given."""

    def __init__(self, pages: Iterator[tuple[P, bool]]) -> None:
        self.over = False
        self._pages = pages

    def __next__(self) -> P:
        """Ask for the next page."""
        page, self.over = next(self._pages)
        return page


class Numbered(msgspec.Struct, frozen=True):
    """A page of a list that is turned by numbers: what no earlier reading gave, of so many pages and records."""

    records: tuple[Any, ...]
    number: int
    pages: int
    total: int


def by_key(
    ask: Callable[[Any], Sequence[R]], *, key: Callable[[R], Any], size: int
) -> Iterator[tuple[tuple[R, ...], bool]]:
    """Turn pages as Infor's lists do: from the last key on, until a page is not full.

    ask: gives the records past a key (None: all) in the order of their keys.
    """
    last = None
    while True:
        page = tuple(ask(last)[:size])
        over = len(page) < size
        if page:
            yield page, over
            last = key(page[-1])
        if over:
            return


def by_number(
    ask: Callable[[], Sequence[Any]], *, identify: Callable[[Any], str], size: int
) -> Iterator[tuple[Numbered, bool]]:
    """Turn pages as AvidXchange's lists do, and read again from the first one where the list moved meanwhile.

    The adapter reads so (`adapters/avidxchange/gateway.py`): a total that changes, a record that comes in two forms
    and one that is missing at the end show that the list moved; three readings in all, each of which gives what is
    new. ask: gives the whole list.
    """
    given: dict[str, Any] = {}
    for _ in range(READINGS):
        for page, over in _reading(ask, identify, size):
            fresh = tuple(one for one in page.records if given.get(identify(one)) != one)
            given |= {identify(one): one for one in page.records}
            yield Numbered(fresh, page.number, page.pages, page.total), over
            if over:
                return
    raise TransientError("AvidXchange's list changed each time it was read")


def _reading(
    ask: Callable[[], Sequence[Any]], identify: Callable[[Any], str], size: int
) -> Iterator[tuple[Numbered, bool]]:
    """Read a list once, up to its end or to where it is seen to move."""
    seen: dict[str, Any] = {}
    number, total = 0, None
    while True:
        records = ask()
        page = tuple(records[number * size : (number + 1) * size])
        if total not in (None, len(records)) or any(seen.get(identify(one), one) != one for one in page):
            return
        seen |= {identify(one): one for one in page}
        number, total = number + 1, len(records)
        pages = max(1, -(-total // size))
        yield Numbered(page, number, pages, total), number == pages and len(seen) == total
        if number == pages:
            return
