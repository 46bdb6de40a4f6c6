import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from domain.event import Append, Event
from domain.identifiers import PinnedIdentity, stream_id
from domain.invoices import events as i
from domain.invoices import submission_events as s
from domain.payments import events as y
from domain.ports.store import Causes
from domain.postings import events as p
from domain.suppliers import events as v
from tests.support.command_line import Desk
from tests.support.payments_world import INV_77, NOW, payment, plan, usd
from tests.unit.domain.invoices.invoice_facts import KEY, content
from tieout.settings import load
from tieout.wiring import open_deployment

CONNECTION = PinnedIdentity("ACME_TST", 100, "http://127.0.0.1:9/v1").id
REFUSED = (
    v.SupplierRecorded(
        content=v.SupplierContent(company=100, number="V1001", name="Acme Roofing LLC", status="20"), to_send=True
    ),
    v.SupplierRefused(key="100|V1001", code="FIELD_TOO_LONG", text="Name is too long", of_version=1, field="Name"),
)
DOUBTED = (
    i.InvoiceApproved(content=content(), digest="c1"),
    s.InvoiceSubmissionStarted(
        key=KEY,
        batch="TO-1",
        position=1,
        members=1,
        attempt=1,
        attempt_id="a1",
        record_digest="r",
        batch_digest="b",
        image="",
        deadline=NOW,
        look_at=NOW + timedelta(seconds=2),
        incarnation=UUID(int=1),
    ),
    s.InvoiceSubmissionDoubted(attempt_id="a1", why="time-out", look_at=NOW + timedelta(seconds=2)),
)
HELD = (
    y.PaymentSettled(content=payment()),
    y.PaymentHeld(payment_id="77001", reason="NUMBER_MISSING", detail="no check number yet"),
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    return desk


def happened(kind: str, natural_key: str, events: Sequence[Event]) -> UUID:
    """Let a record's past be this in the desk's store."""
    stream = stream_id(CONNECTION, kind, natural_key)
    with open_deployment(load(None), environ=dict(os.environ)) as deployment:
        expected = len(deployment.log.load([stream])[stream])
        append = Append(stream=stream, expected_version=expected, events=tuple(events))
        deployment.log.append([append], causes=Causes(connection=CONNECTION, correlation_id="test"))
    return stream


def topics(stream: UUID) -> list[str]:
    """Name what stands in a stream, with who did it."""
    with open_deployment(load(None), environ=dict(os.environ)) as deployment:
        return [f"{type(r.event).__name__} by {r.meta.actor}" for r in deployment.log.load([stream])[stream]]


def test_an_issue_is_listed_shown_retried_and_resolved(desk: Desk) -> None:
    stream = happened("supplier", "100|V1001", REFUSED)
    (issue,) = desk.types("issues", "--json").document
    assert (issue["kind"], issue["connection"]) == ("supplier-refused", "acme")
    assert "100|V1001" in desk.types("issue", "show", issue["id"]).out
    assert desk.types("issue", "show", issue["id"][:4].lower(), "--json").document["mend"]

    shown = desk.types("issue", "retry", issue["id"], "--json")
    assert shown.document["ordered"] is False
    assert len(topics(stream)) == 2
    ordered = desk.types("issue", "retry", issue["id"], "--yes", "--reason", "mended", "--by", "ann")
    assert ordered.code == 0
    assert topics(stream)[-1] == "SupplierRetryOrdered by ann"
    assert desk.types("issue", "show", issue["id"], "--json").document["retried_by"] == "ann"

    assert desk.types("issue", "resolve", issue["id"], "--reason", "accepted").code == 0
    assert desk.types("issues", "--json").document == []
    desk.types("issue", "resolve", issue["id"], "--reason", "again").failed(2, "is no open issue")


def test_a_reason_must_say_something(desk: Desk) -> None:
    happened("supplier", "100|V1001", REFUSED)
    (issue,) = desk.types("issues", "--json").document

    desk.types("issue", "resolve", issue["id"], "--reason", " ").failed(2, "--reason is empty")


def test_resolving_the_first_posting_lets_the_others_follow(desk: Desk) -> None:
    from domain.connections.events import FirstPostingChosen

    stream = happened("connection", "", [FirstPostingChosen(posting="T1")])
    (issue,) = desk.types("issues", "--json").document
    assert "its posting" not in desk.types("issue", "show", issue["id"]).out

    assert desk.types("issue", "resolve", issue["id"], "--reason", "booked as wished", "--by", "ann").code == 0

    assert topics(stream)[-1] == "FirstPostingApproved by ann"
    assert desk.types("issues", "--json").document == []


def test_the_issue_of_the_first_posting_says_what_to_look_for_in_m3(desk: Desk) -> None:
    from domain.connections.events import FirstPostingChosen

    happened("posting", "T1", [p.PostingPlanned(plan=plan(key1="T1"))])
    happened("connection", "", [FirstPostingChosen(posting="T1")])
    (issue,) = desk.types("issues", "--json").document
    assert "T1: 1570.00 USD of payment 77001 in AAA; no voucher so far" in desk.types("issue", "show", issue["id"]).out

    row = p.EvidenceRow(
        invoice=KEY, ledger_row="r1", voucher="P-9", amount=usd("1570.00"), accounting_date=None, text="77001 INV-77"
    )
    happened("posting", "T1", [p.PostingConfirmed(key1="T1", payment_id="77001", rows=(row,))])
    assert "payment 77001 in AAA; voucher P-9" in desk.types("issue", "show", issue["id"]).out
    posting = desk.types("issue", "show", issue["id"], "--json").document["posting"]
    assert (posting["state"], posting["net"], posting["vouchers"]) == (
        "posted",
        {"amount": "1570.00", "currency": "USD"},
        ["P-9"],
    )


def test_resolving_a_reversal_says_that_it_was_done_by_hand(desk: Desk) -> None:
    leg = y.Leg(division="AAA", posting=plan().key1, net=usd("1570.00"))
    stream = happened(
        "payment",
        "77001",
        [
            y.PaymentSettled(content=payment()),
            y.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(leg,)),
            y.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void"),
            y.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=(plan().key1,)),
        ],
    )
    happened("posting", plan().key1, [p.PostingPlanned(plan=plan())])
    posted = i.InvoicePaymentPosted(
        posting=plan().key1,
        payment_id="77001",
        net=usd("1570.00"),
        discount=usd("0.00"),
        voucher="8",
        ledger_row="r1",
    )
    invoice = happened("invoice", INV_77, [i.InvoiceApproved(content=content(), digest="c1"), posted])
    (issue,) = [one for one in desk.types("issues", "--json").document if one["kind"] == "reversal-by-hand"]

    desk.types("issue", "resolve", issue["id"], "--reason", "done", "--voucher", "9", "--by", "ann")

    assert topics(stream)[-1] == "ReversalDoneByHand by ann"
    assert topics(invoice)[-1] == "InvoicePaymentPosted by ann"


