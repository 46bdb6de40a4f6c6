"""Images of invoices: missing, too large, of another type, refused, and the coding beside them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from actors.errands import invoice_reading
from actors.errands.fetch_images import fetch_images
from domain.errors import MalformedError, RefusedError, TransientError
from domain.identifiers import InvoiceKey
from domain.invoices.persons import decide_resubmission
from domain.money import Money
from domain.ports.ledger import ImageFound, VoucherLine
from tests.unit.actors.invoices.invoice_world import PDF, World
from tests.unit.actors.invoices.test_forgotten_and_named import told_late, touched

QUARTER = timedelta(minutes=15)


def test_a_missing_image_lets_the_invoice_go_or_holds_it_until_it_is_there() -> None:
    sends, holds = World(), World(missing_image="hold")
    for world in (sends, holds):
        world.ledger.put_invoice("INV-1", 500)
        world.poll()
        world.work_through(QUARTER * 3)
    (one,), (other,) = sends.ledger.invoices.values(), holds.ledger.invoices.values()
    assert (sends.state(one).phase, holds.state(other).phase) == ("submitted", "held")
    assert holds.names(other).count("InvoiceImageMissing") == 1
    other.image = PDF
    holds.work_through(QUARTER * 2)
    assert holds.state(other).phase == "submitted"
    assert b'"Image":{' in holds.payables.received[0].body


@pytest.mark.parametrize("size", [0, 1 << 40])
def test_an_image_that_is_too_large_always_holds(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    world = World(max_image_bytes=100)
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF * 100)
    monkeypatch.setattr(
        world.ledger,
        "find_image",
        lambda key: ImageFound(pid=key.external_id, file_name="", content_type="", size=size),
    )
    world.poll()
    world.work()
    assert (world.state(invoice).phase, world.state(invoice).reason) == ("held", "IMAGE_TOO_LARGE")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\nx", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"II*\x00x", "image/tiff"),
        (b"MM\x00*x", "image/tiff"),
    ],
)
def test_an_image_is_judged_by_its_content(data: bytes, kind: str) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=data)
    world.poll()
    world.work()
    image = world.state(invoice).image
    assert image is not None
    assert (image.content_type, image.size) == (kind, len(data))


def test_an_image_of_what_the_invoice_was_does_not_count_for_what_it_became(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    world.poll()
    stream, moves = world.ledger.stream_image, iter([True])

    def changed_meanwhile(found: ImageFound) -> Iterator[bytes]:
        streamed = list(stream(found))
        if not next(moves, False):
            return iter(streamed)
        invoice.revalue(invoice.head.gross + Money(100))
        invoice.image = None
        world.poll()
        return iter(streamed)

    monkeypatch.setattr(world.ledger, "stream_image", changed_meanwhile)
    assert fetch_images(world.tools)
    assert world.names(invoice)[-1] == "InvoiceChangedInInfor"
    assert world.state(invoice).image_due
    world.work_through(QUARTER)
    assert world.names(invoice)[-3:] == ["InvoiceImageMissing", "InvoiceSubmissionStarted", "InvoiceSubmitted"]


def test_another_type_of_image_goes_without_it_or_holds() -> None:
    world = World(missing_image="hold")
    invoice = world.ledger.put_invoice("INV-1", 500, image=b"MZ a program")
    world.poll()
    world.work()
    assert world.state(invoice).reason == "IMAGE_TYPE"


def test_a_passing_fault_of_an_image_is_tried_again_and_holds_up_nobody() -> None:
    world = World()
    invoices = [world.ledger.put_invoice(f"INV-{n}", 500, image=PDF) for n in range(3)]
    world.poll()
    world.ledger.fail_reads(TransientError("503"), MalformedError("garbled"))
    world.work()
    assert world.phases(invoices).count("submitted") == 1
    world.work_through(timedelta(minutes=1))
    assert world.phases(invoices) == ["submitted"] * 3


def test_an_image_that_infor_keeps_refusing_holds_its_invoice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)

    def refuse(_: InvoiceKey) -> ImageFound | None:
        raise RefusedError("no right to the document", code="403")

    monkeypatch.setattr(world.ledger, "find_image", refuse)
    world.poll()
    world.work_through(timedelta(minutes=10))
    assert (world.state(invoice).phase, world.state(invoice).reason) == ("held", "NO_IMAGE")
    monkeypatch.undo()
    world.work_through(timedelta(minutes=20))
    assert world.state(invoice).phase == "submitted"


def test_a_refusal_of_the_stream_is_no_verdict_on_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)

    def refuse(_: ImageFound) -> object:
        raise RefusedError("gone", code="404")

    monkeypatch.setattr(world.ledger, "stream_image", refuse)
    world.poll()
    world.work()
    assert world.state(invoice).image_missing is None
    assert invoice_reading.BULK == 100


def test_the_coding_of_an_invoice_stands_in_its_content() -> None:
    world = World()
    lines = [
        VoucherLine(
            sequence=number,
            transaction_code="10",
            accounts=("610100", "B014", "", "", "", "", ""),
            amount=Money(minor),
            side="D" if minor > 0 else "C",
            text="Repairs",
        )
        for number, minor in ((2, 700), (3, -200))
    ]
    invoice = world.ledger.put_invoice("INV-1", 500, lines=lines, image=PDF)
    world.poll()
    world.work()
    content = world.state(invoice).content
    assert content is not None
    assert [(line.number, line.amount.minor) for line in content.lines] == [(1, 700), (2, -200)]
    assert world.state(invoice).phase == "submitted"


def test_the_image_of_one_that_was_live_when_infor_named_it_is_searched_when_it_is_ordered_again() -> None:
    """It waited for an image that was there all the while, and nobody searched it."""
    world, invoice = told_late()
    touched(world, invoice)
    world.poll()
    assert world.state(invoice).image is None
    world.payables.set_status(invoice.head.key.external_id, "Void", "sent again")
    world.wait(timedelta(minutes=2))
    world.poll_statuses()
    ordered = decide_resubmission(world.state(invoice), person="ann", reason="sent again")
    world.say(world.stream(invoice.head.key), *ordered)
    world.work()
    assert (world.state(invoice).phase, world.sends(invoice)) == ("submitted", 2)
