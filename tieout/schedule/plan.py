"""When a connection's polls are due: an interval or a cron expression each, outside of blackouts, with jitter."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tieout.schedule.blackout import Blackout, parse_blackout
from tieout.schedule.cron import next_tick

Rhythm = timedelta | str  # an interval, or a checked cron expression of five fields


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A connection's schedule. flows: the rhythm of each poll; jitter: the longest wait beyond a due time."""

    zone: ZoneInfo
    flows: Mapping[str, Rhythm]
    blackout: Blackout
    jitter: timedelta = timedelta(0)

    def next_due(self, flow: str, *, after: datetime, throw: float) -> datetime:
        """Give when a flow is due again behind a moment, the end of its last poll, in UTC.

        Whatever was missed before that moment is over: it collapses into the poll that has just ended. A time within a
        blackout is due at the blackout's end. throw: a number in [0, 1), the share of the jitter to wait; a wait never
        leads into a blackout.
        """
        due = self.blackout.free_from(self._tick(flow, after))
        late = due + self.jitter * throw
        return due if self.blackout.covers(late) else late

    def rhythm(self, flow: str, *, at: datetime) -> timedelta:
        """Give the time between two polls; of a cron expression, between its next two."""
        rhythm = self.flows[flow]
        if isinstance(rhythm, timedelta):
            return rhythm
        first = next_tick(rhythm, after=at, zone=self.zone)
        return next_tick(rhythm, after=first, zone=self.zone) - first

    def _tick(self, flow: str, after: datetime) -> datetime:
        rhythm = self.flows[flow]
        if isinstance(rhythm, timedelta):
            return after.astimezone(UTC) + rhythm
        return next_tick(rhythm, after=after, zone=self.zone)


def make_plan(*, timezone: str, flows: Mapping[str, Rhythm], blackout: Sequence[str], jitter: timedelta) -> Plan:
    """Make a plan from checked settings."""
    zone = ZoneInfo(timezone)
    return Plan(zone=zone, flows=flows, blackout=parse_blackout(blackout, zone=zone), jitter=jitter)
