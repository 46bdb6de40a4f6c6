"""Post a payment: pass its gate and split it into postings, one per division."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.errands.claims import claim, done, giving_back, nothing_to_do
from actors.errands.connections import connection_of
from actors.errands.streams import connection_stream
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.errors import ConflictError
from domain.event import Append, Event
from domain.identifiers import stream_id
from domain.invoices import invoice
from domain.payments import payment
from domain.payments.events import PaymentContent
from domain.payments.planning import InvoiceStanding, Plan, Replaced, decide_plan
from domain.ports.store import DueRow, StoreGuard
from domain.postings import posting

LIMIT = 100
LEASE = timedelta(seconds=10)  # nothing is called meanwhile


def post_payment(tools: Tools) -> int:
    """Plan the postings of a batch of settled payments; give how many were claimed."""
    rows = claim(tools, "post_payment", limit=LIMIT, lease=LEASE)
    for row in rows:
        with giving_back(tools, [row]):
            _post(tools, row)
    return len(rows)


def _post(tools: Tools, row: DueRow) -> None:
    guard = StoreGuard(incarnation=tools.log.incarnation())  # a store that goes back may forget what this plan rests on
    state = payment.fold(tools.log.load([row.aggregate])[row.aggregate])
    if state.settled is None or state.phase not in ("settled", "held"):
        nothing_to_do(tools, [row])
        return
    streams = _streams(tools, state.settled, state)

    def decide(history: History) -> list[Append]:
        return _appends(tools, row.aggregate, history)

    causes = tools.causes(tools.correlation_id())
    # A plan of before the connection was removed and added again must not slip in behind that.
    unmoved = [connection_stream(tools.connection)]
    appends = settle(tools.log, [row.aggregate, *streams], decide, causes=causes, guard=guard, unmoved=unmoved)
    (done if appends else nothing_to_do)(tools, [row])


def _streams(tools: Tools, content: PaymentContent, state: payment.Payment) -> list[UUID]:
    invoices = [stream_id(tools.connection, "invoice", r.invoice_external_id) for r in content.remittances]
    postings = [stream_id(tools.connection, "posting", leg.posting) for leg in state.legs]
    return [connection_stream(tools.connection), *invoices, *postings]


def _appends(tools: Tools, stream: UUID, history: History) -> list[Append]:
    state = payment.fold(history[stream])
    if state.settled is None:
        return []
    content = state.settled
    if any(needed not in history for needed in _streams(tools, content, state)):
        raise ConflictError("the payment changed while it was planned")
    conn = connection_of(tools, history)
    plan = decide_plan(
        state,
        invoices=_standings(tools, content, history),
        replaced=_replaced(tools, content),
        rules=tools.rules,
        today=tools.log.now().astimezone(ZoneInfo(tools.rules.timezone)).date(),
        went_back_at=conn.went_back_at,
        unsure_before=conn.unsure_before,
        unsought=conn.unsought,
        postings=_folded(tools, [leg.posting for leg in state.legs], history),
    )
    return [appended(history[stream], stream, *plan.payment), *_new_postings(tools, plan)]


def _new_postings(tools: Tools, plan: Plan) -> list[Append]:
    return [new_posting(tools, new.key1, facts) for new, facts in plan.postings]


def new_posting(tools: Tools, key1: str, facts: tuple[Event, ...]) -> Append:
    """Begin a posting's stream; a restored store may hold late answers to a life of it that it forgot, nothing else."""
    stream = stream_id(tools.connection, "posting", key1)
    past = tools.log.load([stream])[stream]
    begun = posting.fold(past).plan is not None
    return Append(stream=stream, expected_version=0 if begun else len(past), events=facts)


def _standings(tools: Tools, content: PaymentContent, history: History) -> dict[str, InvoiceStanding]:
    result = {}
    for remittance in content.remittances:
        external_id = remittance.invoice_external_id
        past = history[stream_id(tools.connection, "invoice", external_id)]
        state = invoice.fold(past)
        result[external_id] = InvoiceStanding(
            state.live, state.in_doubt, state.found_twice, seen=bool(past), forgotten=state.is_forgotten
        )
    return result


def _replaced(tools: Tools, content: PaymentContent) -> Replaced | None:
    """Load what a reissue replaces, and what that replaced before it; a circle ends where it began."""
    met = {content.payment_id}
    chain: list[payment.Payment] = []
    old_id = content.replaces_payment_id
    while old_id and old_id not in met:
        met.add(old_id)
        stream = stream_id(tools.connection, "payment", old_id)
        chain.append(payment.fold(tools.log.load([stream])[stream]))
        newest = chain[-1].content
        old_id = newest.replaces_payment_id if newest is not None else ""
    replaced: Replaced | None = None
    for old in reversed(chain):
        keys = [leg.posting for leg in (*old.legs, *(old.reversal.reversing if old.reversal else ()))]
        streams = [stream_id(tools.connection, "posting", key) for key in keys]
        replaced = Replaced(old, _folded(tools, keys, tools.log.load(streams)), replaced)
    return replaced


def _folded(tools: Tools, keys: list[str], history: History) -> Mapping[str, posting.Posting]:
    return {key: posting.fold(history[stream_id(tools.connection, "posting", key)]) for key in keys}
