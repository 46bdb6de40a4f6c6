"""Issues: what needs a person? One issue per cause, derived from the facts; the records under it come and go by facts.

A row holds what is wrong with one record (or, for an issue's own stream, what people did about it), so that folding
an event touches one row; issues are grouped from the rows when they are read. A person's resolution hides everything
that joined before it; a record that joins later opens the issue again. The issues of a removed connection have ended
with it; what it left stands in its rows, and is open again when it is added again.
"""

from base64 import b32encode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.invoices import submission_events as s
from domain.issues.events import IssueResolved, IssueRetried
from domain.money import Money
from domain.ports.projections import ProjectionStore
from projections import connections, invoices, payments, postings
from projections.issue_facts import ACTS, ENDS, OPENS, REMEMBERED, Opening, kinds_ended
from projections.issue_kinds import KINDS
from projections.projection import Index, Projection

HANDLES: frozenset[type[Event]] = ACTS | REMEMBERED | OPENS.keys() | ENDS.keys()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A record stands under the issue of this cause since `opened_at`; position: of the last fact that says so."""

    cause: str
    kind: str
    record: str
    why: str
    opened_at: datetime
    position: int


class TroubleRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one record; receipts: AvidXchange's ids, once late answers are possible (a doubt, a look-up).

    cause .. retried_by: only in the row of an issue's own stream.
    """

    stream: UUID
    entries: tuple[Entry, ...] = ()
    receipts: tuple[str, ...] | None = None
    cause: str = ""
    resolved_position: int = 0
    retried_at: datetime | None = None
    retried_by: str = ""


class IssueRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record under an issue. kind: supplier, ledger-code, invoice, payment, posting, poll, errand or connection."""

    stream: UUID
    kind: str
    record: str
    why: str
    since: datetime
    money: Money | None


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """An open issue. money: at stake, one sum per currency, signs left out.

    why: of the record that joined first, and how many other reasons the records under it have.
    """

    id: str
    connection: UUID
    cause: str
    kind: str
    title: str
    why: str
    mend: str
    urgent: bool
    opened_at: datetime
    money: tuple[Money, ...]
    records: tuple[IssueRecord, ...]
    retried_at: datetime | None
    retried_by: str


def evolve_row(row: TroubleRow | None, recorded: Recorded) -> TroubleRow | None:
    """Fold one fact in; None when nothing is left to say."""
    event = recorded.event
    before = row or TroubleRow(stream=recorded.stream)
    if isinstance(event, IssueResolved):
        return msgspec.structs.replace(before, cause=event.cause, resolved_position=recorded.position)
    if isinstance(event, IssueRetried):
        at = recorded.meta.recorded_at
        return msgspec.structs.replace(before, cause=event.cause, retried_at=at, retried_by=event.person)
    after = _with_receipt(before, event)
    ends = kinds_ended(event)
    kept = {entry.cause: entry for entry in before.entries if entry.kind not in ends}
    standing = {entry.cause: entry for entry in before.entries}
    opens = OPENS.get(type(event))
    for opening in opens(event) if opens and not _known_receipt(before, event) else ():
        kept[opening.cause] = _entry(opening, recorded, standing.get(opening.cause))
    after = msgspec.structs.replace(after, entries=tuple(kept.values()))
    return None if not after.entries and after.receipts is None else after


def issue_id(connection: UUID, cause: str) -> str:
    """Give the short id of a cause."""
    return "I-" + b32encode(sha256(f"{connection}|{cause}".encode()).digest()).decode()[:6]


def index(row: TroubleRow) -> Index:
    """Set rows apart that stand open, and those of people's acts."""
    return Index(state="act" if row.cause else "open" if row.entries else "", sort_key=row.cause)


PROJECTION = Projection("issues", data=TroubleRow, evolve=evolve_row, index=index, handles=HANDLES)


def listed(store: ProjectionStore, connection: UUID) -> list[Issue]:
    """Give a connection's open issues, urgent ones first, then the oldest; none when it was removed."""
    return [] if connections.is_removed(store, connection) else left(store, connection)


def left(store: ProjectionStore, connection: UUID) -> list[Issue]:
    """Give the issues a connection has or, when it was removed, had left; in the order of `listed`."""
    acts, under = _standing(store, connection)
    money = _money(store, connection, {stream.hex for entries in under.values() for stream, _ in entries})
    found = [_issue(connection, cause, entries, acts.get(cause), money) for cause, entries in under.items()]
    return sorted(found, key=lambda issue: (not issue.urgent, issue.opened_at, issue.id))


