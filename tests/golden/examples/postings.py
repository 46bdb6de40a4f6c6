"""The posting protocol."""

from datetime import date

from domain.event import Event
from domain.money import Money
from domain.postings import events as p
from tests.golden.examples.common import ATTEMPT_ID, INCARNATION, KEY, KEY1, PAYMENT_ID, PERSON, at

PLAN = p.PostingPlan(
    key1=KEY1,
    kind="T",
    payment_id=PAYMENT_ID,
    division="B07",
    company=100,
    generation=1,
    interface="AVXPAY",
    number="104417",
    payment_date=date(2026, 3, 10),
    accounting_date=date(2026, 3, 11),
    bank_id="USB01",
    lines=(p.PostingLine(line=1, invoice=KEY, net=Money(1_258_369, "USD"), discount=Money(25_681, "USD")),),
    read_back_only=True,
)
PARM = (
    "I1                 B07V10198    V10234    HVAC-88123              2026104417                  12583.69"
    "USD2026031020260311USB01" + "9004471 HVAC-88123".ljust(40)
)

EXAMPLES: tuple[Event, ...] = (
    p.PostingPlanned(plan=PLAN),
    p.PostingHeld(
        key1=KEY1,
        payment_id=PAYMENT_ID,
        reason="FIRST_POSTING",
        detail="the first posting waits for a person's word",
        waits_for="first-posting",
    ),
    p.PostingReleased(payment_id=PAYMENT_ID, why=f"{PERSON}: booked as wished"),
    p.PostingStarted(
        key1=KEY1,
        attempt=1,
        attempt_id=ATTEMPT_ID,
        description="AvidXchange 9004471",
        parms=(PARM,),
        deadline=at(9, 10),
        look_at=at(9, 25),
        incarnation=INCARNATION,
    ),
    p.PostingStepTaken(attempt_id=ATTEMPT_ID, step="AddBatchLine", lines=1, found=True),
    p.PostingNotSent(
        attempt_id=ATTEMPT_ID,
        step="CtrlBatch",
        after_handover=False,
        why="M3 said XAC0042, which we do not know",
        retry_at=at(9, 12),
        unknown_code=True,
    ),
    p.PostingRefused(
        key1=KEY1,
        attempt_id=ATTEMPT_ID,
        payment_id=PAYMENT_ID,
        step="AddBatchHead",
        code="WINT103",
        text="Interface AVXPAY does not exist",
    ),
    p.PostingAbandoned(key1=KEY1, payment_id=PAYMENT_ID, why="the payment was reversed before its handover"),
    p.PostingHandoverStarted(
        key1=KEY1,
        attempt_id=ATTEMPT_ID,
        handover=1,
        deadline=at(9, 11),
        look_at=at(9, 26),
        incarnation=INCARNATION,
    ),
    p.PostingHandedOver(attempt_id=ATTEMPT_ID, look_at=at(9, 11, 5)),
    p.PostingDoubted(
        attempt_id=ATTEMPT_ID, step="UpdBatch", why="no answer in 60 s", after_handover=True, look_at=at(9, 26)
    ),
    p.PostingAnsweredLate(attempt_id=ATTEMPT_ID, step="UpdBatch", verdict="confirmed", text="OK after 71 s"),
    p.PostingWaitsInInfor(
        payment_id=PAYMENT_ID,
        detail="no payment row for HVAC-88123 after 30 minutes",
        by_hand=True,
        look_at=at(10, 41),
    ),
    p.PostingToDesk(
        payment_id=PAYMENT_ID,
        why="the handover is in doubt and nothing is booked",
        what=f"look in GLS840 for {KEY1} in division B07",
    ),
    p.PostingConfirmed(
        key1=KEY1,
        payment_id=PAYMENT_ID,
        rows=(
            p.EvidenceRow(
                invoice=KEY,
                ledger_row="100|B07|2026|5102|1",
                voucher="90001",
                amount=Money(1_258_369, "USD"),
                accounting_date=date(2026, 3, 11),
                text="9004471 HVAC-88123",
            ),
        ),
    ),
    p.PostingDoubtResolved(
        key1=KEY1,
        payment_id=PAYMENT_ID,
        resolution="posted-by-hand",
        voucher="90002",
        person=PERSON,
        reason="booked in APS110",
    ),
)