def test_a_reversal_that_was_found_absent_is_resolved_with_the_voucher_that_took_it_back(desk: Desk) -> None:
    back = plan(key1="R1", kind="R")
    absent = p.PostingDoubtResolved(
        key1="R1", payment_id="77001", resolution="absent", voucher="", person="ann", reason="not in GLS047"
    )
    waits = p.PostingWaitsInInfor(payment_id="77001", detail="no row", by_hand=False, look_at=NOW)
    stream = happened("posting", "R1", [p.PostingPlanned(plan=back), waits, absent])
    happened("invoice", INV_77, [i.InvoiceApproved(content=content(), digest="c1")])
    (issue,) = desk.types("issues", "--json").document
    assert issue["kind"] == "posting-reversal-absent"
    assert issue["why"] == "reversal R1 is not in M3: reverse there what T1 booked"

    desk.types("issue", "resolve", issue["id"], "--reason", "done").failed(2, "--voucher")
    desk.types("issue", "resolve", issue["id"], "--reason", "done", "--voucher", "9", "--by", "ann")

    assert topics(stream)[-1] == "PostingDoubtResolved by ann"
    assert desk.types("issues", "--json").document == []


REFUSED_BACK = p.PostingRefused(
    key1="R1", attempt_id="a", payment_id="77001", step="CtrlBatch", code="GL84007", text="period closed"
)


def test_a_refused_reversal_is_resolved_with_the_voucher_that_took_it_back_instead(desk: Desk) -> None:
    stream = happened("posting", "R1", [p.PostingPlanned(plan=plan(key1="R1", kind="R")), REFUSED_BACK])
    happened("invoice", INV_77, [i.InvoiceApproved(content=content(), digest="c1")])
    (issue,) = desk.types("issues", "--json").document
    assert issue["kind"] == "posting-refused"
    said = desk.types("issue", "resolve", issue["id"], "--reason", "done", "--voucher", "9", "--by", "ann")
    assert said.code == 0, said.err
    assert topics(stream)[-1] == "PostingDoubtResolved by ann"


