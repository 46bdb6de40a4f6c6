"""A person removes a connection: judged at one position of the log, recorded if nothing of it followed, cleared away.

What is judged comes from projections and claims; the guard of the append makes that as good as reading the log itself.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from actors.settle import History, appended, settle
from domain.connections.connection import Connection, fold
from domain.connections.removal import decide_removed
from domain.errors import HeldError
from domain.event import Append
from domain.ports.store import StillGuard
from projections.unsettled import unsettled
from tieout.acts.act import Act

if TYPE_CHECKING:
    from tieout.wiring import Deployment

TRIES = 20


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What a removal did. state: the connection after it; new: it was not removed before; deleted: from the vault."""

    state: Connection
    new: bool
    deleted: tuple[str, ...]


def remove(deployment: "Deployment", act: Act) -> Removed:
    """Remove the connection; a removal that broke off in between is ended by the next one.

    Raises RefusedError while something is unsettled, at work or not paused, HeldError when its work went on twenty
    times while it was judged.
    """
    new = _recorded(deployment, act)
    deployment.runner.catch_up()
    stream = act.stream("connection", "")
    state = fold(act.log.load([stream])[stream])
    deployment.polls.drop(act.connection)
    return Removed(state=state, new=new, deleted=deployment.store.credentials.remove(state.name))


def in_hand(deployment: "Deployment", connection: UUID) -> list[str]:
    """Name the errands and polls of a connection that somebody has claimed."""
    now = deployment.log.now()
    polls = [row for row in deployment.polls.rows(connection) if row.claimed_until and row.claimed_until > now]
    return [*(f"poll_{row.flow}" for row in polls), *deployment.work.in_hand(connection)]


def _recorded(deployment: "Deployment", act: Act) -> bool:
    """Record the removal on what was judged; whether it is new. What goes on meanwhile is judged anew."""
    for _ in range(TRIES - 1):
        try:
            return _judge_and_record(deployment, act)
        except HeldError:  # verdict: judge anew, a bounded number of times; then the last one is raised
            continue
    return _judge_and_record(deployment, act)


def _judge_and_record(deployment: "Deployment", act: Act) -> bool:
    # The position is read before the projections fold up to it or beyond: whatever is behind it counts as too late.
    position = deployment.log.last_position()
    deployment.runner.catch_up()
    stream = act.stream("connection", "")
    left, busy = unsettled(deployment.storage, act.connection), in_hand(deployment, act.connection)

    def decide(history: History) -> list[Append]:
        facts = decide_removed(
            fold(history[stream]),
            person=act.person,
            reason=act.reason,
            now=act.log.now(),
            unsettled=left,
            in_hand=busy,
        )
        return [appended(history[stream], stream, *facts)]

    guard = StillGuard(connection=act.connection, position=position)
    return bool(settle(act.log, [stream], decide, causes=act.causes(), guard=guard))
