"""A payment's life with its postings: reported, planned, posted step by step, reversed, settled by people."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

import msgspec

from domain.payments import persons as payment_persons
from domain.payments.payment import Payment, fold
from domain.payments.planning import InvoiceStanding, decide_plan
from domain.payments.reporting import decide_replaced, decide_report
from domain.payments.reversal import decide_reversal
from domain.postings import events as p
from domain.postings import persons as posting_persons
from domain.postings.posting import Posting
from domain.postings.posting import fold as fold_posting
from tests.property.lives import Act, Life
from tests.support import payments_world as w

SETTLED = w.payment(w.remittance(), w.remittance(w.CM_9, "-70.00", "0"), w.remittance(w.OTHER_DIVISION, "10.00", "0"))
VOID = msgspec.structs.replace(SETTLED, status="Void", standing="reversed")
REPORTS = (
    SETTLED,
    msgspec.structs.replace(SETTLED, status="Cleared", cleared_date=w.TODAY),
    msgspec.structs.replace(SETTLED, number="7700457"),
    w.payment(w.remittance(net="1400.00", discount="0")),
    msgspec.structs.replace(SETTLED, status="Processing", standing="open"),
    msgspec.structs.replace(SETTLED, status="Mailed twice", standing="unknown"),
    msgspec.structs.replace(SETTLED, method="Barter", problems=("METHOD_UNKNOWN",)),
    VOID,
    msgspec.structs.replace(VOID, status="Returned", return_code="R03", card_number_dropped=True),
    msgspec.structs.replace(SETTLED, number=""),
)
STANDINGS = (InvoiceStanding(live=True), InvoiceStanding(live=False), InvoiceStanding(live=False, in_doubt=True))
STEPS = ("AddBatchHead", "AddBatchLine", "CtrlBatch")
WINDOW = timedelta(minutes=2)
MOSTLY_LIVE = 3  # variations from here on: every invoice is live


class PaymentLife:
    """One payment, and its postings by KEY1 in the order they were planned."""

    ACTS = (
        "report",
        "plan",
        "plan",
        "reverse",
        "begin",
        "step",
        "trouble",
        "hand_over",
        "after_handover",
        "after_handover",
        "order",
        "replaced",
        "reversal_done",
        "release_posting",
        "settle_posting",
    )

    BEGINNINGS: ClassVar[list[list[Act]]] = [
        [],
        [("report", 0), ("plan", 0)],
        [("report", 0), ("plan", 0), ("begin", 0), ("begin", 1), ("hand_over", 0)],
        [("report", 0), ("plan", 0), ("begin", 0), ("hand_over", 0), ("after_handover", 0), ("begin", 1)],
        [("report", 0), ("plan", 0), ("begin", 1), ("hand_over", 1), ("settle_posting", 9)],
    ]

    def __init__(self) -> None:
        self.life: Life[Payment] = Life(fold)
        self.postings: dict[str, Life[Posting]] = {}

    @property
    def state(self) -> Payment:
        """The payment as it stands."""
        return self.life.state

    def standing_postings(self) -> Mapping[str, Posting]:
        """The postings as they stand."""
        return {key: life.state for key, life in self.postings.items()}

    def report(self, n: int) -> None:
        """AvidXchange reports it."""
        self.life.happen(decide_report(self.state, REPORTS[n % len(REPORTS)]))

    def plan(self, n: int) -> None:
        """Its gate is tried; where it is open, its postings are planned."""
        settled = self.state.settled
        if self.state.is_reversed or settled is None:
            return
        standing = STANDINGS[n % len(STANDINGS) if n < MOSTLY_LIVE else 0]
        decided = decide_plan(
            self.state,
            invoices={r.invoice_external_id: standing for r in settled.remittances},
            replaced=None,
            rules=w.rules(payment_posting="task" if n % 5 == 4 else "gls840"),
            today=w.TODAY,
            went_back_at=None,
            unsure_before=None,
            postings=self.standing_postings(),
        )
        self.life.happen(decided.payment)
        for planned, facts in decided.postings:
            self._open(planned.key1).happen(facts)

    def reverse(self, n: int) -> None:
        """What a reversal asks for is decided."""
        rules = w.rules(void_interface="AVXVOID" if n % 2 else "")
        decided = decide_reversal(self.state, self.standing_postings(), rules)
        self.life.happen(decided.payment)
        for key1, fact in decided.abandoned:
            self.postings[key1].happen([fact])
        for planned, begun in decided.postings:
            self._open(planned.key1).happen([begun])

    def begin(self, n: int) -> None:
        """A posting's chain begins, or waits for something."""
        life = self._posting(n)
        if life is None or not life.state.startable:
            return
        if n % 4 == 3:
            life.happen([p.PostingHeld(payment_id="77001", reason="X", detail="", waits_for="k" if n > 5 else None)])
            return
        attempt = life.state.attempt + 1
        started = p.PostingStarted(
            key1=self._key(life),
            attempt=attempt,
            attempt_id=f"a{attempt}",
            description="AvidXchange 77001",
            parms=("I1",),
            deadline=life.now + WINDOW,
            look_at=life.now + WINDOW * 2,
            incarnation=w.STREAM,
        )
        life.happen([started])

    def step(self, n: int) -> None:
        """A step before the handover is done."""
        life = self._posting(n)
        if life is not None and life.state.phase == "started":
            life.happen([p.PostingStepTaken(attempt_id=life.state.attempt_id, step=STEPS[n % 3], found=n % 2 > 0)])

    def trouble(self, n: int) -> None:
        """A step before the handover went wrong: not sent, refused, or nobody knows."""
        life = self._posting(n)
        if life is None or life.state.phase != "started":
            return
        attempt_id, step, later = life.state.attempt_id, STEPS[n % 3], life.now + WINDOW
        facts = (
            p.PostingNotSent(
                attempt_id=attempt_id, step=step, after_handover=False, why="429", retry_at=later, unknown_code=n > 5
            ),
            p.PostingRefused(
                key1=self._key(life), attempt_id=attempt_id, payment_id="77001", step=step, code="X1", text="no"
            ),
            p.PostingDoubted(attempt_id=attempt_id, step=step, why="cut", after_handover=False, look_at=later),
        )
        life.happen([facts[n % len(facts)]])

    def hand_over(self, n: int) -> None:
        """The point of no return."""
        life = self._posting(n)
        if life is None or life.state.phase not in ("started", "handover_not_sent"):
            return
        handover = p.PostingHandoverStarted(
            key1=self._key(life),
            attempt_id=f"h{life.state.handover + 1}",
            handover=life.state.handover + 1,
            deadline=life.now + WINDOW,
            look_at=life.now + WINDOW * 2,
            incarnation=w.STREAM,
        )
        life.happen([handover])

    def after_handover(self, n: int) -> None:
        """What becomes of a handover: accepted, doubted, waiting, at the desk, booked."""
        life = self._posting(n)
        if life is None or life.state.ended or life.state.before_handover:
            return
        attempt_id, later, key1 = life.state.attempt_id, life.now + WINDOW, self._key(life)
        facts = (
            p.PostingConfirmed(key1=key1, payment_id="77001", rows=(w.row(),)),
            p.PostingHandedOver(attempt_id=attempt_id, look_at=later),
            p.PostingDoubted(attempt_id=attempt_id, step="UpdBatch", why="cut", after_handover=True, look_at=later),
            p.PostingNotSent(attempt_id=attempt_id, step="UpdBatch", after_handover=True, why="429", retry_at=later),
            p.PostingWaitsInInfor(payment_id="77001", detail="no row", by_hand=False, look_at=later),
            p.PostingToDesk(payment_id="77001", why="unknown", what="look in GLS840"),
            p.PostingAnsweredLate(attempt_id=attempt_id, step="UpdBatch", verdict="confirmed"),
        )
        life.happen([facts[n % len(facts)]])

    def order(self, _: int) -> None:
        """A person orders the payment to be planned again."""
        self.life.ordered(
            lambda: payment_persons.decide_posting_order(self.state, self.standing_postings(), person="ann", reason="r")
        )

    def replaced(self, n: int) -> None:
        """A reissue names it."""
        self.life.happen(decide_replaced(self.state, f"7800{n % 2}"))

    def reversal_done(self, _: int) -> None:
        """A person reversed it in M3."""
        self.life.ordered(lambda: payment_persons.decide_reversal_done(self.state, person="ann", reason="r"))

    def release_posting(self, n: int) -> None:
        """A person lets a posting go again."""
        life = self._posting(n)
        if life is not None:
            life.ordered(lambda: posting_persons.decide_release(life.state, person="ann", reason="r"))

    def settle_posting(self, n: int) -> None:
        """A person says what became of a posting, now or long after."""
        life = self._posting(n)
        if life is None:
            return
        resolution = ("absent", "posted", "posted-by-hand")[n % 3]
        life.ordered(
            lambda: posting_persons.decide_resolution(
                life.state,
                resolution=resolution,
                voucher="90001" if n > 5 else "",
                person="ann",
                reason="r",
                now=life.now + timedelta(days=n % 2),
                settle=WINDOW,
            )
        )

    def _open(self, key1: str) -> Life[Posting]:
        assert key1 not in self.postings, "one KEY1 for two postings"
        self.postings[key1] = Life(fold_posting)
        return self.postings[key1]

    def _posting(self, n: int) -> Life[Posting] | None:
        lives = list(self.postings.values())
        return lives[n % len(lives)] if lives else None

    def _key(self, life: Life[Posting]) -> str:
        return life.state.plan.key1 if life.state.plan else ""