def open_counts(store: ProjectionStore, connection: UUID) -> dict[str, int]:
    """Count a connection's open issues by severity, urgent and normal, without looking their money up."""
    _, under = ({}, {}) if connections.is_removed(store, connection) else _standing(store, connection)
    firsts = [min(entries, key=_seniority)[1] for entries in under.values()]
    urgent = sum(KINDS[entry.kind].urgent for entry in firsts)
    return {"urgent": urgent, "normal": len(firsts) - urgent}


def _standing(
    store: ProjectionStore, connection: UUID
) -> tuple[dict[str, TroubleRow], dict[str, list[tuple[UUID, Entry]]]]:
    """Give what people did by cause, and by cause the records that stand under it since."""
    acts = {row.cause: row for row in PROJECTION.all(store, connection=connection, states=["act"])}
    under: dict[str, list[tuple[UUID, Entry]]] = defaultdict(list)
    for row in PROJECTION.all(store, connection=connection, states=["open"]):
        for entry in row.entries:
            act = acts.get(entry.cause)
            if act is None or entry.position > act.resolved_position:
                under[entry.cause].append((row.stream, entry))
    return acts, under


def _seniority(pair: tuple[UUID, Entry]) -> tuple[datetime, int]:
    return pair[1].opened_at, pair[1].position


def _issue(
    connection: UUID,
    cause: str,
    entries: list[tuple[UUID, Entry]],
    act: TroubleRow | None,
    money: Mapping[str, Money],
) -> Issue:
    entries = sorted(entries, key=_seniority)
    first = entries[0][1]
    kind = KINDS[first.kind]
    return Issue(
        id=issue_id(connection, cause),
        connection=connection,
        cause=cause,
        kind=first.kind,
        title=kind.title,
        why=_why([entry.why for _, entry in entries]),
        mend=kind.mend,
        urgent=kind.urgent,
        opened_at=first.opened_at,
        money=_sums(money[stream.hex] for stream, _ in entries if stream.hex in money),
        records=tuple(
            IssueRecord(
                stream=stream,
                kind=_record_kind(entry.kind),
                record=entry.record,
                why=entry.why,
                since=entry.opened_at,
                money=money.get(stream.hex),
            )
            for stream, entry in entries
        ),
        retried_at=act.retried_at if act else None,
        retried_by=act.retried_by if act else "",
    )


def _why(reasons: Iterable[str]) -> str:
    """Say the first reason, and that there are others: one record's must not pass for all."""
    first, *others = dict.fromkeys(reasons)
    return first + (f" (and {len(others)} other reason{'s' * (len(others) > 1)})" if others else "")


def _record_kind(kind: str) -> str:
    ours = dict.fromkeys(("first-posting", "store-went-back", "dead-letter"), "connection")
    special = {"reversal-by-hand": "payment", **ours}
    head = "ledger-code" if kind.startswith("ledger-code") else kind.partition("-")[0]
    return special.get(kind, head)


def _money(store: ProjectionStore, connection: UUID, keys: set[str]) -> dict[str, Money]:
    return {
        **{key: row.gross for key, row in invoices.PROJECTION.some(store, connection, keys).items()},
        **{key: row.amount for key, row in payments.PROJECTION.some(store, connection, keys).items()},
        **{key: row.net for key, row in postings.PROJECTION.some(store, connection, keys).items()},
    }


def _sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    sums: dict[str, int] = defaultdict(int)
    for amount in amounts:
        sums[amount.currency] += abs(amount.minor)
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))


def _entry(opening: Opening, recorded: Recorded, standing: Entry | None) -> Entry:
    return Entry(
        cause=opening.cause,
        kind=opening.kind,
        record=opening.record,
        why=standing.why if standing and opening.repeats else opening.why,
        opened_at=standing.opened_at if standing else recorded.meta.recorded_at,
        position=recorded.position,
    )


def _known_receipt(row: TroubleRow, event: Event) -> bool:
    return isinstance(event, s.InvoiceAnsweredLate) and event.avid_invoice_id in (row.receipts or ())


def _with_receipt(row: TroubleRow, event: Event) -> TroubleRow:
    if isinstance(event, s.InvoiceSubmissionDoubted):
        return msgspec.structs.replace(row, receipts=row.receipts or ())
    if isinstance(event, s.InvoiceSubmitted) and row.receipts is None:
        return row
    if isinstance(event, s.InvoiceSubmitted | s.InvoiceFoundByLookup):
        return msgspec.structs.replace(row, receipts=(*(row.receipts or ()), event.avid_invoice_id))
    return row
