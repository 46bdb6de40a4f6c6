"""Sentences about an invoice in Infor and at AvidXchange."""

from domain.event import Event
from domain.invoices import events as e
from projections.sentences.saying import Saying, after, avid, infor, listing, money, ours


def _waits(event: e.InvoiceHeld) -> str:
    return f"it waits for {event.waits_for}" if event.waits_for else "a person must act"


def _at_risk(event: e.InvoiceAtRiskInInfor) -> str:
    if not event.risks:
        return "The risk in Infor has passed."
    return f"It is live at AvidXchange and {listing(event.risks)} in Infor{after(event.detail)}."


def _image_missing(event: e.InvoiceImageMissing) -> str:
    end = "it waits for one" if event.hold else "it goes without"
    return f"Infor has no usable image ({event.reason}); {end}."


def _posted(event: e.InvoicePaymentPosted) -> str:
    what = "reversal of payment" if event.reversal else "payment"
    return f"Infor booked the {what} {event.payment_id} with {money(event.net)}, voucher {event.voucher}."


SAYINGS: dict[type[Event], Saying] = {
    e.LedgerRowNamed: infor(lambda x: f"Ledger row {x.row.natural_key} carries invoice {x.key.external_id}."),
    e.InvoiceApproved: infor(
        lambda x: f"Infor approved invoice {x.content.key.number} over {money(x.content.gross)} for payment."
    ),
    e.InvoiceNotEligible: infor(
        lambda x: f"Invoice {x.key.number} does not go to AvidXchange: {x.reason}{after(x.detail, before=', ')}."
    ),
    e.InvoiceChangedInInfor: infor(
        lambda x: "Infor shows the invoice otherwise than we knew it" + (", and AvidXchange has it." if x.live else ".")
    ),
    e.InvoiceKeyChanged: infor(
        lambda x: f"Ledger row {x.row.natural_key} came back as invoice {x.new_key.external_id}."
    ),
    e.InvoiceWithdrawnInInfor: infor(lambda x: f"Infor withdrew the invoice: {x.detail}."),
    e.InvoiceAtRiskInInfor: infor(_at_risk),
    e.InvoiceImageFetched: infor(lambda x: f"The image was fetched ({x.image.size} bytes, {x.image.content_type})."),
    e.InvoiceImageMissing: infor(_image_missing),
    e.InvoiceHeld: ours(lambda x: f"It is held for {x.reason}: {_waits(x)}."),
    e.InvoiceReleased: ours(lambda x: f"It is released: {x.why}."),
    e.InvoiceStatusReported: avid(lambda x: f"AvidXchange reports {x.status}{after(x.status_reason)}."),
    e.InvoiceRejectedByAvid: avid(lambda x: f"AvidXchange says {x.status}{after(x.status_reason)}."),
    e.InvoicePaymentStarted: ours(lambda x: f"Posting {x.posting} of payment {x.payment_id} began: {money(x.net)}."),
    e.InvoicePaymentPosted: infor(_posted),
    e.InvoicePaymentEnded: ours(lambda x: f"Posting {x.posting} ended without booking anything: {x.why}."),
    e.InvoicePartlyPaid: infor(lambda x: f"Infor shows {money(x.outstanding)} still outstanding."),
    e.InvoiceClosed: infor(lambda _: "Infor closed the invoice: nothing is outstanding."),
    e.InvoiceReopened: infor(lambda x: f"Infor shows it open again with {money(x.outstanding)}."),
    e.InvoicesTracked: ours(
        lambda x: f"Division {x.division}: {len(x.added)} invoices are followed from now on, {len(x.dropped)} no more."
    ),
    e.InvoiceIndexTurned: ours(lambda x: f"Division {x.division}: the list of followed invoices was begun anew."),
}
