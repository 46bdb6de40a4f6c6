"""What needs a person: one issue per cause, its records coming and going with the facts."""

import msgspec
import pytest

from domain.connections import events as c
from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.issues.events import IssueResolved, IssueRetried
from domain.ledger_codes import events as g
from domain.money import Money
from domain.payments import events as y
from domain.polls import events as o
from domain.postings import events as p
from domain.suppliers import events as v
from projections import issues
from tests.support import payments_world as w
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import CONNECTION, EXTERNAL_ID, KEY, START, Book, causes, examples, open_issues

OTHER = InvoiceKey(100, "BBB", "V2", "V2", "INV-9", 2026)
VOID = y.PaymentReversed(content=w.payment(status="Void", standing="reversed"), kind="Void")
TASK = y.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=("T1",))
PLANNED = p.PostingPlanned(plan=w.plan(key1="T1"))
GOOD_RECEIPT = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="confirmed", avid_invoice_id="500123")


def supplier_refused(number: str = "V1", field: str = "Name") -> Event:
    return v.SupplierRefused(
        key=f"100|{number}", code="FIELD_TOO_LONG", text="60 of 50", of_version=1, field=field, limit=50, length=60
    )


def supplier_confirmed(number: str = "V1", enrolment: str = "Enrolled") -> Event:
    return v.SupplierConfirmed(
        key=f"100|{number}", vendor_id="9", enrolment=enrolment, digest="d", of_version=1, opens_gate=True
    )


def posting_refused(code: str = "GL84007") -> Event:
    return p.PostingRefused(key1="T1", attempt_id="a", payment_id="77001", step="CtrlBatch", code=code, text="closed")


def test_records_with_the_same_cause_stand_under_one_issue() -> None:
    book = Book()
    book.happened("supplier", "100|V1", supplier_refused())
    book.happened("supplier", "100|V2", supplier_refused("V2"))
    book.happened("supplier", "100|V3", supplier_refused("V3", field="City"))
    both, other = open_issues(book)
    assert (both.cause, other.cause) == (
        "supplier-refused:FIELD_TOO_LONG:Name",
        "supplier-refused:FIELD_TOO_LONG:City",
    )
    assert [record.record for record in both.records] == ["100|V1", "100|V2"]
    assert (both.id, both.kind, both.why, both.opened_at) == (
        issues.issue_id(CONNECTION, both.cause),
        "supplier-refused",
        "FIELD_TOO_LONG: 60 of 50",
        START,
    )
    assert len(both.id) == len("I-ABCDEF")
    assert both.title
    assert both.mend


def test_a_mended_record_leaves_and_the_last_one_closes_the_issue() -> None:
    book = Book()
    book.happened("supplier", "100|V1", supplier_refused())
    book.happened("supplier", "100|V2", supplier_refused("V2"))
    book.happened("supplier", "100|V1", supplier_confirmed())
    (issue,) = open_issues(book)
    assert [record.record for record in issue.records] == ["100|V2"]
    book.happened("supplier", "100|V2", supplier_confirmed("V2"))
    assert open_issues(book) == []
    assert book.store.rows("issues") == []


def test_a_record_refused_again_keeps_its_age_and_moves_to_its_new_cause() -> None:
    book = Book()
    book.happened("supplier", "100|V1", supplier_refused())
    book.happened("supplier", "100|V1", v.SupplierRetryOrdered(person="ann", reason="again"), supplier_refused())
    (issue,) = open_issues(book)
    assert issue.opened_at == START
    book.happened("supplier", "100|V1", supplier_refused(field="City"))
    assert causes(book) == ["supplier-refused:FIELD_TOO_LONG:City"]


def test_a_resolved_issue_opens_again_only_for_what_joins_later() -> None:
    book = Book()
    cause = "supplier-refused:FIELD_TOO_LONG:Name"
    book.happened("supplier", "100|V1", supplier_refused())
    book.happened("issue", cause, IssueResolved(cause=cause, person="ann", reason="known"), actor="ann")
    assert open_issues(book) == []
    book.happened("supplier", "100|V2", supplier_refused("V2"))
    (issue,) = open_issues(book)
    assert [record.record for record in issue.records] == ["100|V2"]


