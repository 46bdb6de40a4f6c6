"""Plan a reversal: give up what was not handed over, reverse what was booked, queue behind what is under way."""

from datetime import timedelta
from uuid import UUID

from actors.errands.claims import claim, done, giving_back, nothing_to_do
from actors.errands.connections import connection_of
from actors.errands.post_payment import new_posting
from actors.errands.posting_facts import ended_for_invoices
from actors.errands.streams import connection_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import stream_id
from domain.payments import payment
from domain.payments.reversal import ReversalPlan, decide_reversal
from domain.ports.store import DueRow, StoreGuard
from domain.postings import posting

LIMIT = 100
LEASE = timedelta(seconds=10)  # nothing is called meanwhile


def plan_reversal(tools: Tools) -> int:
    """Plan the reversals of a batch of payments; give how many were claimed."""
    rows = claim(tools, "plan_reversal", limit=LIMIT, lease=LEASE)
    for row in rows:
        with giving_back(tools, [row]):
            _plan(tools, row)
    return len(rows)


def _plan(tools: Tools, row: DueRow) -> None:
    guard = StoreGuard(incarnation=tools.log.incarnation())  # a store that goes back may forget what this plan rests on
    state = payment.fold(tools.log.load([row.aggregate])[row.aggregate])
    postings = [stream_id(tools.connection, "posting", leg.posting) for leg in state.legs]
    plans = [posting.fold(events).plan for events in tools.log.load(postings).values()]
    invoices = [
        stream_id(tools.connection, "invoice", line.invoice.external_id)
        for plan in plans
        if plan is not None
        for line in plan.lines
    ]

    def decide(history: History) -> list[Append]:
        return _appends(tools, row.aggregate, history)

    streams = [row.aggregate, connection_stream(tools.connection), *postings, *invoices]
    causes = tools.causes(tools.correlation_id())
    # A plan of before the connection was removed and added again must not slip in behind that.
    unmoved = [connection_stream(tools.connection)]
    appends = settle(tools.log, streams, decide, causes=causes, guard=guard, unmoved=unmoved)
    (done if appends else nothing_to_do)(tools, [row])


def _appends(tools: Tools, stream: UUID, history: History) -> list[Append]:
    state = payment.fold(history[stream])
    postings = {
        leg.posting: posting.fold(history[stream_id(tools.connection, "posting", leg.posting)]) for leg in state.legs
    }
    unsure_before = connection_of(tools, history).unsure_before
    plan = decide_reversal(state, postings, tools.rules, unsure_before=unsure_before)
    return [
        appended(history[stream], stream, *plan.payment),
        *_given_up(tools, plan, postings, history),
        *_released(tools, plan, history),
        *_new(tools, plan),
    ]


def _given_up(tools: Tools, plan: ReversalPlan, postings: dict[str, posting.Posting], history: History) -> list[Append]:
    appends = []
    for key1, fact in plan.abandoned:
        stream = stream_id(tools.connection, "posting", key1)
        appends.append(appended(history[stream], stream, fact))
        booked = postings[key1].plan
        if booked is not None:
            appends.extend(ended_for_invoices(tools.connection, booked, history, why=fact.why))
    return appends


def _released(tools: Tools, plan: ReversalPlan, history: History) -> list[Append]:
    streams = [(stream_id(tools.connection, "posting", key1), fact) for key1, fact in plan.released]
    return [appended(history[stream], stream, fact) for stream, fact in streams]


def _new(tools: Tools, plan: ReversalPlan) -> list[Append]:
    return [new_posting(tools, new.key1, (fact,)) for new, fact in plan.postings]
