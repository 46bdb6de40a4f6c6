"""The contract of the payables port: what every implementation does, the fake and the real adapter alike."""

import json
from datetime import timedelta

import msgspec
import pytest

from domain.errors import TransientError
from domain.identifiers import digest
from domain.money import Money
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.payables import BatchMember
from tests.contracts.payables.records import FAR_OFF, code, invoice, pdf, supplier
from tests.contracts.payables.worlds import World

LAG = 100.0


def ready(world: World) -> None:
    """Let the vendor and the codes of the invoices be known over there."""
    world.payables.put_vendors([supplier()], deadline=FAR_OFF)
    world.payables.put_codes([code(), code("B014", dimension=2, group="Cost center")], deadline=FAR_OFF)


def send(world: World, batch: str, *members: BatchMember, seconds: float = 5) -> CallAnswer:
    encoded = world.payables.encode_batch(batch, members)
    world.payables.prepare()
    return world.payables.send_batch(encoded, deadline=world.deadline(seconds))


def test_the_account_names_its_accounting_systems(world: World) -> None:
    assert world.payables.check() == ("Infor M3",)
    assert world.payables.calls >= 1
    assert world.payables.now_hint() is not None


def test_nothing_is_upserted_once_the_deadline_has_passed(world: World) -> None:
    late = world.deadline(-0.001)
    for put in (
        lambda: world.payables.put_vendors([supplier()], deadline=late),
        lambda: world.payables.put_codes([code()], deadline=late),
    ):
        with pytest.raises(TransientError) as caught:
            put()
        assert caught.value.before_processing
    world.pass_time(LAG)
    assert world.payables.find_vendors(["100|V1001"]) == {}
    assert world.payables.list_codes("Accounting Codes") == {}


def test_a_vendor_is_confirmed_and_found_as_it_was_sent(world: World) -> None:
    sent = supplier()
    answer = world.payables.put_vendors([sent], deadline=FAR_OFF)["100|V1001"]
    assert (answer.verdict, answer.status) == (Verdict.CONFIRMED, "Enrolled")
    world.pass_time(LAG)
    found = world.payables.find_vendors(["100|V1001", "100|UNKNOWN"])
    assert list(found) == ["100|V1001"]
    assert found["100|V1001"].record_digest == world.payables.vendor_digest(sent)
    assert found["100|V1001"].vendor_id == answer.item_id
    assert found["100|V1001"].active


def test_a_vendor_that_changed_since_is_found_with_another_digest(world: World) -> None:
    world.payables.put_vendors([supplier()], deadline=FAR_OFF)
    world.pass_time(LAG)
    found = world.payables.find_vendors(["100|V1001"])["100|V1001"]
    renamed = supplier(name="Acme Roofing Inc")
    assert found.record_digest != world.payables.vendor_digest(renamed)


def test_a_vendor_without_an_address_stays_pending_and_a_blocked_one_is_inactive(world: World) -> None:
    homeless = msgspec.structs.replace(supplier("V2"), address=None)
    answers = world.payables.put_vendors([homeless, supplier("V3", status="90")], deadline=FAR_OFF)
    assert answers["100|V2"].status == "Pending"
    world.pass_time(LAG)
    assert not world.payables.find_vendors(["100|V3"])["100|V3"].active


def test_one_refused_vendor_leaves_its_neighbours_alone(world: World) -> None:
    bad = supplier("V9", name="N" * 256)
    assert [(one.field, one.limit, one.length) for one in world.payables.vendor_breaches(bad)] == [("Name", 255, 256)]
    answers = world.payables.put_vendors([supplier(), bad], deadline=FAR_OFF)
    assert answers["100|V1001"].verdict is Verdict.CONFIRMED
    assert (answers["100|V9"].verdict, answers["100|V9"].code) == (Verdict.REFUSED, "FIELD_TOO_LONG")


def test_a_vendor_whose_number_holds_a_comma_is_looked_up(world: World) -> None:
    world.payables.put_vendors([supplier("V1"), supplier("V,1"), supplier("1")], deadline=FAR_OFF)
    world.pass_time(LAG)
    assert list(world.payables.find_vendors(["100|V1", "100|V,1"])) == ["100|V1", "100|V,1"]