def test_a_retry_is_remembered_on_its_issue() -> None:
    book = Book()
    cause = "supplier-refused:FIELD_TOO_LONG:Name"
    book.happened("supplier", "100|V1", supplier_refused())
    book.happened("issue", cause, IssueRetried(cause=cause, person="ann", reason="mended", records=("100|V1",)))
    (issue,) = open_issues(book)
    assert issue.retried_by == "ann"
    assert issue.retried_at is not None


def test_money_at_stake_is_that_of_the_records() -> None:
    book = Book()
    book.invoice(f.approved(), f.started(), f.refused())
    book.invoice(f.approved(gross=Money(-25_000)), f.started(), f.refused(), key=OTHER)
    (issue,) = open_issues(book)
    assert issue.money == (Money(150_000),)
    assert [record.money for record in issue.records] == [Money(125_000), Money(-25_000)]
    book.happened("posting", "T1", PLANNED, posting_refused())
    assert open_issues(book)[-1].money == (Money(157_000),)
    book.happened("supplier", "100|V1", supplier_refused())
    assert open_issues(book)[-1].money == ()


def test_urgent_issues_come_first() -> None:
    book = Book()
    book.happened("supplier", "100|V1", supplier_refused())
    book.invoice(f.approved(), f.started(), f.submitted(), f.twice())
    assert [issue.urgent for issue in open_issues(book)] == [True, False]
    assert open_issues(book)[0].cause == "invoice-found-twice"


LIVE: list[Event] = [f.approved(), f.FETCHED, f.started(), f.submitted()]
PAY = "payment"


