"""What a new payment of an invoice waits for: an older one that was taken back, and still stands in Infor's books."""

from actors.errands.streams import invoice_stream, posting_stream
from actors.settle import History
from actors.tools import Tools
from domain import keys
from domain.identifiers import key1, stream_id
from domain.invoices import invoice
from domain.payments import payment
from domain.payments.reversal import key_of_reversal
from domain.postings import posting
from domain.postings.events import PostingPlan


def pending_reversal(tools: Tools, plan: PostingPlan, history: History) -> tuple[str, str] | None:
    """Give (payment id, key it ends with) of a reversal that will free a line's invoice, None without one.

    AvidXchange may pay an invoice again as soon as a payment came back; Infor shows nothing outstanding until the
    reversal is booked. One that ended without being booked stands under an issue of its own: a person lets it go again
    or takes the voucher back, and what waits follows.
    """
    for booked in _standing(tools, plan, history):
        key = _key_of_reversal(tools, booked) if booked.payment_id != plan.payment_id else None
        if key is not None:
            return booked.payment_id, key
    return None


def _standing(tools: Tools, plan: PostingPlan, history: History) -> list[PostingPlan]:
    """Give what was booked on the invoices of the lines and not taken back."""
    invoices = (invoice.fold(history[invoice_stream(tools.connection, line.invoice)]) for line in plan.lines)
    standing = [key for one in invoices for key in one.booked]
    history = tools.log.load([posting_stream(tools.connection, key) for key in standing])
    return [found for past in history.values() if (found := posting.fold(past).plan) is not None]


def _key_of_reversal(tools: Tools, old: PostingPlan) -> str | None:
    """Give the key that opens when the payment is taken back in Infor, None when it is not about to be.

    What was planned counts, whatever the settings say since; a person's word ends that person's own task alone.
    """
    stream = stream_id(tools.connection, "payment", old.payment_id)
    paid = payment.fold(tools.log.load([stream])[stream])
    if not paid.is_reversed:
        return None
    planned, reversal = paid.reversal, _key1_back(tools, old)
    if old.key1 in planned.tasks if planned is not None else not tools.rules.void_interface:
        return None if paid.by_hand else keys.reversed_payment(old.payment_id)
    if planned is not None and reversal not in {leg.posting for leg in planned.reversing}:
        return None
    stream = posting_stream(tools.connection, reversal)
    taking_back = posting.fold(tools.log.load([stream])[stream])
    return None if taking_back.booked else key_of_reversal(reversal, taking_back)


def _key1_back(tools: Tools, old: PostingPlan) -> str:
    return key1(
        tools.rules.identity,
        payment_id=old.payment_id,
        division=old.division,
        generation=old.generation,
        kind="R",
    )
