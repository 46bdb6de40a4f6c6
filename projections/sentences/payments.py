"""Sentences about a payment at AvidXchange."""

from domain.event import Event
from domain.payments import events as e
from projections.sentences.saying import Saying, after, avid, listing, money, ours


def _settled(event: e.PaymentSettled) -> str:
    content = event.content
    number = after(content.number, before=" ")
    return f"Payment {content.payment_id} is settled: {content.method}{number} over {money(content.amount)}."


def _reversal(event: e.PaymentReversalPlanned) -> str:
    parts = (
        (f"given up {listing(event.abandoned)}", event.abandoned),
        (f"reversed by {listing(leg.posting for leg in event.reversing)}", event.reversing),
        (f"to be reversed by a person {listing(event.tasks)}", event.tasks),
    )
    return f"The reversal is planned: {'; '.join(text for text, there in parts if there) or 'nothing was booked'}."


def _unknown(event: e.PaymentStatusUnknown) -> str:
    word = event.content.method if event.field == "method" else event.content.status
    return f"The {event.field} is not known: {word}." if word else f"AvidXchange names no {event.field} for it."


SAYINGS: dict[type[Event], Saying] = {
    e.PaymentReported: avid(
        lambda x: (
            f"AvidXchange reports payment {x.content.payment_id} as {x.content.status}, {money(x.content.amount)}."
        )
    ),
    e.PaymentSettled: avid(_settled),
    e.PaymentChangedAfterSettling: avid(lambda x: f"AvidXchange changed it after settling: {listing(x.changes)}."),
    e.PaymentCleared: avid(lambda x: f"AvidXchange reports {x.content.status}."),
    e.PaymentReversed: avid(lambda x: f"AvidXchange reversed it: {x.kind}{after(x.return_code, before=' ')}."),
    e.PaymentReplaced: avid(lambda x: f"Payment {x.by_payment_id} replaces it."),
    e.PaymentStatusUnknown: avid(_unknown),
    e.PaymentCardNumberDropped: avid(
        lambda _: "What stood for the four digits of a card was none, and was dropped where it arrived."
    ),
    e.PaymentHeld: ours(
        lambda x: f"It is held for {x.reason}: {x.detail}{after(x.waits_for or '', before='; it waits for ')}."
    ),
    e.PaymentIgnored: ours(lambda x: f"It is ignored: {x.detail}."),
    e.PaymentPostingsPlanned: ours(
        lambda x: (
            "It is split by division: "
            + listing(f"{leg.division} {money(leg.net)} as {leg.posting}" for leg in x.legs)
            + "."
        )
    ),
    e.PaymentReversalPlanned: ours(_reversal),
    e.PaymentReversalHeld: ours(lambda x: f"The reversal waits: {x.detail}."),
    e.PaymentPostingOrdered: ours(lambda x: f"{x.person} ordered it to be posted again{after(x.reason)}."),
    e.ReversalDoneByHand: ours(lambda x: f"{x.person} reversed it in Infor by hand{after(x.reason)}."),
}
