"""Sync status: what did each flow's last polls find? One row per connection and flow (an empty poll leaves no fact)."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.errands import events as w
from domain.event import Event, Recorded
from domain.polls import events as e
from domain.ports.projections import ProjectionStore
from projections.projection import Index, Projection

HANDLES: frozenset[type[Event]] = frozenset(
    {e.PollCompleted, e.PollRecordMalformed, e.PollFailed, w.ErrandFailed, w.ErrandRecovered}
)

OUTSIDE: frozenset[type[Event]] = frozenset({e.PollRecordRead})  # of one record, not of its flow


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """An errand of a flow whose calls do not work now; text: what the remote says, as recorded last."""

    since: datetime
    verdict: str
    text: str


class FlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow now. watermark .. calls: of the last poll that found something; the sums are of all such polls.

    failing: the errands whose calls do not work, by name.
    """

    flow: str
    completed_at: datetime | None = None
    watermark: str = ""
    pages: int = 0
    seen: int = 0
    recorded: int = 0
    calls: int = 0
    polls: int = 0
    recorded_in_all: int = 0
    malformed_in_all: int = 0
    failed_at: datetime | None = None
    failure: str = ""
    verdict: str = ""
    failing: dict[str, Failing] = {}


def evolve_row(row: FlowRow | None, recorded: Recorded) -> FlowRow:
    """Fold one fact in; a completed poll ends the failure that stood."""
    at, event = recorded.meta.recorded_at, recorded.event
    row = row or FlowRow(flow=_flow(recorded))
    replace = msgspec.structs.replace
    if isinstance(event, e.PollCompleted):
        return replace(
            row,
            completed_at=at,
            watermark=event.watermark,
            pages=event.pages,
            seen=event.seen,
            recorded=event.recorded,
            calls=event.calls,
            polls=row.polls + 1,
            recorded_in_all=row.recorded_in_all + event.recorded,
            failed_at=None,
            failure="",
            verdict="",
        )
    if isinstance(event, w.ErrandFailed | w.ErrandRecovered):
        return replace(row, failing=_failing(row, event, at))
    if isinstance(event, e.PollFailed):
        return replace(row, failed_at=at, failure=event.text, verdict=event.verdict)
    return replace(row, malformed_in_all=row.malformed_in_all + 1)


def _failing(row: FlowRow, event: w.ErrandFailed | w.ErrandRecovered, at: datetime) -> dict[str, Failing]:
    others = {errand: failing for errand, failing in row.failing.items() if errand != event.errand}
    if isinstance(event, w.ErrandRecovered):
        return others
    before = row.failing.get(event.errand)
    since = before.since if before is not None else at
    return {**others, event.errand: Failing(since=since, verdict=event.verdict, text=event.text)}


def index(row: FlowRow) -> Index:
    """List flows by name."""
    return Index(state="failed" if row.failure else "ok", sort_key=row.flow)


def _flow(recorded: Recorded) -> str:
    event = recorded.event
    if isinstance(event, e.PollCompleted | e.PollFailed | e.PollRecordMalformed | w.ErrandFailed | w.ErrandRecovered):
        return event.flow
    raise TypeError(f"{type(event).__name__} is no fact about a flow")


PROJECTION = Projection("sync_status", data=FlowRow, evolve=evolve_row, index=index, handles=HANDLES, key=_flow)


def listed(store: ProjectionStore, connection: UUID) -> list[FlowRow]:
    """Give a connection's flows."""
    return PROJECTION.all(store, connection=connection)
