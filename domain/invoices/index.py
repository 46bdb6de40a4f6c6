"""Which invoices of a division a poll looks at again: an index kept in the log, for there is no listing of streams.

A root stream per division counts generations; each generation is a stream that begins with everything tracked at
that time and ends with the change that turned it. Reading the index costs the open invoices and the last changes,
however old the connection is.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import stream_id
from domain.invoices.events import InvoiceIndexTurned, InvoicesTracked

TURN_AFTER = 200  # changes a generation holds before the next one begins


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """The tracked ExternalIds, and how many changes their stream holds."""

    version: int = 0
    tracked: frozenset[str] = frozenset()


def root_stream(connection: UUID, division: str) -> UUID:
    """Give the stream that counts the generations of a division's index."""
    return stream_id(connection, "invoice-index", division)


def generation_stream(connection: UUID, division: str, generation: int) -> UUID:
    """Give the stream of one generation."""
    return stream_id(connection, "invoice-index", f"{division}|{generation}")


def generation_of(root: Iterable[Recorded]) -> int:
    """Give the generation in force, 1 for a new division."""
    turns = [r.event.generation for r in root if isinstance(r.event, InvoiceIndexTurned)]
    return max(turns, default=1)


def fold(history: Iterable[Recorded]) -> Index:
    """Fold one generation."""
    tracked: set[str] = set()
    version = 0
    for recorded in history:
        version = recorded.version
        if isinstance(recorded.event, InvoicesTracked):
            tracked.difference_update(recorded.event.dropped)
            tracked.update(recorded.event.added)
    return Index(version=version, tracked=frozenset(tracked))


def decide_tracked(
    index: Index,
    *,
    division: str,
    generation: int,
    added: frozenset[str],
    dropped: frozenset[str] = frozenset(),
    anew: bool = False,
    turn_after: int = TURN_AFTER,
) -> tuple[tuple[Event, ...], tuple[Event, ...], tuple[Event, ...]]:
    """Say what goes into the root, into this generation and into the next one, so that a change holds afterwards.

    The change goes into this generation also when it is the last one there: whoever else changes this generation
    meanwhile, or turns it, meets a conflict, whatever he takes for full.

    anew: name what is added though it is tracked already; turn_after: changes a generation holds.
    """
    new = added if anew else added - index.tracked
    gone = (dropped - added) & index.tracked
    if not new and not gone:
        return (), (), ()
    change = InvoicesTracked(division=division, added=tuple(sorted(new)), dropped=tuple(sorted(gone)))
    if index.version < turn_after:
        return (), (change,), ()
    whole = InvoicesTracked(division=division, added=tuple(sorted((index.tracked | new) - gone)), dropped=())
    return (InvoiceIndexTurned(division=division, generation=generation + 1),), (change,), (whole,)
