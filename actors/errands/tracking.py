"""Which invoices polls look at again: the index of each division, read and changed (see `domain.invoices.index`)."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from actors.settle import History, appended
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import InvoiceKey
from domain.invoices import index


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a division's index stands: its root, the generation in force, and the streams of it and of the next."""

    division: str
    generation: int
    root: UUID
    here: UUID
    following: UUID

    @property
    def streams(self) -> tuple[UUID, UUID, UUID]:
        """All three, in the order in which `index.decide_tracked` says what goes into them."""
        return self.root, self.here, self.following


def place_of(tools: Tools, division: str) -> Place:
    """Find the generation in force."""
    connection = tools.connection
    root = index.root_stream(connection, division)
    generation = index.generation_of(tools.log.load([root])[root])
    here, following = (index.generation_stream(connection, division, number) for number in (generation, generation + 1))
    return Place(division=division, generation=generation, root=root, here=here, following=following)


def tracked(tools: Tools, division: str) -> frozenset[str]:
    """Give the ExternalIds that are tracked."""
    here = place_of(tools, division).here
    return index.fold(tools.log.load([here])[here]).tracked


def changed(
    place: Place, history: History, *, added: frozenset[str], dropped: frozenset[str] = frozenset(), anew: bool = False
) -> list[Append]:
    """Say what changes an index; nothing when another turned its page meanwhile: the next poll brings it up to date.

    anew: name what is added though it is tracked, so that whoever is about to drop it must read again.
    """
    if index.generation_of(history[place.root]) != place.generation:
        return []
    parts = index.decide_tracked(
        index.fold(history[place.here]),
        division=place.division,
        generation=place.generation,
        added=added,
        dropped=dropped,
        anew=anew,
    )
    return [appended(history[s], s, *events) for s, events in zip(place.streams, parts, strict=True)]


def tracked_again(tools: Tools, keys: Iterable[InvoiceKey]) -> list[Append]:
    """Let polls look at invoices again, in the transaction that says why: Infor may list them no more."""
    divisions: dict[str, set[str]] = {}
    for key in keys:
        divisions.setdefault(key.division, set()).add(key.external_id)
    appends: list[Append] = []
    for division, ids in sorted(divisions.items()):
        place = place_of(tools, division)
        appends += changed(place, tools.log.load(place.streams), added=frozenset(ids), anew=True)
    return appends
