"""Poll approved invoices: every division's changed heads, then everything tracked looked at again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from actors.errands.invoice_reading import BULK, Looked, Subject, look_at, named_key, row_stream
from actors.errands.polling import Poll, run_poll
from actors.errands.recheck_invoices import recheck_invoices, track_first
from actors.errands.streams import invoice_stream
from actors.settle import History, appended
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices.decisions import decide_key_changed
from domain.invoices.invoice import fold
from domain.ports.ledger import InvoiceHead, Problem

READ_AGAIN_DAYS = 2  # EPLMDT is a day: what changed later on a day we read is seen by reading it again


def poll_invoices(tools: Tools) -> bool:
    """Poll once if due; False when it was not."""
    return run_poll(tools, "invoices", _read)


def _read(poll: Poll) -> str:
    today = datetime.fromtimestamp(poll.tools.ledger.server_time() / 1000, tz=UTC).date()
    since = _begin(poll.watermark, poll.tools.rules.start_date)
    unread: list[date] = []
    seen: Looked = {}
    for heads in _heads(poll, since):
        subjects = _subjects(poll, heads)
        track_first(poll, (subject.key for subject in subjects if subject.state.head is None))
        looked = look_at(poll, subjects)
        unread += [s.head.changed or since for s in subjects if s.key not in looked]
        seen |= looked
    recheck_invoices(poll, seen)
    return max(since, min([today, *unread])).isoformat()  # what could not be read is listed again


def _heads(poll: Poll, since: date) -> Iterator[list[InvoiceHead]]:
    """Give the listed heads of all divisions in groups of what one bulk read takes, whatever the pages are."""
    heads: list[InvoiceHead] = []
    pages = (
        page
        for division in poll.tools.rules.divisions
        for page in poll.tools.ledger.invoice_heads(division, changed_since=since)
    )
    for page in pages:
        poll.page(len(page))
        for row in page:
            if isinstance(row, Problem):
                poll.malformed(row.record, str(row), may_pass=row.may_pass)
            else:
                poll.well_read(row.row.natural_key)
                heads.append(row)
        while len(heads) >= BULK:
            yield heads[:BULK]
            heads = heads[BULK:]
    if heads:
        yield heads


def _begin(watermark: str, start: date) -> date:
    if not watermark:
        return start
    return max(start, date.fromisoformat(watermark) - timedelta(days=READ_AGAIN_DAYS))


def _subjects(poll: Poll, heads: Sequence[InvoiceHead]) -> list[Subject]:
    """Pair the heads with what we know; a row that came back under another key is an issue and goes no further."""
    connection = poll.tools.connection
    rows = {row_stream(connection, head): head for head in heads}
    histories = poll.tools.log.load([*rows, *(invoice_stream(connection, head.key) for head in heads)])
    subjects = []
    for stream, head in rows.items():
        old = named_key(histories[stream])
        if old is not None and old != head.key:
            _key_changed(poll, row=head.row, old=old, new=head.key)
            continue
        state = fold(histories[invoice_stream(connection, head.key)])
        subjects.append(Subject(head=head, state=state, listed=True))
    return subjects


def _key_changed(poll: Poll, *, row: LedgerRow, old: InvoiceKey, new: InvoiceKey) -> None:
    stream: UUID = invoice_stream(poll.tools.connection, old)

    def decide(history: History) -> list[Append]:
        events = decide_key_changed(fold(history[stream]), row=row, old=old, new=new)
        return [appended(history[stream], stream, *events)]

    poll.record([stream], decide)