@pytest.mark.parametrize(
    ("kind", "key", "opening", "cause", "mending"),
    [
        ("supplier", "1", [supplier_confirmed(enrolment="Excluded")], "supplier-excluded", supplier_confirmed()),
        (
            "ledger-code",
            "1",
            [g.LedgerCodeRefused(key="100|1|6", code="CODE_INVALID", text="x", of_version=1)],
            "ledger-code-refused:CODE_INVALID",
            g.LedgerCodeConfirmed(key="100|1|6", digest="d", of_version=1, opens_gate=True),
        ),
        ("invoice", "1", [f.approved(), f.held("LINES_DO_NOT_SUM")], "invoice-held:LINES_DO_NOT_SUM", f.WITHDRAWN),
        ("invoice", "1", [f.approved(), f.refused()], "invoice-refused:PO_NOT_FOUND", f.submitted()),
        ("invoice", "1", [f.approved(), f.twice()], "invoice-found-twice", f.submitted()),
        ("invoice", "1", [f.forgotten()], "invoice-forgotten", f.approved()),
        ("invoice", "1", [f.forgotten()], "invoice-forgotten", f.forgotten(live=False)),
        ("invoice", "1", [f.approved(), f.different()], "invoice-found-different:GrossAmount", f.submitted()),
        (
            "invoice",
            "1",
            [*LIVE, e.InvoiceAtRiskInInfor(key=KEY, risks=("PAID",))],
            "invoice-at-risk:PAID",
            e.InvoiceAtRiskInInfor(key=KEY, risks=()),
        ),
        ("invoice", "1", [*LIVE, f.rejected()], "invoice-rejected:Rejected", f.submitted(2, "500124")),
        (
            "invoice",
            "1",
            [*LIVE, e.InvoiceChangedInInfor(content=f.content(), digest="d", live=True)],
            "invoice-changed-live",
            e.InvoiceClosed(key=KEY),
        ),
        (
            "invoice",
            "1",
            [f.approved(), e.InvoiceKeyChanged(row=f.ROW, old_key=KEY, new_key=OTHER)],
            "invoice-key-changed",
            f.approved(),
        ),
        (
            "invoice",
            "1",
            [f.approved(), e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=True)],
            "invoice-image-missing:NO_IMAGE",
            f.FETCHED,
        ),
        (
            PAY,
            "1",
            [y.PaymentHeld(payment_id="77001", reason="NUMBER_MISSING", detail="d")],
            "payment-held:NUMBER_MISSING",
            y.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=()),
        ),
        (
            PAY,
            "1",
            [y.PaymentHeld(payment_id="77001", reason="UNKNOWN_INVOICE", detail="d", waits_for="invoice:1")],
            "payment-held:UNKNOWN_INVOICE",
            y.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=()),
        ),
        (
            PAY,
            "1",
            [y.PaymentStatusUnknown(content=w.payment(status="New"), field="status")],
            "payment-status-unknown:status:New",
            y.PaymentSettled(content=w.payment()),
        ),
        (
            PAY,
            "1",
            [y.PaymentStatusUnknown(content=w.payment(method="Wire"), field="method")],
            "payment-status-unknown:method:Wire",
            VOID,
        ),
        (
            PAY,
            "1",
            [y.PaymentChangedAfterSettling(content=w.payment(), changes=("amount", "number"))],
            "payment-changed:amount+number",
            y.PaymentCleared(content=w.payment()),
        ),
        (
            PAY,
            "1",
            [VOID, TASK],
            "reversal-by-hand:77001",
            y.ReversalDoneByHand(payment_id="77001", person="ann", reason="done"),
        ),
        (
            "posting",
            "T1",
            [PLANNED, posting_refused()],
            "posting-refused:GL84007",
            p.PostingConfirmed(key1="T1", payment_id="77001", rows=(w.row(),)),
        ),
        (
            "posting",
            "T1",
            [PLANNED, p.PostingHeld(payment_id="77001", reason="SIGN", detail="d")],
            "posting-held:SIGN",
            p.PostingReleased(payment_id="77001", why="ann"),
        ),
        (
            "posting",
            "T1",
            [PLANNED, p.PostingWaitsInInfor(payment_id="77001", detail="d", by_hand=False, look_at=START)],
            "posting-waits-in-infor",
            p.PostingConfirmed(key1="T1", payment_id="77001", rows=(w.row(),)),
        ),
        (
            "posting",
            "T1",
            [PLANNED, p.PostingToDesk(payment_id="77001", why="NO_TRACE", what="look")],
            "posting-at-desk:NO_TRACE",
            p.PostingDoubtResolved(
                key1="T1", payment_id="77001", resolution="posted", voucher="", person="ann", reason="r"
            ),
        ),
        (
            "connection",
            "",
            [c.FirstPostingChosen(posting="T1")],
            "first-posting",
            c.FirstPostingApproved(person="ann", reason="looks right"),
        ),
        (
            "poll",
            "invoices:failures",
            [o.PollFailed(flow="invoices", verdict="stop", text="role")],
            "poll-failed:invoices",
            o.PollCompleted(flow="invoices", watermark="w", pages=1, seen=1, recorded=1, calls=1),
        ),
        (
            "poll",
            "payments:record:77009",
            [o.PollRecordMalformed(flow="payments", record="77009", text="no amount")],
            "poll-record-malformed:payments",
            o.PollRecordRead(flow="payments", record="77009"),
        ),
    ],
)
def test_a_cause_opens_its_issue_and_a_later_fact_mends_it(
    kind: str, key: str, opening: list[Event], cause: str, mending: Event
) -> None:
    book = Book()
    book.happened(kind, key, *opening)
    assert causes(book) == [cause]
    (record,) = open_issues(book)[0].records
    assert record.kind == kind
    book.happened(kind, key, mending)
    assert causes(book) == []


def test_a_dropped_card_number_ends_by_a_persons_word_only() -> None:
    book = Book()
    book.happened(PAY, "1", y.PaymentCardNumberDropped(payment_id="77001"))
    (issue,) = open_issues(book)
    cause = "payment-card-number-dropped"
    assert (issue.cause, issue.urgent) == (cause, False)
    book.happened("issue", cause, IssueResolved(cause=cause, person="ann", reason="seen"))
    assert open_issues(book) == []


