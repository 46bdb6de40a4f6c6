"""What an open issue says, by its kind: somebody is told of this, and of nothing else."""

from uuid import UUID

from projections import issues
from tieout.simulation.world import World


def told(world: World, kind: str, *parts: str) -> frozenset[UUID]:
    """Give the streams under open issues of a kind; parts: words of which its cause names one at least."""
    found = issues.listed(world.projections, world.connection)
    about = [one for one in found if one.kind == kind and (not parts or not _words(one.cause).isdisjoint(parts))]
    return frozenset(record.stream for issue in about for record in issue.records)


def _words(cause: str) -> frozenset[str]:
    """Give the words of a cause: its kind, and what its parts name."""
    return frozenset(word for part in cause.split(":") for word in part.split("+"))
