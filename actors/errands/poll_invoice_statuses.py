"""Poll what became of submitted invoices at AvidXchange: windows of at most 30 UTC days, one day read twice."""

from collections.abc import Sequence
from datetime import date, timedelta

from actors.errands.polling import Poll, run_poll
from actors.errands.recheck_invoices import track_first
from actors.errands.streams import invoice_stream
from actors.errands.tracking import tracked_again
from actors.settle import History, appended
from actors.tools import Tools
from domain.event import Append, Event
from domain.identifiers import InvoiceKey
from domain.invoices.invoice import Invoice, fold
from domain.invoices.search import decide_second_look, decide_status, wants_second_look
from domain.ports.payables import InvoiceFound

WINDOW_DAYS = 30
OVERLAP_DAYS = 1


def poll_invoice_statuses(tools: Tools) -> bool:
    """Poll once if due; False when it was not."""
    return run_poll(tools, "invoice_statuses", _read)


def _read(poll: Poll) -> str:
    tools = poll.tools
    since = tools.rules.start_date
    if poll.watermark:
        since = date.fromisoformat(poll.watermark) - timedelta(days=OVERLAP_DAYS)
    today = tools.log.now().date()
    hint = tools.payables.now_hint()
    if hint is not None:
        today = max(today, hint.date())  # a clock of ours that is behind must not hide the newest changes
    first = since
    while first <= today:
        last = min(today, first + timedelta(days=WINDOW_DAYS))
        for page in tools.payables.changed_invoices(first, last):
            poll.page(len(page))
            _record(poll, page)
        first = last + timedelta(days=1)
    return max(today, since).isoformat()


def _record(poll: Poll, page: Sequence[InvoiceFound]) -> None:
    """Record the changes of a page; where two records may stand under one ExternalId, all of them are read."""
    reported: dict[InvoiceKey, list[InvoiceFound]] = {}
    for found in page:
        key = InvoiceKey.parse(found.external_id)
        if key is not None:
            reported.setdefault(key, []).append(found)
    streams = {key: invoice_stream(poll.tools.connection, key) for key in reported}
    histories = poll.tools.log.load(list(streams.values()))
    states = {key: fold(histories[stream]) for key, stream in streams.items()}
    unclear = [key for key, state in states.items() if any(wants_second_look(state, f) for f in reported[key])]
    track_first(poll, (key for key in unclear if not states[key].at_large))  # live ones are looked at in Infor again
    whole = poll.tools.payables.find_invoices([key.external_id for key in unclear]) if unclear else {}

    def decide(history: History) -> list[Append]:
        now = {key: fold(history[stream]) for key, stream in streams.items()}
        facts = {key: _facts(state, key, reported[key], whole) for key, state in now.items()}
        come_back = [key for key, events in facts.items() if events and not now[key].at_large]
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
