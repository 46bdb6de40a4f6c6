"""Which invoices polls look at again: the index of each division, read and changed (see `domain.invoices.index`)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from actors.settle import History, appended
from actors.tools import Tools
from domain.event import Append, Recorded
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
    root = index.root_stream(tools.connection, division)
    return _place(tools, division, tools.log.load([root])[root])


def tracked(tools: Tools, division: str) -> frozenset[str]:
    """Give the ExternalIds that are tracked."""
    here = place_of(tools, division).here
    return index.fold(tools.log.load([here])[here]).tracked


def changed(
    tools: Tools,
    place: Place,
    history: History,
    *,
    added: frozenset[str],
    dropped: frozenset[str] = frozenset(),
    anew: bool = False,
) -> list[Append]:
    """Say what changes an index.

    When another turned its page meanwhile, what is added goes into the page in force, which is read for it, and
    nothing is dropped, for only what was read together with the index may be: the next poll does it.

    anew: name what is added though it is tracked, so that whoever is about to drop it must read again.
    """
    if not _is_in_force(place, history):
        return _added(tools, place.division, added, anew=anew)
    parts = index.decide_tracked(
        index.fold(history[place.here]),
        division=place.division,
        generation=place.generation,
        added=added,
        dropped=dropped,
        anew=anew,
        turn_after=tools.index_turns_after,
    )
    return [appended(history[s], s, *events) for s, events in zip(place.streams, parts, strict=True)]


def tracked_again(tools: Tools, keys: Iterable[InvoiceKey]) -> list[Append]:
    """Let polls look at invoices again, in the transaction that says why: Infor may list them no more."""
    divisions: dict[str, set[str]] = {}
    for key in keys:
        divisions.setdefault(key.division, set()).add(key.external_id)
    appends: list[Append] = []
    for division, ids in sorted(divisions.items()):
        appends += _added(tools, division, frozenset(ids), anew=True)
    return appends


def _added(tools: Tools, division: str, ids: frozenset[str], *, anew: bool) -> list[Append]:
    """Say what adds to the page in force; one that is turned before it is read is none."""
    place = place_of(tools, division)
    history = tools.log.load(place.streams)
    while not _is_in_force(place, history):
        place = _place(tools, division, history[place.root])
        history = tools.log.load(place.streams)
    return changed(tools, place, history, added=ids, anew=anew)


def _is_in_force(place: Place, history: History) -> bool:
    return index.generation_of(history[place.root]) == place.generation


def _place(tools: Tools, division: str, root: Sequence[Recorded]) -> Place:
    generation = index.generation_of(root)
    here, following = (
        index.generation_stream(tools.connection, division, number) for number in (generation, generation + 1)
    )
    stream = index.root_stream(tools.connection, division)
    return Place(division=division, generation=generation, root=stream, here=here, following=following)
