"""Poll payments: windows of at most 30 UTC days with overlap; what changed becomes facts of each payment."""

from datetime import timedelta
from uuid import UUID

from actors.errands.days import first_day, remote_today, windows_to_read
from actors.errands.polling import Poll, run_poll
from actors.settle import History, appended
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import stream_id
from domain.payments.events import PaymentContent
from domain.payments.payment import fold
from domain.payments.reporting import decide_replaced, decide_report

OVERLAP = timedelta(days=2)


def poll_payments(tools: Tools) -> bool:
    """Poll once if due; False when it was not."""
    return run_poll(tools, "payments", _read)


def _read(poll: Poll) -> str:
    tools = poll.tools
    today = remote_today(tools)
    since = first_day(poll.watermark, start=tools.rules.start_date, overlap=OVERLAP, today=today)
    for first, last in windows_to_read(poll.watermark, since, today, overlap=OVERLAP):
        for page in tools.payables.payments(first, last):
            poll.page(len(page.payments) + len(page.problems))
            for record, text in page.problems:
                poll.malformed(record, text)
            for payment in page.payments:
                poll.well_read(payment.payment_id)
            _record(poll, page.payments)
    return max(today, since).isoformat()


def _record(poll: Poll, payments: tuple[PaymentContent, ...]) -> None:
    tools = poll.tools
    reports = {_stream(tools, p.payment_id): p for p in payments}
    replaced = {_stream(tools, p.replaces_payment_id): p.payment_id for p in payments if p.replaces_payment_id}

    def decide(history: History) -> list[Append]:
        appends = []
        for stream in dict.fromkeys((*reports, *replaced)):
            state = fold(history[stream])
            facts = decide_report(state, reports[stream]) if stream in reports else ()
            if stream in replaced:
                facts = (*facts, *decide_replaced(state, replaced[stream], reported=stream in reports))
            appends.append(appended(history[stream], stream, *facts))
        return appends

    poll.record([*reports, *replaced], decide)


def _stream(tools: Tools, payment_id: str) -> UUID:
    return stream_id(tools.connection, "payment", payment_id)