def test_a_store_that_went_back_is_urgent() -> None:
    book = Book()
    (full, _) = examples(c.StoreWentBack)
    book.happened("connection", "", full)
    (issue,) = open_issues(book)
    assert (issue.cause, issue.urgent, issue.records[0].kind) == ("store-went-back", True, "connection")


def test_an_invoice_at_risk_twice_over_stands_under_both_causes() -> None:
    book = Book()
    book.invoice(*LIVE, e.InvoiceAtRiskInInfor(key=KEY, risks=("PAID", "STOPPED")))
    assert sorted(causes(book)) == ["invoice-at-risk:PAID", "invoice-at-risk:STOPPED"]
    book.invoice(e.InvoiceAtRiskInInfor(key=KEY, risks=("STOPPED",)))
    assert causes(book) == ["invoice-at-risk:STOPPED"]


@pytest.mark.parametrize(
    "events",
    [
        [f.approved(), e.InvoiceHeld(key=KEY, reason="SUPPLIER_NOT_CONFIRMED", detail="x", waits_for="supplier:1")],
        [*LIVE, e.InvoiceHeld(key=KEY, reason="SUBMITTED", detail="nothing is to be sent")],
        [e.InvoiceHeld(key=KEY, reason="UNKNOWN", detail="nothing is to be sent")],
        [f.approved(), f.refused(whole=True, members=2)],
        [f.approved(), e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=False)],
        [f.approved(), e.InvoiceChangedInInfor(content=f.content(), digest="d", live=False)],
        [f.approved(), f.started(), f.doubted()],
        [f.approved(), f.started(), s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="refused", text="no")],
    ],
)
def test_what_mends_itself_is_no_issue(events: list[Event]) -> None:
    book = Book()
    book.invoice(*events)
    assert open_issues(book) == []


def test_payments_and_postings_that_wait_for_a_key_are_no_issue() -> None:
    book = Book()
    book.happened(PAY, "77001", y.PaymentHeld(payment_id="77001", reason="INVOICE_IN_DOUBT", detail="d", waits_for="k"))
    book.happened(PAY, "77001", VOID, msgspec.structs.replace(TASK, tasks=()))
    held = p.PostingHeld(payment_id="77001", reason="IN_FLIGHT", detail="d", waits_for="posting:T9")
    book.happened("posting", "T1", PLANNED, held)
    assert open_issues(book) == []


def test_a_doubted_invoice_refused_alone_leaves_its_issue_when_it_is_found() -> None:
    book = Book()
    book.invoice(f.approved(), f.started(), f.doubted(), f.absent(1), f.held("DOUBTED_ALONE"))
    assert causes(book) == ["invoice-held:DOUBTED_ALONE"]
    book.invoice(s.InvoiceFoundByLookup(key=KEY, attempt_id="", avid_invoice_id="500123", status="Received"))
    assert open_issues(book) == []


def test_a_late_receipt_is_urgent_until_it_is_attributed() -> None:
    book = Book()
    book.invoice(f.approved(), f.started(), f.doubted(), f.absent(), GOOD_RECEIPT)
    (issue,) = open_issues(book)
    assert (issue.cause, issue.urgent, issue.records[0].record) == ("invoice-answered-late", True, EXTERNAL_ID)
    book.invoice(f.submitted())
    assert open_issues(book) == []


def test_a_late_receipt_that_names_what_was_found_already_is_no_issue() -> None:
    book = Book()
    found = s.InvoiceFoundByLookup(key=KEY, attempt_id="a1", avid_invoice_id="500123", status="Received")
    book.invoice(f.approved(), f.started(), f.doubted(), f.doubted(), found, GOOD_RECEIPT)
    assert open_issues(book) == []
    other = msgspec.structs.replace(GOOD_RECEIPT, avid_invoice_id="500999")
    book.invoice(other)
    assert causes(book) == ["invoice-answered-late"]
