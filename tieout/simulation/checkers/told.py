"""What people are told: the causes that each record stands under, and where a person's word ended one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from domain.event import Event, Recorded
from domain.issues.events import IssueResolved
from projections import issues
from tieout.simulation.world import World


class Danger(NamedTuple):
    """What a person must know of a record. cause: its issue's, as far as it tells dangers apart; said_by: the facts."""

    stream: UUID
    cause: str
    said_by: tuple[type[Event], ...]
    text: str


class Told:
    """Who is told what, at the end of a run."""

    def __init__(self, world: World) -> None:
        self.histories: dict[UUID, list[Recorded]] = defaultdict(list)
        self._words: dict[str, int] = {}  # position of the last word of a person on a cause
        for recorded in world.history():
            self.histories[recorded.stream].append(recorded)
            if isinstance(recorded.event, IssueResolved):
                self._words[recorded.event.cause] = recorded.position
        self._open: dict[UUID, list[str]] = defaultdict(list)
        for issue in issues.listed(world.projections, world.connection):
            for record in issue.records:
                self._open[record.stream].append(issue.cause)

    def knows(self, danger: Danger) -> bool:
        """Whether the danger stands under an issue of its own, or a person ended that one since it was said last."""
        if self.stands(danger.stream, danger.cause):
            return True
        said = self.last(danger.stream, *danger.said_by)
        since = said.position if said is not None else 0
        return any(_is_of(cause, danger.cause) and at > since > 0 for cause, at in self._words.items())

    def stands(self, stream: UUID, cause: str) -> bool:
        """Whether a record stands under an open issue of a cause."""
        return any(_is_of(one, cause) for one in self._open.get(stream, ()))

    def last(self, stream: UUID, *kinds: type[Event]) -> Recorded | None:
        """Give the last fact of these kinds in a stream."""
        facts = (one for one in reversed(self.histories.get(stream, [])) if isinstance(one.event, kinds))
        return next(facts, None)

    def untold(self, dangers: Iterable[Danger]) -> Iterator[str]:
        """Say which of them nobody is told."""
        for danger in dangers:
            if not self.knows(danger):
                yield f"{danger.text}, and no issue {danger.cause} says so"


def told(world: World, kind: str, *parts: str) -> frozenset[UUID]:
    """Give the streams under open issues of a kind; parts: words of which its cause names one at least."""
    found = issues.listed(world.projections, world.connection)
    about = [one for one in found if one.kind == kind and (not parts or not _words(one.cause).isdisjoint(parts))]
    return frozenset(record.stream for issue in about for record in issue.records)


def _words(cause: str) -> frozenset[str]:
    """Give the words of a cause: its kind, and what its parts name."""
    return frozenset(word for part in cause.split(":") for word in part.split("+"))


def _is_of(cause: str, wanted: str) -> bool:
    return cause == wanted or cause.startswith(f"{wanted}:")
