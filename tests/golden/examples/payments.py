"""A payment that AvidXchange reports, and what is planned for it."""

from datetime import date

from domain.event import Event
from domain.money import Money
from domain.payments import events as p
from tests.golden.examples.common import KEY, KEY1, PAYMENT_ID, PERSON, REVERSAL_KEY1

CONTENT = p.PaymentContent(
    payment_id=PAYMENT_ID,
    batch_id="33810",
    status="Issued to Supplier",
    status_id="7",
    standing="settled",
    method="Check",
    amount=Money(1_258_369, "USD"),
    payment_date=date(2026, 3, 10),
    settled_date=date(2026, 3, 11),
    cleared_date=date(2026, 3, 18),
    vendor_external_id="100|V10234",
    number="104417",
    card_last4="4242",
    card_number_dropped=True,
    return_code="R03",
    replaces_payment_id="9004102",
    modified="2026-03-11T16:42:07",
    remittances=(
        p.Remittance(
            invoice_external_id=KEY.external_id,
            invoice_number="HVAC-88123",
            gross=Money(1_284_050, "USD"),
            discount=Money(25_681, "USD"),
            net=Money(1_258_369, "USD"),
        ),
    ),
    problems=("METHOD_UNKNOWN",),
)
LEG = p.Leg(division="B07", posting=KEY1, net=Money(1_258_369, "USD"))

EXAMPLES: tuple[Event, ...] = (
    p.PaymentReported(content=CONTENT),
    p.PaymentSettled(content=CONTENT),
    p.PaymentChangedAfterSettling(content=CONTENT, changes=("number", "settled_date")),
    p.PaymentCleared(content=CONTENT),
    p.PaymentReversed(content=CONTENT, kind="Returned", return_code="R03"),
    p.PaymentReplaced(by_payment_id="9004988"),
    p.PaymentStatusUnknown(content=CONTENT, field="status"),
    p.PaymentCardNumberDropped(payment_id=PAYMENT_ID),
    p.PaymentHeld(
        payment_id=PAYMENT_ID,
        reason="INVOICE_IN_DOUBT",
        detail=f"invoice {KEY.external_id} is in doubt",
        waits_for=f"invoice:{KEY.external_id}",
    ),
    p.PaymentIgnored(payment_id=PAYMENT_ID, detail="it pays only invoices we never submitted"),
    p.PaymentPostingsPlanned(payment_id=PAYMENT_ID, generation=1, legs=(LEG,)),
    p.PaymentReversalPlanned(
        payment_id=PAYMENT_ID,
        abandoned=("TJ5K2M7QXA4ZBNC",),
        reversing=(p.Leg(division="B07", posting=REVERSAL_KEY1, net=Money(-1_258_369, "USD")),),
        tasks=("TQ6R3N8YWB5CDEF",),
    ),
    p.PaymentReversalHeld(payment_id=PAYMENT_ID, detail=f"posting {KEY1} is under way", waits_for=f"posting:{KEY1}"),
    p.PaymentPostingOrdered(payment_id=PAYMENT_ID, person=PERSON, reason="the period is open again"),
    p.ReversalDoneByHand(payment_id=PAYMENT_ID, person=PERSON, reason="reversed with voucher 90114"),
)
