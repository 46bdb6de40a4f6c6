"""Poll what became of submitted invoices at AvidXchange: windows of at most 30 UTC days, one day read twice."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from actors.errands.connections import connection_now, connection_of
from actors.errands.days import first_day, remote_today, windows, windows_to_read
from actors.errands.polling import Poll, run_poll
from actors.errands.recheck_invoices import track_first
from actors.errands.streams import connection_stream, invoice_stream
from actors.errands.tracking import tracked_again
from actors.settle import History, appended
from actors.tools import Tools
from domain.connections.forgotten import decide_sought
from domain.event import Append, Event
from domain.identifiers import InvoiceKey
from domain.invoices.forgotten import decide_forgotten
from domain.invoices.invoice import Invoice, fold
from domain.invoices.search import decide_second_look, decide_status, wants_second_look
from domain.ports.payables import InvoiceFound

OVERLAP = timedelta(days=1)
READINGS = 2  # of all there is, before a restored store sends: a record that slipped between pages comes the next time


def poll_invoice_statuses(tools: Tools) -> bool:
    """Poll once if due; False when it was not."""
    return run_poll(tools, "invoice_statuses", _read)


def _read(poll: Poll) -> str:
    tools = poll.tools
    conn = connection_now(tools)
    forgotten = None if conn.went_back_at is None else _keys(conn.forgotten)
    today = remote_today(tools)
    # While it is unknown what a restored store forgot all is read: others may have polled before a person declared it.
    mark = "" if conn.unsought else poll.watermark
    since = first_day(mark, start=tools.rules.start_date, overlap=OVERLAP, today=today)
    once = windows_to_read(mark, since, today, overlap=OVERLAP)
    for first, last in windows(since, today) * READINGS if conn.unsought else once:
        for page in tools.payables.changed_invoices(first, last):
            poll.page(len(page))
            _record(poll, page, forgotten)
    if forgotten is not None:
        _find_named(poll, forgotten)
        _note_forgotten(poll, forgotten)
    return max(today, since).isoformat()


def _keys(external_ids: Iterable[str]) -> set[InvoiceKey]:
    return {key for key in map(InvoiceKey.parse, external_ids) if key is not None}


def _find_named(poll: Poll, keys: set[InvoiceKey]) -> None:
    """Look up what Infor has named meanwhile, payable or not: AvidXchange may list it no more, and hold it live."""
    streams = {key: invoice_stream(poll.tools.connection, key) for key in keys}
    histories = poll.tools.log.load(list(streams.values()))
    states = {key: fold(histories[stream]) for key, stream in streams.items()}
    named = [key for key, state in states.items() if state.is_forgotten and not state.unnamed]
    if not named:
        return
    track_first(poll, named)
    whole = poll.tools.payables.find_invoices([key.external_id for key in named])

    def decide(history: History) -> list[Append]:
        facts = {key: _found_again(fold(history[streams[key]]), key, whole.get(key.external_id, [])) for key in named}
        found = [key for key, events in facts.items() if events]
        return [
            *(appended(history[streams[key]], streams[key], *facts[key]) for key in found),
            *tracked_again(poll.tools, found),
        ]

    poll.record([streams[key] for key in named], decide)


def _found_again(state: Invoice, key: InvoiceKey, found: Sequence[InvoiceFound]) -> tuple[Event, ...]:
    if not state.is_forgotten:
        return ()
    return decide_second_look(state, key, found) or decide_forgotten(state, key, found)


def _note_forgotten(poll: Poll, keys: set[InvoiceKey]) -> None:
    """Say on the connection which of them stand; the last facts of the poll, so that it was read to its end."""
    home = connection_stream(poll.tools.connection)
    streams = {key.external_id: invoice_stream(poll.tools.connection, key) for key in keys}

    def decide(history: History) -> list[Append]:
        standing = tuple(sorted(name for name, stream in streams.items() if fold(history[stream]).is_forgotten))
        facts = decide_sought(connection_of(poll.tools, history), standing, begun_at=poll.started_at)
        return [appended(history[home], home, *facts)]

    poll.record([home, *streams.values()], decide)


def _is_ours(tools: Tools, key: InvoiceKey) -> bool:
    """Whether the connection syncs it; another one may share the organisation."""
    return key.company == tools.rules.company and key.division in tools.rules.divisions


def _record(poll: Poll, page: Sequence[InvoiceFound], forgotten: set[InvoiceKey] | None) -> None:
    """Record the changes of a page; where two records may stand under one ExternalId, all of them are read.

    forgotten: takes what the store forgot, None when it never went back.
    """
    reported: dict[InvoiceKey, list[InvoiceFound]] = {}
    for found in page:
        key = InvoiceKey.parse(found.external_id)
        if key is not None:
            reported.setdefault(key, []).append(found)
    streams = {key: invoice_stream(poll.tools.connection, key) for key in reported}
    histories = poll.tools.log.load(list(streams.values()))
    states = {key: fold(histories[stream]) for key, stream in streams.items()}
    unknown = [k for k, s in states.items() if forgotten is not None and s.unnamed and _is_ours(poll.tools, k)]
    if forgotten is not None:
        forgotten.update(unknown)
    unclear = [key for key, state in states.items() if any(wants_second_look(state, f) for f in reported[key])]
    track_first(poll, (key for key in unclear if not states[key].at_large))  # live ones are looked at in Infor again
    whole = poll.tools.payables.find_invoices([key.external_id for key in unclear]) if unclear else {}

    def decide(history: History) -> list[Append]:
        now = {key: fold(history[stream]) for key, stream in streams.items()}
        facts = {key: _facts(state, key, reported[key], whole) for key, state in now.items()}
        facts |= {key: (*facts[key], *decide_forgotten(now[key], key, reported[key])) for key in unknown}
        come_back = [key for key, events in facts.items() if events and not now[key].at_large and now[key].key]
        return [
            *(appended(history[stream], stream, *facts[key]) for key, stream in streams.items()),
            *tracked_again(poll.tools, come_back),  # a poll of Infor may just have dropped what we thought absent
        ]

    poll.record(list(streams.values()), decide)


def _facts(
    state: Invoice, key: InvoiceKey, reported: Sequence[InvoiceFound], whole: dict[str, list[InvoiceFound]]
) -> tuple[Event, ...]:
    if key.external_id in whole:
        second = decide_second_look(state, key, whole[key.external_id])
        if second or state.found_twice:
            return second
    ours = [found for found in reported if found.avid_invoice_id == state.avid_invoice_id]
    return decide_status(state, key, ours[-1]) if ours else ()
