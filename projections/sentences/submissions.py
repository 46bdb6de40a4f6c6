"""Sentences about the submission of an invoice to AvidXchange."""

from domain.event import Event
from domain.invoices import submission_events as s
from projections.sentences.saying import Saying, after, avid, listing, ours


def _refused(event: s.InvoiceSubmissionRefused) -> str:
    whole = f"the whole batch of {event.members}" if event.whole_batch and event.members > 1 else "it"
    who = "AvidXchange refused" if event.attempt_id else "AvidXchange would refuse"
    return f"{who} {whole}: {event.code}{after(event.field, before=' in ')}{after(event.text, before=', ')}."


def _looked_up(event: s.InvoiceLookedUp) -> str:
    if event.conclusive:
        return "A look-up found nothing; the batch creates no more."
    return f"A look-up found nothing yet; the batch is {event.batch_status}, so it proves nothing."


def _resolved(event: s.InvoiceDoubtResolved) -> str:
    word = "is not at AvidXchange" if event.resolution == "absent" else f"is there as {event.avid_invoice_id}"
    return f"{event.person} settled the doubt: it {word}{after(event.reason, before=', ')}."


SAYINGS: dict[type[Event], Saying] = {
    s.InvoiceSubmissionStarted: ours(
        lambda x: f"Attempt {x.attempt} to submit it, number {x.position} of {x.members} in batch {x.batch}."
    ),
    s.InvoiceNotSent: ours(lambda x: f"Nothing was processed: {x.why}. It is tried again."),
    s.InvoiceSubmitted: avid(lambda x: f"AvidXchange took it as invoice {x.avid_invoice_id} ({x.status})."),
    s.InvoiceSubmissionRefused: avid(_refused),
    s.InvoiceSubmissionDoubted: ours(lambda x: f"Nobody knows whether AvidXchange took it: {x.why}. It is looked up."),
    s.InvoiceLookedUp: avid(_looked_up),
    s.InvoiceAbsentAfterSettling: ours(lambda _: "Two look-ups prove that it never arrived."),
    s.InvoiceFoundByLookup: avid(lambda x: f"AvidXchange has it as invoice {x.avid_invoice_id} ({x.status})."),
    s.InvoiceFoundTwice: avid(lambda x: f"AvidXchange has it twice: {listing(x.avid_invoice_ids)}."),
    s.InvoiceFoundDifferent: avid(
        lambda x: f"AvidXchange's invoice {x.avid_invoice_id} differs in {x.field}: {x.theirs} there, {x.ours} here."
    ),
    s.InvoiceFoundForgotten: avid(
        lambda x: (
            f"AvidXchange has it as invoice {x.avid_invoice_id} ({x.status}); the restored store forgot it, and Infor"
            " has not named it again."
        )
    ),
    s.InvoiceAnsweredLate: avid(lambda x: f"An answer came late: {x.verdict}{after(x.avid_invoice_id, before=' ')}."),
    s.InvoiceResubmissionOrdered: ours(lambda x: f"{x.person} ordered it to be submitted again{after(x.reason)}."),
    s.InvoiceDoubtResolved: ours(_resolved),
}
