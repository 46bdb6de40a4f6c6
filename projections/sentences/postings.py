"""Sentences about a posting in Infor."""

from domain.event import Event
from domain.money import total
from domain.postings import events as e
from projections.sentences.saying import Saying, after, infor, listing, money, ours


def _planned(event: e.PostingPlanned) -> str:
    plan = event.plan
    what = "reversal" if plan.kind == "R" else "posting"
    net = money(total(line.net for line in plan.lines))
    return f"The {what} {plan.key1} of payment {plan.payment_id} in {plan.division} is planned over {net}."


def _doubted(event: e.PostingDoubted) -> str:
    end = "only look-ups from here on" if event.after_handover else "it is looked up before anything is sent"
    return f"Nobody knows whether Infor did {event.step}: {event.why}; {end}."


def _resolved(event: e.PostingDoubtResolved) -> str:
    voucher = after(event.voucher, before=", voucher ")
    return f"{event.person} settled the doubt: {event.resolution}{voucher}{after(event.reason, before=', ')}."


SAYINGS: dict[type[Event], Saying] = {
    e.PostingPlanned: ours(_planned),
    e.PostingHeld: ours(
        lambda x: f"It is held for {x.reason}: {x.detail}{after(x.waits_for or '', before='; it waits for ')}."
    ),
    e.PostingReleased: ours(lambda x: f"It is released: {x.why}."),
    e.PostingStarted: ours(lambda x: f"Attempt {x.attempt} to post KEY1 {x.key1} with {len(x.parms)} lines."),
    e.PostingStepTaken: infor(lambda x: f"Infor has {x.step}{' (it was there already)' if x.found else ''}."),
    e.PostingNotSent: ours(lambda x: f"{x.step} was not processed: {x.why}. It is tried again."),
    e.PostingRefused: infor(lambda x: f"Infor refused {x.step}: {x.code}{after(x.text, before=', ')}."),
    e.PostingAbandoned: ours(lambda x: f"It was given up before the handover: {x.why}."),
    e.PostingHandoverStarted: ours(lambda x: f"KEY1 {x.key1} is handed over (number {x.handover})."),
    e.PostingHandedOver: infor(lambda _: "Infor took the batch for posting."),
    e.PostingDoubted: ours(_doubted),
    e.PostingAnsweredLate: infor(
        lambda x: f"An answer to {x.step} came late: {x.verdict}{after(x.text, before=', ')}."
    ),
    e.PostingWaitsInInfor: infor(lambda x: f"It waits inside Infor: {x.detail}."),
    e.PostingToDesk: ours(lambda x: f"A person must look: {x.what}."),
    e.PostingConfirmed: infor(
        lambda x: f"Infor booked it: voucher {listing(dict.fromkeys(row.voucher for row in x.rows))}."
    ),
    e.PostingDoubtResolved: ours(_resolved),
}
