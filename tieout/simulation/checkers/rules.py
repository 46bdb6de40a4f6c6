"""I2, I5, I12: what the protocol and the settings say of a posting, read off the log and both books afterwards."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.connections.events import FirstPostingApproved
from domain.event import Recorded
from domain.postings import events as p
from tieout.simulation.world import World

LONGEST_SLEEP = timedelta(hours=1)
CAME_TO_NOTHING = (p.PostingRefused, p.PostingHeld, p.PostingAbandoned)


def first_goes_alone(world: World) -> Iterator[str]:
    """I12: where a person is to see the first posting, no other is begun before that word unless it came to nothing.

    A restored store may have forgotten the word, or which posting went first: then another goes first.
    """
    if world.rules.first_posting != "confirm" or world.restored_at:
        return
    begun: set[str] = set()
    for recorded in world.history():
        match recorded.event:
            case FirstPostingApproved():
                return
            case p.PostingStarted(key1=key1) if key1.startswith("T"):
                begun.add(key1)
                if len(begun) > 1:
                    yield f"{' and '.join(sorted(begun))} are begun, and no person has seen the first posting"
            case p.PostingDoubtResolved(resolution="absent", key1=key1):
                begun.discard(key1)
            case fact if isinstance(fact, CAME_TO_NOTHING):
                begun -= {key1 for key1 in begun if world.stream("posting", key1) == recorded.stream}


def read_again_before_handover(world: World) -> Iterator[str]:
    """I2: what the payment and the invoice showed when the chain was done keeps a posting from its handover."""
    for history in _postings(world):
        done: datetime | None = None
        plan: p.PostingPlan | None = None
        for recorded in history:
            match recorded.event:
                case p.PostingPlanned(plan=planned):
                    plan = planned
                case p.PostingStepTaken(step="CtrlBatch"):
                    done = recorded.meta.recorded_at
                case p.PostingHandoverStarted(handover=1) if plan is not None and done is not None and plan.kind == "T":
                    yield from _shown(world, plan, done, recorded.meta.recorded_at)


def _shown(world: World, plan: p.PostingPlan, since: datetime, until: datetime) -> Iterator[str]:
    """What stood in the way from before the second reading until the intent; a void may be taken back in between."""
    history = world.payables.payment_history(plan.payment_id)
    before = [report for at, report in history if at < since]
    shown = [*before[-1:], *(report for at, report in history if since <= at <= until)]
    if before and all(report.standing != "settled" for report in shown):
        yield f"{plan.key1} is handed over, and its payment was {before[-1].status} before"
    for line in plan.lines:
        held = next((one for one in world.ledger.invoices.values() if one.head.key == line.invoice), None)
        if held is not None and held.paid_by(since) == held.paid_by(until) == held.head.gross:
            yield f"{plan.key1} is handed over, and {line.invoice.external_id} had nothing outstanding before"


def dates_are_as_set(world: World) -> Iterator[str]:
    """I5: a posting is planned, and booked, on the day the settings name: of settling, of paying, or of planning.

    A KEY1 that a restored store forgot may be planned anew on another day, and M3 have it as it was planned first.
    """
    planned: dict[str, set[date]] = {}
    for recorded in world.all_ever():
        if isinstance(recorded.event, p.PostingPlanned) and recorded.event.plan.kind == "T":
            plan = recorded.event.plan
            planned.setdefault(plan.key1, set()).add(plan.accounting_date)
            if plan.accounting_date not in set(_days(world, plan, recorded.meta.recorded_at)):
                yield f"{plan.key1} is planned for {plan.accounting_date}, which no setting names"
    for booking in world.ledger.booked:
        by_us = booking.key1 in planned and not booking.row.voucher.startswith("HAND-")
        if by_us and not booking.taken_back and booking.row.accounting_date not in planned[booking.key1]:
            yield f"{booking.key1} is booked on {booking.row.accounting_date}, for which it was not planned"


def _days(world: World, plan: p.PostingPlan, planned: datetime) -> Iterator[date]:
    """Give the days it may be planned for, by each report of the payment; whoever plans may sleep over midnight."""
    zone = ZoneInfo(world.rules.timezone)
    for _, report in world.payables.payment_history(plan.payment_id):
        for moment in (planned, planned - LONGEST_SLEEP):
            today = moment.astimezone(zone).date()
            settled = report.settled_date or today
            yield {"settled": settled, "payment": report.payment_date or settled, "today": today}[
                world.rules.accounting_date
            ]


def _postings(world: World) -> Iterator[list[Recorded]]:
    """Give every posting's facts, those a restored backup forgot as well."""
    found: dict[object, list[Recorded]] = {}
    for recorded in world.all_ever():
        if recorded.event.TOPIC.startswith("posting."):
            found.setdefault(recorded.stream, []).append(recorded)
    yield from found.values()
