"""An invoice's life: Infor is read, AvidXchange answers or does not, somebody looks, people order things."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from domain.identifiers import batch_id
from domain.invoices import decisions, persons, search, submission
from domain.invoices import events as e
from domain.invoices.content import LedgerState
from domain.invoices.invoice import Invoice, fold
from domain.money import Money
from domain.ports.answers import Breach, RecordAnswer, Verdict
from domain.ports.payables import EncodedBatch, InvoiceFound
from tests.property.lives import VARIATIONS, Act, Life
from tests.unit.domain.invoices import invoice_facts as f

KEY = f.KEY
WINDOW = timedelta(minutes=2)
ANSWERS = (
    RecordAnswer(verdict=Verdict.CONFIRMED, item_id="500123", status="Received"),
    RecordAnswer(verdict=Verdict.CONFIRMED, item_id="500124", status="Received"),
    RecordAnswer(verdict=Verdict.REFUSED, code="PO_NOT_FOUND", text="no"),
    RecordAnswer(verdict=Verdict.NOT_SENT, text="429"),
    RecordAnswer(verdict=Verdict.DOUBT, text="no answer"),
)
LEDGERS: Sequence[LedgerState | None] = (
    f.ledger(),
    f.ledger(approved=False),
    f.ledger(stopped=True),
    f.ledger(payment_status=1),
    f.ledger(paid=Money(125_000), outstanding=Money(0), payment_status=4),
    f.ledger(paid=Money(125_000), outstanding=Money(0), reconciled=True),
    f.ledger(gross=Money(125_001), outstanding=Money(125_001)),
    None,
)
SETTLED = 5  # of LEDGERS: paid and reconciled
FOUND: Sequence[tuple[InvoiceFound, ...]] = (
    (),
    (f.found(),),
    (f.found("500124"),),
    (f.found(), f.found("500124")),
    (f.found(status="Rejected"),),
    (f.found(status="Void"), f.found("500124", status="In Workflow")),
    (f.found(gross=Money(1)),),
)


class InvoiceLife:
    """One invoice; sent: the intents so far, whose answers may come late."""

    ACTS = (
        "read",
        "image",
        "gate",
        "send",
        "send",
        "send",
        "answer",
        "answer",
        "look",
        "look",
        "look",
        "status",
        "second_look",
        "pay",
        "paid",
        "close",
        "key_changed",
        "hold",
        "before_sending",
        "resubmit",
        "settle_doubt",
        "release",
    )

    BEGINNINGS: ClassVar[list[list[Act]]] = [
        [],
        [("read", 0), ("image", 0)],
        [("read", 0), ("image", 0), ("send", 0)],
        [("read", 0), ("image", 0), ("send", 0), ("answer", 0)],
        [("read", 0), ("image", 0), ("send", 1), ("answer", 4), ("look", 0)],
        [("read", 0), ("image", 0), ("send", 0), ("answer", 0), ("pay", 0), ("paid", 0)],
    ]

    def __init__(self) -> None:
        self.life: Life[Invoice] = Life(fold)
        self.sent: list[tuple[str, int]] = []
        self.postings = 0

    @property
    def state(self) -> Invoice:
        """The invoice as it stands."""
        return self.life.state

    def read(self, n: int) -> None:
        """A poll reads Infor; mostly with the content, which differs now and then."""
        ledger = LEDGERS[n % len(LEDGERS)]
        content = f.content(voucher=50_001 + n // 8) if n % 3 != 1 else None
        reading = decisions.Reading(head=f.head(), ledger=ledger, content=content)
        self.life.happen(decisions.decide_reading(self.state, reading, f.RULES))

    def image(self, n: int) -> None:
        """The image search ends."""
        image = f.IMAGE if n % 3 == 0 else None
        reason = "" if image else ("NO_IMAGE", "IMAGE_TOO_LARGE")[n % 2]
        if self.state.content is not None:
            self.life.happen(decisions.decide_image(self.state, KEY, image=image, reason=reason, hold=n % 4 == 0))

    def gate(self, n: int) -> None:
        """The gate is tried with something shut."""
        gates = submission.Gates(
            supplier_open=n % 3 == 0,
            shut_codes=((f.content().lines[0].codes[0], "CODE_REFUSED"),) if n % 4 == 3 else (),
            breaches=(Breach(field="InvoiceNumber", limit=30, length=31),) if n % 2 else (),
        )
        self.life.happen(submission.decide_gate(self.state, KEY, gates))

    def send(self, n: int) -> None:
        """Everything is open: where the gate lets it through, it goes out, alone or with others."""
        held = submission.decide_gate(self.state, KEY, submission.Gates(supplier_open=True))
        if held:
            self.life.happen(held)
            return
        assert not self.state.at_large, "AvidXchange has it or may have it, and the gate stands open"
        members = 1 if n % 2 else self.state.batch_limit
        number = self.state.attempts + 1
        encoded = EncodedBatch(
            batch=batch_id([(KEY.external_id, number)]), body=b"", digest="b", record_digests={KEY.external_id: "r"}
        )
        intent = submission.decide_start(
            self.state,
            KEY,
            encoded=encoded,
            position=1,
            members=members,
            attempt_id=f"a{number}",
            incarnation=f.STORE,
            deadline=self.life.now + WINDOW,
            settle=WINDOW,
        )
        assert intent.attempt_id not in [attempt for attempt, _ in self.sent]
        self.sent.append((intent.attempt_id, members))
        self.life.happen([intent])

    def answer(self, n: int) -> None:
        """An answer comes, in time or late, to the last or an earlier attempt, perhaps in a restored store."""
        if not self.sent:
            return
        attempt_id, members = self.sent[-1 - n % min(2, len(self.sent))]
        outcome = submission.Outcome(
            attempt_id=attempt_id,
            members=members,
            whole=n % 2 > 0,
            answer=ANSWERS[n % len(ANSWERS)],
            look_at=self.life.now + WINDOW,
            retry_at=self.life.now + WINDOW,
            incarnation=f.OTHER_STORE if n % 6 == 5 else f.STORE,
        )
        self.life.happen(submission.decide_outcome(self.state, KEY, outcome))
        assert submission.decide_outcome(self.state, KEY, outcome) == (), "an answer counts once"

    def look(self, n: int) -> None:
        """Somebody looks it up, late enough, and finds one thing or another."""
        due = max([self.life.now, *(at for at in (self.state.look_at,) if at)]) + WINDOW
        look = submission.Look(
            batch_status=("", "Closed", "Processing")[n % 3],
            found=FOUND[n % len(FOUND)] if n % 2 else (),
            begun_at=due,
            answered_at=due + timedelta(seconds=1),
        )
        went_back = due if n == VARIATIONS - 1 else None
        margin = timedelta(seconds=1)
        self.life.happen(
            submission.decide_look(self.state, KEY, look, lag=f.LAG, margin=margin, went_back_at=went_back)
        )

    def status(self, n: int) -> None:
        """AvidXchange reports a status."""
        found = f.found(("500123", "500124")[n % 2], status=("In Workflow", "Rejected", "Void")[n % 3])
        self.life.happen(search.decide_status(self.state, KEY, found))

    def second_look(self, n: int) -> None:
        """A reported record called for reading all of them."""
        found = FOUND[n % len(FOUND)]
        if any(search.wants_second_look(self.state, one) for one in found):
            self.life.happen(search.decide_second_look(self.state, KEY, found))

    def pay(self, _: int) -> None:
        """A posting begins, where none is in flight."""
        if self.state.live and not self.state.payment_in_flight:
            self.postings += 1
            posting = f"T{self.postings}"
            self.life.happen([e.InvoicePaymentStarted(posting=posting, payment_id="P1", net=Money(125_000))])

    def paid(self, n: int) -> None:
        """The posting in flight ends: booked, taken back, or nothing."""
        posting = self.state.payment_in_flight
        if not posting:
            return
        if n % 3 == 2:
            self.life.happen([e.InvoicePaymentEnded(posting=posting, payment_id="P1", why="refused")])
            return
        booked = e.InvoicePaymentPosted(
            posting=posting,
            payment_id="P1",
            net=Money(125_000),
            discount=Money(0),
            voucher="9",
            ledger_row=posting,
            reversal=n % 3 == 1,
        )
        self.life.happen([booked])

    def close(self, n: int) -> None:
        """Infor is asked after a payment."""
        ledger = LEDGERS[(n + SETTLED) % len(LEDGERS)]
        if ledger is not None and self.state.posted:
            self.life.happen(decisions.decide_close(self.state, KEY, ledger))

    def key_changed(self, n: int) -> None:
        """The ledger row comes back under another key."""
        if n == VARIATIONS - 1 and self.state.content is not None:
            changed = decisions.decide_key_changed(self.state, row=f.ROW, old=KEY, new=f.OTHER_KEY)
            self.life.happen(changed)

    def hold(self, n: int) -> None:
        """Something is found while its batch is put together."""
        if n % 3 == 1:
            self.life.happen(decisions.decide_hold(self.state, KEY, reason="IMAGE_LOST", detail=""))

    def before_sending(self, n: int) -> None:
        """Infor is asked again just before a send."""
        if self.state.sendable:
            ledger = LEDGERS[n % len(LEDGERS)]
            self.life.happen(decisions.decide_before_sending(self.state, KEY, ledger, f.RULES))

    def resubmit(self, _: int) -> None:
        """A person orders it again."""
        self.life.ordered(lambda: persons.decide_resubmission(self.state, person="ann", reason="r"))

    def settle_doubt(self, n: int) -> None:
        """A person settles the doubt."""
        word, found = ("posted", "absent")[n % 2], ("", "500123")[n % 3 == 0]
        self.life.ordered(
            lambda: persons.decide_doubt_resolution(
                self.state, resolution=word, person="ann", reason="r", avid_invoice_id=found
            )
        )

    def release(self, _: int) -> None:
        """A person lets it try its gate again."""
        self.life.ordered(lambda: persons.decide_release(self.state, person="ann", reason="r"))