def test_codes_are_taken_and_listed_by_group(world: World) -> None:
    many = [code(f"6{number:05d}") for number in range(45)]
    shut = msgspec.structs.replace(code("B014", dimension=2, group="Cost center"), active=False)
    answers = world.payables.put_codes([*many, shut], deadline=FAR_OFF)
    assert {answer.verdict for answer in answers.values()} == {Verdict.CONFIRMED}
    world.pass_time(LAG)
    assert world.payables.list_codes("Accounting Codes").keys() == {one.value for one in many}
    found = world.payables.list_codes("Cost center")["B014"]
    assert (found.active, found.description) == (False, "Code B014")
    assert world.payables.list_codes("Building") == {}


def test_a_batch_is_confirmed_record_by_record_and_found_later(world: World) -> None:
    ready(world)
    member = invoice()
    answer = send(world, "TO-1", member)
    receipt = answer.records[member.key.external_id]
    assert (answer.verdict, receipt.verdict, receipt.status) == (Verdict.CONFIRMED, Verdict.CONFIRMED, "Received")
    world.pass_time(LAG)
    assert world.payables.find_batches(["TO-1", "TO-2"]) == {"TO-1": "Closed"}
    found = world.payables.find_invoices([member.key.external_id, "100|AAA|V1|V1|NONE|2026"])
    assert found["100|AAA|V1|V1|NONE|2026"] == []
    (one,) = found[member.key.external_id]
    assert one.live
    assert (one.avid_invoice_id, one.gross) == (receipt.item_id, Money(125_000))
    assert (one.vendor_external_id, one.invoice_number) == ("100|V1001", "INV-77")


def test_a_batch_sent_twice_is_found_twice(world: World) -> None:
    ready(world)
    member = invoice()
    ids = [send(world, batch, member).records[member.key.external_id].item_id for batch in ("TO-1", "TO-2")]
    world.pass_time(LAG)
    found = world.payables.find_invoices([member.key.external_id])[member.key.external_id]
    assert sorted(one.avid_invoice_id for one in found) == sorted(ids)


def test_one_refused_invoice_leaves_its_neighbours_alone(world: World) -> None:
    ready(world)
    good, crooked, stranger = invoice(), invoice("INV-78", lines=(1, 2)), invoice("INV-79", payee="V404")
    records = send(world, "TO-1", good, crooked, stranger).records
    assert records[good.key.external_id].verdict is Verdict.CONFIRMED
    assert records[crooked.key.external_id].verdict is Verdict.REFUSED
    assert records[crooked.key.external_id].code == "LINES_DO_NOT_SUM"
    assert records[stranger.key.external_id].code == "VENDOR_NOT_FOUND"


def test_an_invoice_for_an_inactive_vendor_or_an_unknown_code_is_refused(world: World) -> None:
    world.payables.put_vendors([supplier(), supplier("V3", status="90")], deadline=FAR_OFF)
    unknown_code, inactive = invoice(), invoice("INV-80", payee="V3")
    records = send(world, "TO-1", unknown_code, inactive).records
    assert records[unknown_code.key.external_id].code == "CODE_NOT_FOUND"
    assert records[inactive.key.external_id].code == "VENDOR_INACTIVE"


def test_a_credit_memo_goes_out_with_its_sign(world: World) -> None:
    ready(world)
    credit = invoice("CM-9", minor=-10_050)
    assert send(world, "TO-1", credit).records[credit.key.external_id].verdict is Verdict.CONFIRMED
    world.pass_time(LAG)
    (found,) = world.payables.find_invoices([credit.key.external_id])[credit.key.external_id]
    assert found.gross == Money(-10_050)


def test_the_image_travels_with_the_batch(world: World) -> None:
    ready(world)
    image = b"%PDF-1.4 an invoice"
    with_image = msgspec.structs.replace(invoice(), image=pdf(world.blobs.keep(image), len(image)))
    assert send(world, "TO-1", with_image).records[with_image.key.external_id].verdict is Verdict.CONFIRMED


def test_after_the_deadline_nothing_is_sent(world: World) -> None:
    ready(world)
    member = invoice()
    assert send(world, "TO-1", member, seconds=-1).verdict is Verdict.NOT_SENT
    world.pass_time(LAG)
    assert world.payables.find_invoices([member.key.external_id]) == {member.key.external_id: []}
    assert world.payables.find_batches(["TO-1"]) == {}


