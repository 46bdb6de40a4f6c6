"""I14: every seen record is in exactly one state, and counts and money are what the log itself gives, record by record.

The totals are read as a script reads them; here each stream is folded anew by its aggregate, without a projection.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from domain.event import Recorded
from domain.invoices import events as i
from domain.invoices import invoice
from domain.invoices import submission_events as s
from domain.ledger_codes import ledger_code
from domain.money import Money, total
from domain.payments import payment
from domain.payments.payment import Payment
from domain.postings import posting
from domain.postings.posting import Posting
from domain.suppliers import supplier
from projections import ledger_codes, payments, postings, suppliers
from projections.totals import totals
from tieout.simulation.world import World

History = Sequence[Recorded]
BLOCKS = {"invoice": "invoices", "payment": "payments", "supplier": "suppliers", "ledger-code": "ledger_codes"}
LIVE = ("submitted", "closed")


def one_state_each(world: World) -> Iterator[str]:
    """I14: the counts of each block are the records of the log in that state, every one in one."""
    blocks = totals(world.projections, world.connection)
    streams = _streams(world)
    for kind, name in BLOCKS.items():
        states = Counter(_STATES[kind](history, streams) for history in streams[kind].values())
        # What a restored store forgot makes a record that was never seen in Infor, by a late answer or a poll of
        # AvidXchange: it is in no state.
        unseen = states.pop("", 0)
        counted = {state: count for state, count in blocks[name].items() if count and state != "seen"}
        if counted != dict(states):
            yield f"{name}: {counted} counted, {dict(states)} in the log"
        if blocks[name]["seen"] + unseen != len(streams[kind]):
            yield f"{name}: {blocks[name]['seen']} counted, {len(streams[kind])} in the log"


def money_adds_up(world: World) -> Iterator[str]:
    """I14: submitted, settled and posted are the sums of what the log says of each invoice, payment and posting."""
    said = totals(world.projections, world.connection)["money"]
    streams = _streams(world)
    paid = [payment.fold(history) for history in streams["payment"].values()]
    made = {s: posting.fold(history) for s, history in streams["posting"].items()}
    sums = {
        "submitted": total((_gross(h) for h in streams["invoice"].values() if invoice.fold(h).phase in LIVE), "USD"),
        "settled": total((_settled(one) for one in paid), "USD"),
        "posted": total((_posted(world, one, made) for one in paid), "USD"),
    }
    for name, money in sums.items():
        if said[name] != str(money):
            yield f"{name}: {said[name]} by the totals, {money} by the log"


def _streams(world: World) -> dict[str, dict[UUID, list[Recorded]]]:
    """Give the histories of each kind of record; what stands beside records (rows, indexes, lists) left out."""
    found: dict[str, dict[UUID, list[Recorded]]] = defaultdict(lambda: defaultdict(list))
    for recorded in world.history():
        if recorded.event.TOPIC != "ledger-code.listed/1":
            found[recorded.event.TOPIC.partition(".")[0]][recorded.stream].append(recorded)
    return found


def _payment_state(history: History, streams: dict[str, dict[UUID, list[Recorded]]]) -> str:
    made = (posting.fold(one) for one in streams["posting"].values())
    states = {one.plan.key1: postings.STATES[one.phase] for one in made if one.plan is not None}
    return payments.payment_state(payment.fold(history), states)


_STATES: dict[str, Callable[[History, dict[str, dict[UUID, list[Recorded]]]], str]] = {
    "invoice": lambda history, _: invoice.fold(history).phase,
    "payment": _payment_state,
    "supplier": lambda history, _: suppliers.state_of(supplier.fold(history)),
    "ledger-code": lambda history, _: ledger_codes.state_of(ledger_code.fold(history)),
}


def _gross(history: History) -> Money:
    """The amount as Infor named it last, of a live one as it was read last, else as AvidXchange showed it."""
    read = ours = there = None
    for recorded in history:
        match recorded.event:
            case i.InvoiceApproved(content=content) | i.InvoiceChangedInInfor(content=content):
                read = ours = content.gross
            case s.InvoiceSubmitted() | s.InvoiceFoundByLookup() | s.InvoiceDoubtResolved(resolution="posted"):
                ours = read or ours
            case i.InvoiceNotEligible(gross=gross):
                ours = gross
            case s.InvoiceFoundForgotten(gross=gross, live=live):
                there = gross if live else None
    return next((one for one in (ours, there) if one is not None), Money(0))


def _settled(paid: Payment) -> Money:
    stands = paid.settled is not None and paid.phase not in ("open", "ignored") and not paid.is_reversed
    return paid.settled.amount if stands and paid.settled is not None else Money(0)


def _posted(world: World, paid: Payment, made: dict[UUID, Posting]) -> Money:
    """What stands booked of a payment's present postings and of those that reverse it."""
    legs = (*paid.legs, *(paid.reversal.reversing if paid.reversal is not None else ()))
    by_hand = paid.reversal.tasks if paid.by_hand and paid.reversal is not None else ()
    found = (made.get(world.stream("posting", leg.posting)) for leg in legs if leg.posting not in by_hand)
    plans = [one.plan for one in found if one is not None and one.booked]
    return total((line.net for plan in plans if plan is not None for line in plan.lines), "USD")
