"""Close invoices when Infor says so (OCUA 0, RECO 1), after a payment of ours was posted."""

from datetime import timedelta
from uuid import UUID

from actors.errands.claims import claim, done, giving_back
from actors.errands.tracking import tracked_again
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.invoices.decisions import decide_close
from domain.invoices.events import InvoiceAtRiskInInfor, InvoiceClosed, InvoicePartlyPaid, InvoiceReopened
from domain.invoices.invoice import fold
from domain.ports.store import DueRow

BATCH = 100
SLOWEST = 8  # doublings
FINAL = (InvoiceClosed, InvoicePartlyPaid, InvoiceAtRiskInInfor)  # what ends the errand of an invoice


def close_invoices(tools: Tools) -> int:
    """Read at most 100 invoices that were paid and say what Infor says; give how many rows were claimed."""
    rows = claim(tools, "close_invoices", limit=BATCH, lease=tools.rules.infor.call_timeout * 2)
    if not rows:
        return 0
    with giving_back(tools, rows):
        histories = tools.log.load([row.aggregate for row in rows])
        keys = {row.aggregate: key for row in rows if (key := fold(histories[row.aggregate]).key) is not None}
        read = tools.ledger.ledger_states(list(keys.values()))
        known = {s: (key, now) for s, key in keys.items() if isinstance(now := read.get(key), LedgerState)}
        settled = _settle(tools, known)
        done(tools, [row for row in rows if row.aggregate in settled])
        for row in rows:
            if row.aggregate not in settled:
                _later(tools, row)
    return len(rows)


def _settle(tools: Tools, known: dict[UUID, tuple[InvoiceKey, LedgerState]]) -> frozenset[UUID]:
    """Record what Infor says; give the streams it was final for."""

    def decide(history: History) -> list[Append]:
        facts = {stream: decide_close(fold(history[stream]), key, now) for stream, (key, now) in known.items()}
        open_again = [known[s][0] for s, events in facts.items() if any(isinstance(e, InvoiceReopened) for e in events)]
        return [
            *(appended(history[stream], stream, *events) for stream, events in facts.items()),
            *tracked_again(tools, open_again),
        ]

    made = settle(tools.log, list(known), decide, causes=tools.causes(tools.correlation_id()))
    final = (append for append in made if any(isinstance(event, FINAL) for event in append.events))
    return frozenset(append.stream for append in final)


def _later(tools: Tools, row: DueRow) -> None:
    """Look again on a slowing rhythm: M3 reconciles when it pleases."""
    wait: timedelta = min(tools.retry_cap, tools.retry_base * (1 << min(row.attempts, SLOWEST)))
    tools.work.postpone([row], worker=tools.worker, until=tools.log.now() + wait)
