"""Planted bugs of what people are told: a fact that opens no issue, each where a schedule records it."""

from domain.invoices import events as i
from domain.invoices import submission_events as s
from domain.ledger_codes.events import LedgerCodeRefused
from domain.payments import events as y
from domain.postings import events as p
from domain.suppliers.events import SupplierRefused
from projections import issue_facts
from tests.simulation.planted.planting import Bug
from tieout.simulation.faults import Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile

SUBMIT, PAY, WHOLE = Profile.SUBMIT, Profile.PAY, Profile.WHOLE


def _opens_nothing(_: object) -> tuple[()]:
    return ()


UNTOLD_BUGS = tuple(
    Bug(
        name=f"{fact.__name__} opens no issue",
        breaks=(invariant,),
        items=((issue_facts.OPENS, fact, _opens_nothing),),
        profile=profile,
        focus=focus,
        happening=happening,
        then=then,
    )
    for fact, invariant, profile, focus, happening, then in (
        (i.InvoiceHeld, "I4", WHOLE, None, Happening.SUPPLIER_BLOCKED, None),
        (i.InvoiceImageMissing, "I4", WHOLE, None, None, None),
        (i.InvoiceAtRiskInInfor, "I13", PAY, None, None, None),
        (i.InvoiceChangedInInfor, "I13", SUBMIT, None, Happening.CHANGED, None),
        (i.InvoiceKeyChanged, "I4", WHOLE, None, Happening.KEY_CHANGED, None),
        (i.InvoiceRejectedByAvid, "I4", SUBMIT, None, Happening.REJECTED, None),
        (s.InvoiceSubmissionRefused, "I4", SUBMIT, ("send_batch", Fault.BUSINESS_ERROR), None, None),
        (s.InvoiceFoundForgotten, "I4", SUBMIT, None, Happening.RESTORED, Happening.KEY_CHANGED),
        (s.InvoiceAnsweredLate, "I4", SUBMIT, ("send_batch", Fault.STALL_AFTER), None, None),
        (y.PaymentHeld, "I4", PAY, None, Happening.UNKNOWN_INVOICE_PAID, None),
        (y.PaymentChangedAfterSettling, "I4", PAY, None, Happening.REPAID_OTHERWISE, None),
        (p.PostingHeld, "I4", PAY, None, Happening.PAID_BY_M3, None),
        (p.PostingRefused, "I4", PAY, None, Happening.PERIOD_CLOSED, None),
        (p.PostingWaitsInInfor, "I4", PAY, None, Happening.STUCK, None),
        (p.PostingToDesk, "I4", PAY, None, Happening.RESTORED, None),
        (SupplierRefused, "I4", WHOLE, ("put_vendors", Fault.REFUSED), None, None),
        (LedgerCodeRefused, "I4", WHOLE, ("put_codes", Fault.REFUSED), None, None),
    )
)
