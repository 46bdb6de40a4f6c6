"""Look up invoices in doubt: batches first, members after them, and absence only after two empty looks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from actors.errands.claims import claim, done, giving_back
from actors.errands.connections import connection_of
from actors.errands.streams import connection_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.event import Append
from domain.invoices.invoice import Invoice, fold
from domain.invoices.submission import Look, decide_look
from domain.ports.store import DueRow

BATCH = 50
CALLS = 6
MARGIN = timedelta(seconds=1)


def look_up_invoices(tools: Tools) -> int:
    """Look up at most 50 invoices; give how many rows were claimed."""
    lease = tools.rules.avidxchange.call_timeout * CALLS
    rows = claim(tools, "look_up_invoices", limit=BATCH, lease=lease)
    if not rows:
        return 0
    with giving_back(tools, rows):
        now, hold = tools.log.now(), tools.log.hold_until()
        if hold is not None and now < hold:  # what is looked up while writes are held says nothing
            tools.work.postpone(rows, worker=tools.worker, until=hold, attempt=False)
            return len(rows)
        histories = tools.log.load([row.aggregate for row in rows])
        states = {row.aggregate: fold(histories[row.aggregate]) for row in rows}
        due = [row for row in rows if _may_look(states[row.aggregate], now)]
        _postpone_early(tools, [row for row in rows if row not in due], states)
        if due:
            _look(tools, due, states)
    return len(rows)


def _look(tools: Tools, rows: Sequence[DueRow], states: dict[UUID, Invoice]) -> None:
    lag = tools.rules.avidxchange.search_lag
    keys = {row.aggregate: key for row in rows if (key := states[row.aggregate].key) is not None}
    attempts = {row.aggregate: attempt for row in rows if (attempt := states[row.aggregate].attempt) is not None}
    begun = tools.log.now()
    statuses = tools.payables.find_batches(list(dict.fromkeys(a.batch for a in attempts.values())))
    found = tools.payables.find_invoices([key.external_id for key in keys.values()])
    answered = tools.log.now()
    home = connection_stream(tools.connection)

    def decide(history: History) -> list[Append]:
        went_back = connection_of(tools, history).went_back_at
        facts = []
        for stream, attempt in attempts.items():
            state, key = fold(history[stream]), keys[stream]
            look = Look(
                batch_status=statuses.get(attempt.batch, ""),
                found=tuple(found.get(key.external_id, ())),
                begun_at=begun,
                answered_at=answered,
            )
            same = state.attempt is not None and state.attempt.attempt_id == attempt.attempt_id
            events = decide_look(state, key, look, lag=lag, margin=MARGIN, went_back_at=went_back) if same else ()
            facts.append(appended(history[stream], stream, *events))
        return facts

    made = settle(tools.log, [*attempts, home], decide, causes=tools.causes(tools.correlation_id()))
    settled = {append.stream for append in made}
    done(tools, [row for row in rows if row.aggregate in settled])
    for row in (row for row in rows if row.aggregate not in settled):  # its batch is still being worked on
        wait = lag + MARGIN + tools.backoff(row.attempts)
        tools.work.postpone([row], worker=tools.worker, until=answered + wait)


def _may_look(state: Invoice, now: datetime) -> bool:
    return state.in_doubt and state.look_at is not None and now >= state.look_at


def _postpone_early(tools: Tools, rows: Sequence[DueRow], states: dict[UUID, Invoice]) -> None:
    """Give back rows that are early, or whose doubt is over and whose row the relay will delete."""
    for row in rows:
        until = states[row.aggregate].look_at or tools.log.now() + tools.retry_base
        tools.work.postpone([row], worker=tools.worker, until=until, attempt=False)
