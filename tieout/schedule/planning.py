"""Plans of the declared connections: each flow of the settings is one poll or several."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from actors.errands.catalogue import FLOWS
from domain.ports.store import PollRow
from tieout.schedule.plan import Plan, Rhythm, make_plan
from tieout.settings import ScheduleSection


def plan_of(section: ScheduleSection) -> Plan:
    """Make a connection's plan by poll."""
    flows: dict[str, Rhythm] = {poll: getattr(section, flow) for flow, polls in FLOWS.items() for poll in polls}
    return make_plan(timezone=section.timezone, flows=flows, blackout=section.blackout, jitter=section.jitter)


def rhythms(plan: Plan, *, at: datetime) -> dict[str, timedelta]:
    """Give the time between two polls, by poll."""
    return {poll: plan.rhythm(poll, at=at) for poll in plan.flows}


def moved(plan: Plan, rows: Iterable[PollRow], *, throw: float) -> dict[str, datetime]:
    """Give the next times under a changed schedule: each behind the end of its last poll."""
    return {
        row.flow: plan.next_due(row.flow, after=row.last_polled_at, throw=throw)
        for row in rows
        if row.last_polled_at is not None and row.flow in plan.flows
    }
