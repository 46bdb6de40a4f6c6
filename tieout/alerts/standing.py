"""Which alerts stand: a pure function of what the projections, the polls and the vault show.

Texts are fixed sentences and names of records; nothing a remote said, no personal field and no amount is in them.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from projections.doubts import Doubt
from projections.issue_kinds import KINDS
from projections.issues import Issue

# Every urgent kind of issue is an alert; a posting at the desk is one as a doubt that a person must look at.
URGENT = {
    "invoice-found-twice": "double",
    "invoice-answered-late": "double",
    "invoice-at-risk": "at_risk",
    "store-went-back": "at_risk",
}
AS_DOUBT = frozenset({"posting-at-desk"})
KIND_NAMES = {
    "doubt": "in doubt",
    "double": "double",
    "at_risk": "at risk",
    "stuck": "stuck",
    "silent": "silent",
    "credential": "credential about to end",
    "token": "without a token",
}


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What a person should know now. kind: a key of KIND_NAMES; record: what it is about; count: of such records."""

    kind: str
    connection: str
    record: str
    title: str
    mend: str
    since: datetime
    count: int = 1

    @property
    def name(self) -> str:
        """What tells it from every other alert, as long as it stands."""
        return f"{self.kind}|{self.connection}|{self.record}"


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """When a flow was last polled well, and how often it should be.

    stopped_at: it gave up until a person mends it; shut_out_by: its last poll had no token of it, "" = it had.
    """

    flow: str
    every: timedelta
    polled_at: datetime | None
    stopped_at: datetime | None = None
    shut_out_by: str = ""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Records of a flow that wait: since when each of them has not moved."""

    flow: str
    since: tuple[datetime, ...]


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential in the vault. system: infor or avidxchange."""

    system: str
    stored_at: datetime


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """One connection. going_since: when it was added, or its last pause ended: before it nothing is silence."""

    name: str
    paused: bool
    going_since: datetime
    doubts: tuple[Doubt, ...] = ()
    issues: tuple[Issue, ...] = ()
    flows: tuple[Flow, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    credentials: tuple[Credential, ...] = ()


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long something may last; credential_life None: nobody knows how long credentials last."""

    doubt_after: timedelta
    stuck_after: timedelta
    silent_after_intervals: int
    credential_life: timedelta | None
    credential_warning: timedelta


def alerts(view: tuple[ConnectionView, ...], bounds: Bounds, *, now: datetime) -> dict[str, Alert]:
    """Give the alerts that stand now, by name."""
    found: dict[str, Alert] = {}
    for connection in view:
        for alert in _of(connection, bounds, now):
            found.setdefault(alert.name, alert)
    return found


def _of(connection: ConnectionView, bounds: Bounds, now: datetime) -> Iterator[Alert]:
    yield from _doubts(connection, bounds, now)
    yield from _urgent(connection)
    yield from _credentials(connection, bounds, now)
    if not connection.paused:  # a person stopped it on purpose: nothing moves, and nothing is silent
        yield from _stuck(connection, bounds, now)
        yield from _silent(connection, bounds, now)
        yield from _tokens(connection)


def _doubts(connection: ConnectionView, bounds: Bounds, now: datetime) -> Iterator[Alert]:
    for doubt in connection.doubts:
        if doubt.next_look is None or now - doubt.since >= bounds.doubt_after:
            yield Alert(
                kind="doubt",
                connection=connection.name,
                record=doubt.record,
                title=f"Nobody knows yet whether this {doubt.kind} went through",
                mend=f"`tieout doubts` shows what is known; `tieout doubt resolve {doubt.id}` settles it.",
                since=doubt.since,
            )


def _urgent(connection: ConnectionView) -> Iterator[Alert]:
    for issue in connection.issues:
        if not issue.urgent or issue.kind in AS_DOUBT:
            continue
        kind = KINDS[issue.kind]
        by_record: dict[str, datetime] = {}
        for record in issue.records:
            by_record.setdefault(record.record, record.since)
        for name, since in by_record.items():
            yield Alert(
                kind=URGENT[issue.kind],
                connection=connection.name,
                record=name,
                title=kind.title,
                mend=f"{kind.mend} `tieout issue show {issue.id}` says more.",
                since=since,
            )


def _stuck(connection: ConnectionView, bounds: Bounds, now: datetime) -> Iterator[Alert]:
    late: dict[str, list[datetime]] = defaultdict(list)
    for waiting in connection.waiting:
        late[waiting.flow] += [since for since in waiting.since if now - since >= bounds.stuck_after]
    for flow, times in late.items():
        if times:
            yield Alert(
                kind="stuck",
                connection=connection.name,
                record=flow,
                title=f"Records of {flow.replace('_', ' ')} wait without moving",
                mend=f"`tieout sync-status {connection.name}` and `tieout issues` show what holds them.",
                since=min(times),
                count=len(times),
            )


def _silent(connection: ConnectionView, bounds: Bounds, now: datetime) -> Iterator[Alert]:
    bound = bounds.silent_after_intervals
    for flow in connection.flows:
        words = flow.flow.replace("_", " ")
        last = last_heard(flow.polled_at, connection.going_since)
        if flow.stopped_at is not None:
            since, title = flow.stopped_at, f"Polls of {words} stopped: settings or credentials must be mended"
        elif now - last >= bound * flow.every:
            since, title = last, f"Nothing was heard of {words} for {bound} intervals"
        else:
            continue
        yield Alert(
            kind="silent",
            connection=connection.name,
            record=flow.flow,
            title=title,
            mend=f"`tieout sync-status {connection.name}` shows the last error; `tieout doctor` looks at the rest.",
            since=since,
        )


def last_heard(polled_at: datetime | None, going_since: datetime) -> datetime:
    """Give since when a flow is silent: its last poll that came to its end, but nothing before its connection goes."""
    return max(polled_at or going_since, going_since)


def _tokens(connection: ConnectionView) -> Iterator[Alert]:
    """Give one alert for a system, whatever the flows that miss its token; each of them ends its part when it polls."""
    since: dict[str, datetime] = {}
    for flow in connection.flows:
        if system := flow.shut_out_by:
            began = flow.stopped_at or last_heard(flow.polled_at, connection.going_since)
            since[system] = min(began, since.get(system, began))
    for system, began in since.items():
        yield Alert(
            kind="token",
            connection=connection.name,
            record=system,
            title=f"No token of {system} is to be had, and the last one ended or is about to",
            mend=f"`tieout sync-status {connection.name}` shows why: wait while the server is away; after a refusal put"
            f" in new credentials with `tieout connection rotate {connection.name}`.",
            since=began,
        )


def _credentials(connection: ConnectionView, bounds: Bounds, now: datetime) -> Iterator[Alert]:
    if bounds.credential_life is None:
        return
    for credential in connection.credentials:
        warned_at = credential.stored_at + bounds.credential_life - bounds.credential_warning
        if now >= warned_at:
            yield Alert(
                kind="credential",
                connection=connection.name,
                record=credential.system,
                title=f"The credentials of {credential.system} are about to end",
                mend=f"Make new ones there, then `tieout connection rotate {connection.name}`.",
                since=warned_at,
            )
