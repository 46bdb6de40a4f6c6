"""The submission protocol."""

from domain.event import Event
from domain.invoices import submission_events as s
from domain.money import Money
from tests.golden.examples.common import ATTEMPT_ID, DIGEST, INCARNATION, KEY, PERSON, at

AVID_ID = "5012877"

EXAMPLES: tuple[Event, ...] = (
    s.InvoiceSubmissionStarted(
        key=KEY,
        batch="TO-7Q2XK4M5ZB3N6R8AYCDE",
        position=3,
        members=50,
        attempt=2,
        attempt_id=ATTEMPT_ID,
        record_digest=DIGEST,
        batch_digest=DIGEST[::-1],
        image=DIGEST,
        deadline=at(8, 20),
        look_at=at(8, 35),
        incarnation=INCARNATION,
    ),
    s.InvoiceNotSent(attempt_id=ATTEMPT_ID, why="429 Too Many Requests", retry_at=at(8, 17, 30)),
    s.InvoiceSubmitted(key=KEY, attempt_id=ATTEMPT_ID, avid_invoice_id=AVID_ID, status="Received"),
    s.InvoiceSubmissionRefused(
        key=KEY,
        attempt_id=ATTEMPT_ID,
        code="FIELD_TOO_LONG",
        text="InvoiceNumber has 31 characters, 30 at most",
        whole_batch=True,
        members=50,
        field="InvoiceNumber",
        limit=30,
        length=31,
    ),
    s.InvoiceSubmissionDoubted(attempt_id=ATTEMPT_ID, why="the connection broke after 18 KB", look_at=at(8, 35)),
    s.InvoiceLookedUp(
        attempt_id=ATTEMPT_ID,
        begun_at=at(8, 35, 1),
        answered_at=at(8, 35, 3),
        conclusive=True,
        batch_status="Closed",
        look_at=at(8, 36, 4),
    ),
    s.InvoiceAbsentAfterSettling(attempt_id=ATTEMPT_ID, members=50),
    s.InvoiceFoundByLookup(key=KEY, attempt_id=ATTEMPT_ID, avid_invoice_id=AVID_ID, status="In Workflow"),
    s.InvoiceFoundTwice(key=KEY, avid_invoice_ids=(AVID_ID, "5012901")),
    s.InvoiceFoundDifferent(key=KEY, avid_invoice_id=AVID_ID, field="GrossAmount", ours="12840.50", theirs="12804.50"),
    s.InvoiceFoundForgotten(
        key=KEY,
        avid_invoice_id=AVID_ID,
        vendor_external_id="100|V10234",
        invoice_number="INV-88121",
        gross=Money(1_284_050),
        status="In Workflow",
        live=True,
    ),
    s.InvoiceAnsweredLate(
        key=KEY, attempt_id=ATTEMPT_ID, verdict="confirmed", avid_invoice_id=AVID_ID, text="receipt after the doubt"
    ),
    s.InvoiceResubmissionOrdered(person=PERSON, reason="rejected by mistake", ignore_ids=(AVID_ID,)),
    s.InvoiceDoubtResolved(
        key=KEY,
        attempt_id=ATTEMPT_ID,
        resolution="posted",
        person=PERSON,
        reason="seen in AvidXchange",
        avid_invoice_id=AVID_ID,
    ),
)