def test_a_rejected_invoice_is_found_as_no_longer_live(world: World) -> None:
    ready(world)
    member = invoice()
    send(world, "TO-1", member)
    world.pass_time(LAG)
    world.reject(member.key.external_id)
    world.pass_time(LAG)
    (found,) = world.payables.find_invoices([member.key.external_id])[member.key.external_id]
    assert (found.live, found.status, found.status_reason) == (False, "Rejected", "not our invoice")


def test_changed_invoices_come_in_pages(world: World) -> None:
    ready(world)
    members = [invoice(f"INV-{number}") for number in range(25)]
    send(world, "TO-1", *members)
    world.pass_time(LAG)
    today = world.today()
    pages = list(world.payables.changed_invoices(today - timedelta(days=1), today))
    assert len(pages) == 2
    seen = [one.external_id for page in pages for one in page]
    assert sorted(seen) == sorted(member.key.external_id for member in members)
    long_ago = today - timedelta(days=2000)
    assert [one for page in world.payables.changed_invoices(long_ago, long_ago) for one in page] == []


def test_a_list_that_moves_between_two_pages_still_gives_every_record(world: World) -> None:
    ready(world)
    members = [invoice(f"INV-{number}") for number in range(25)]
    send(world, "TO-1", *members)
    world.pass_time(LAG)
    pages = world.payables.changed_invoices(world.today() - timedelta(days=1), world.today())
    first = next(pages)
    world.reject(first[0].external_id)
    world.pass_time(LAG)
    seen = {one.external_id for page in (first, *pages) for one in page}
    assert seen == {member.key.external_id for member in members}


def test_a_settled_payment_is_reported_with_its_remittances(world: World) -> None:
    ready(world)
    member = invoice()
    send(world, "TO-1", member)
    world.pass_time(LAG)
    world.pay(member.key.external_id)
    today = world.today()
    (page,) = list(world.payables.payments(today - timedelta(days=1), today))
    (payment,) = page.payments
    assert (page.page, page.problems, payment.standing, payment.problems) == (1, (), "settled", ())
    assert (payment.amount, payment.vendor_external_id) == (Money(125_000), "100|V1001")
    (paid,) = payment.remittances
    assert (paid.invoice_external_id, paid.net) == (member.key.external_id, Money(125_000))
    again = world.payables.payments_by_id([payment.payment_id, "404"])
    assert again == {payment.payment_id: payment}


def test_the_same_members_give_the_same_bytes_and_each_its_own_digest(world: World) -> None:
    members = [invoice(), invoice("INV-78", minor=5)]
    encoded = world.payables.encode_batch("TO-1", members)
    assert encoded == world.payables.encode_batch("TO-1", members)
    assert encoded.digest == digest(encoded.body)
    raws = msgspec.json.decode(encoded.body, type=dict[str, msgspec.Raw])["Invoices"]
    records = msgspec.json.decode(raws, type=list[msgspec.Raw])
    assert list(encoded.record_digests.values()) == [digest(bytes(record)) for record in records]
    assert list(encoded.record_digests) == [json.loads(bytes(record))["ExternalId"] for record in records]


def test_the_size_of_members_tells_whether_a_batch_fits(world: World) -> None:
    image = bytes(1000)
    with_image = msgspec.structs.replace(invoice(), image=pdf(world.blobs.keep(image), len(image)))
    members = [with_image, invoice("INV-78")]
    sizes = sum(world.payables.encoded_size(member) for member in members)
    body = len(world.payables.encode_batch("TO-1", members).body)
    assert sizes <= body + len(members)
    assert body - sizes < 512
    assert world.payables.body_limit + 512 <= 10 * 1024 * 1024


def test_fields_that_are_too_long_are_named_before_sending(world: World) -> None:
    long = invoice("N" * 51)
    assert [(one.field, one.limit, one.length) for one in world.payables.invoice_breaches(long.content)] == [
        ("InvoiceNumber", 50, 51)
    ]
    assert world.payables.invoice_breaches(invoice().content) == ()
    (breach,) = world.payables.code_breaches(msgspec.structs.replace(code(), description="D" * 51))
    assert (breach.field, breach.limit, breach.length) == ("Description", 50, 51)