def test_a_voucher_belongs_to_one_posting(desk: Desk) -> None:
    for key1 in ("R1", "R2"):
        refused = msgspec.structs.replace(REFUSED_BACK, key1=key1)
        happened("posting", key1, [p.PostingPlanned(plan=plan(key1=key1, kind="R")), refused])
    (issue,) = desk.types("issues", "--json").document
    assert len(issue["records"]) == 2
    refused_word = desk.types("issue", "resolve", issue["id"], "--reason", "done", "--voucher", "9")
    refused_word.failed(2, "it has 2 records, and a voucher belongs to one of them", "doubt resolve KEY1")
    of_one = desk.types("doubt", "resolve", "R1", "--as", "posted-by-hand", "--voucher", "9", "--reason", "seen")
    assert of_one.code == 0, of_one.err
    assert desk.types("issue", "resolve", issue["id"], "--reason", "seen").code == 0


def test_a_voucher_is_not_dropped_in_silence(desk: Desk) -> None:
    happened("supplier", "100|V1001", REFUSED)
    (issue,) = desk.types("issues", "--json").document
    refused = desk.types("issue", "resolve", issue["id"], "--reason", "done", "--voucher", "9")
    refused.failed(2, "an issue of the kind supplier-refused takes no --voucher: leave it out")
    assert len(desk.types("issues", "--json").document) == 1


def test_a_doubt_is_listed_and_settled_by_its_id_or_its_record(desk: Desk) -> None:
    stream = happened("invoice", KEY.external_id, DOUBTED)
    (doubt,) = desk.types("doubts", "--json").document
    assert (doubt["record"], doubt["kind"], doubt["connection"]) == (KEY.external_id, "invoice", "acme")
    assert doubt["id"] in desk.types("doubts").out

    refused = desk.types("doubt", "resolve", doubt["id"], "--as", "posted-by-hand", "--reason", "x", "--voucher", "1")
    settled = desk.types("doubt", "resolve", doubt["id"], "--as", "absent", "--reason", "not there", "--by", "ann")

    refused.failed(2, doubt["id"])
    assert settled.code == 0
    assert topics(stream)[-1] == "InvoiceDoubtResolved by ann"
    again = desk.types("doubt", "resolve", KEY.number, "--as", "absent", "--reason", "not there")
    again.failed(2, "not in doubt")


def test_a_timeline_tells_a_record_by_number_prefix_or_kind(desk: Desk) -> None:
    happened("invoice", KEY.external_id, DOUBTED)

    life = desk.types("timeline", KEY.number, "--json").document
    early = desk.types("timeline", "invoice:" + KEY.number[:3], "--as-of", "1900-01-01", "--json").document

    assert (life["record"], life["kind"], life["state"]) == (KEY.external_id, "invoice", "in_doubt")
    assert [event["type"] for event in life["events"]] == [type(event).__name__ for event in DOUBTED]
    assert {"position", "version", "recorded_at", "occurred_at", "system", "actor", "summary", "data"} <= life[
        "events"
    ][0].keys()
    assert (early["events"], early["state"]) == ([], "")
    assert KEY.external_id in desk.types("timeline", KEY.number).out


def test_a_name_that_fits_several_records_is_answered_with_the_choices(desk: Desk) -> None:
    happened("payment", "77001", HELD)
    second = payment(payment_id="77002")
    happened("payment", "77002", [y.PaymentSettled(content=second)])

    desk.types("timeline", "770").failed(2, "payment:77001", "payment:77002")


def test_a_failed_record_is_resent_by_a_persons_event(desk: Desk) -> None:
    stream = happened("payment", "77001", HELD)

    ran = desk.types("resend", "77001", "--reason", "number is there", "--by", "ann", "--json")

    assert ran.document["ordered"] is True
    assert topics(stream)[-1] == "PaymentPostingOrdered by ann"
    desk.types("resend", "77001").failed(2, "payment 77001", "nothing to order again")


def test_lists_show_money_as_text_with_its_currency(desk: Desk) -> None:
    happened("invoice", KEY.external_id, DOUBTED)
    happened("payment", "77001", HELD)
    happened("supplier", "100|V1001", REFUSED)

    (invoice,) = desk.types("invoices", "--state", "in_doubt", "--supplier", "V1001", "--json").document
    (paid,) = desk.types("payments", "--json").document
    (supplier,) = desk.types("suppliers", "--state", "refused", "--json").document

    assert (invoice["gross"], invoice["currency"], invoice["number"]) == ("1250.00", "USD", "INV-77")
    assert (paid["amount"], paid["currency"], paid["state"]) == ("1570.00", "USD", "held")
    assert (supplier["number"], supplier["connection"]) == ("V1001", "acme")
    assert "folded" not in invoice
    assert "INV-77" in desk.types("invoices").out
    assert desk.types("invoices", "--state", "closed", "--supplier", "V1001", "--json").document == []
    for nobody in ("INV-77", "V10", "V9"):
        desk.types("invoices", "--supplier", nobody).failed(2, f"--supplier {nobody}: no supplier is called so")
