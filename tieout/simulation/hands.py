"""Hands inside the remotes: what people at M3 and at AvidXchange do there, without the program's knowledge."""

from decimal import Decimal

import msgspec

from domain.identifiers import InvoiceKey
from domain.identifiers import key1 as named_key1
from domain.money import Money
from domain.payments.events import PaymentContent, Remittance
from domain.postings.events import EvidenceRow
from tieout.simulation.fakes.payables_books import Held
from tieout.simulation.fakes.postings import Batch, Booking, FakeInvoice, Paid
from tieout.simulation.world import BANK_ACCOUNT, World, supplier
from tieout.wiring.encodings import AvidSettings, read_payment

MOST_GENERATIONS = 10
CHECK_RUN, BY_HAND = "M3 CHECK RUN", "REVERSED BY HAND"  # texts of rows that are none of ours
DELETED, TAKEN_BACK = "deleted", "taken back"  # states of a batch that people give it
UNDONE = (DELETED, TAKEN_BACK)
CARDS = ("", "1881", "4012888888881881", "4012 8888 8888 1881", "4012-8888-8888-1881")  # as a remote may name one
EDGE = AvidSettings(base_url="https://avid.test")


def pay_in_m3(world: World, held: FakeInvoice) -> None:
    """Pay an invoice in M3, outside of everything: a payment row without our text."""
    if held.outstanding.is_zero:
        return
    row = _row(world, held, held.outstanding, CHECK_RUN)
    held.payments.append(Paid(row=row, net=held.outstanding, discount=Money(0), at=world.time.now))


def take_back_in_m3(world: World, key1: str, *, instead_of: str = "") -> None:
    """Reverse in M3 what still stands of what a posting booked, by hand.

    instead_of: KEY1 of the reversal that this stands for, "" without one.
    """
    for booking in [b for b in world.ledger.booked if b.key1 == key1 and not b.taken_back]:
        rows = [b for b in world.ledger.booked if b.payment_id == booking.payment_id]
        standing = sum(-1 if b.taken_back else 1 for b in rows if b.row.invoice == booking.row.invoice)
        if standing <= 0:
            continue  # the invoice shows its reversal, too
        held = world.ledger.invoices[booking.row.invoice]
        row = _row(world, held, booking.net, BY_HAND)
        held.payments.append(Paid(row=row, net=-booking.net, discount=Money(0), at=world.time.now))
        world.ledger.booked.append(
            Booking(key1=instead_of or key1, payment_id=booking.payment_id, taken_back=True, row=row, net=-booking.net)
        )


def take_back_unasked(world: World, key1: str) -> None:
    """Reverse a voucher in M3 that nobody asked about: its KEY1 may be used again, for nothing of it stands."""
    take_back_in_m3(world, key1)
    for batch in [b for b in world.ledger.batches if b.key1 == key1 and b.state == "posted"]:
        batch.state = TAKEN_BACK


def has_row(held: FakeInvoice, text: str) -> bool:
    """Whether somebody paid the invoice, or took something back on it, outside of everything."""
    return any(paid.row.text == text for paid in held.payments)


def stands(world: World, key1: str) -> bool:
    """Whether any row of what a posting booked stands in M3 still."""
    mine = [b for b in world.ledger.booked if b.key1 == key1 and not b.taken_back]
    rows = [b for one in mine for b in world.ledger.booked if b.payment_id == one.payment_id]
    places = {one.row.invoice for one in mine}
    return any(sum(-1 if b.taken_back else 1 for b in rows if b.row.invoice == place) > 0 for place in places)


def stands_for(world: World, key1: str, *, reversal: str) -> None:
    """Note that what a clerk took back of a posting, unasked, is the reversal that was held for it."""
    world.ledger.booked[:] = [
        msgspec.structs.replace(b, key1=reversal) if b.key1 == key1 and b.taken_back else b for b in world.ledger.booked
    ]


def delete_batch(world: World, batch: Batch) -> None:
    """Delete a batch that stands in GLS840 or sticks inside M3."""
    batch.jobs.clear()
    batch.state = DELETED
    batch.gone_at = batch.gone_at or world.time.now


def reversal_of(key1: str) -> str:
    """Give the KEY1 of the reversal of a posting."""
    return f"R{key1[1:]}"


def generations_of(world: World, key1: str, payment_id: str, division: str) -> frozenset[str]:
    """Give the KEY1s under which a payment may be booked, or reversed, in a division, whatever the log knows."""
    names = (
        named_key1(world.rules.identity, payment_id=payment_id, division=division, generation=generation, kind="T")
        for generation in range(1, MOST_GENERATIONS)
    )
    return frozenset(map(reversal_of, names)) if key1.startswith("R") else frozenset(names)


def standing_voucher(world: World, payment_id: str, division: str) -> str:
    """Give a voucher of a payment that stands in a division, "" when none was made or all are taken back."""
    rows = [b for b in world.ledger.booked if b.payment_id == payment_id and b.row.invoice.division == division]
    standing = sum(-1 if b.taken_back else 1 for b in rows)
    return next(b.row.voucher for b in reversed(rows) if not b.taken_back) if standing > 0 else ""


def live_records(world: World) -> list[Held]:
    """Give the invoices AvidXchange holds live."""
    return [held for held in world.payables.invoices if held.history[-1][1] not in ("Rejected", "Void")]


def rows_by_name(world: World) -> dict[str, str]:
    """Give M3's ledger row for each name it has or had: a corrected or merged invoice is the same debt."""
    return {
        key.external_id: held.head.row.natural_key
        for held in world.ledger.invoices.values()
        for key in (*held.former, held.head.key)
    }


def rename(world: World, held: FakeInvoice, key: InvoiceKey) -> None:
    """Correct the key of an invoice in M3: the same row under another key."""
    del world.ledger.invoices[held.head.key]
    held.former = (*held.former, held.head.key)
    held.head = msgspec.structs.replace(held.head, key=key, changed=world.time.now.date())
    world.ledger.invoices[key] = held


def settle_payment(world: World, records: list[Held], number: int, **changes: object) -> PaymentContent:
    """Let AvidXchange pay invoices with one settled payment."""
    dice = world.dice
    world.numbers += 1
    payment_id = str(77_000 + world.numbers)
    remittances = tuple(_remittance(world, held, number) for held in records)
    today = world.time.now.date()
    method = dice.pick(("Check", "ACH", "Virtual Card"), "method", number)
    last4, dropped = _card(method, dice.pick(CARDS, "card", payment_id))
    content = PaymentContent(
        payment_id=payment_id,
        batch_id="PB-1",
        status="Issued to Supplier",
        status_id="14",
        standing="settled",
        method=method,
        amount=Money(sum(r.net.minor for r in remittances)),
        payment_date=today,
        settled_date=today if dice.below(12, "no date", number) else None,
        cleared_date=None,
        vendor_external_id=records[0].sent.vendor_external_id,
        number=f"C{payment_id}" if dice.below(10, "no number", number) else "",
        card_last4=last4,
        card_number_dropped=dropped,
        return_code="",
        replaces_payment_id="",
        modified=modified(world),
        remittances=remittances,
    )
    content = msgspec.structs.replace(content, **changes)
    world.payables.add_payment(content)
    return content


def change_payment(world: World, payment_id: str, **changes: object) -> PaymentContent:
    """Change a payment at AvidXchange; a change of number, date or method is noted there like any other."""
    content = msgspec.structs.replace(world.payables.payment(payment_id), modified=modified(world), **changes)
    world.payables.add_payment(content)
    return content


def modified(world: World) -> str:
    """Write a LastModifiedDate."""
    return world.time.now.strftime("%Y-%m-%dT%H:%M:%S")


def change_supplier(world: World, number: str, **changes: str) -> bool:
    """Change a supplier in M3; give whether it is another one than before."""
    return world.ledger.put_supplier(supplier(number, **changes))


def _remittance(world: World, held: Held, number: int) -> Remittance:
    """Pay part of an invoice, so that M3 itself would let the same payment be booked twice."""
    gross = int(Decimal(held.sent.gross_amount) * 100)
    share = world.dice.pick((30, 40, 45, 100), "share", number, int(held.invoice_id))
    key = InvoiceKey.parse(held.sent.external_id)
    ledger = world.ledger.invoices.get(key) if key is not None else None
    discount = ledger.discount.minor if ledger is not None and share == 100 else 0  # noqa: PLR2004 (a percentage)
    net = gross * share // 100 - discount
    return Remittance(
        invoice_external_id=held.sent.external_id,
        invoice_number=held.sent.invoice_number,
        gross=Money(net + discount),
        discount=Money(discount),
        net=Money(net),
    )


def _card(method: str, card: str) -> tuple[str, bool]:
    """Give what the adapter keeps of the card AvidXchange names, and whether it dropped a number; no bank account."""
    named = {"CheckNumber": card} if method == "Virtual Card" else {}
    wire = {"PaymentId": "1", "Status": "Cleared", "PaymentMethod": method, "Amount": 0, "VirtualCardLast4": card}
    said = msgspec.json.encode({**wire, **named, "BankAccountNumber": BANK_ACCOUNT, "RoutingNumber": "021000021"})
    read = read_payment(msgspec.Raw(said), EDGE)
    return read.card_last4, read.card_number_dropped


def _row(world: World, held: FakeInvoice, amount: Money, text: str) -> EvidenceRow:
    world.numbers += 1
    key = held.head.key
    return EvidenceRow(
        invoice=key,
        ledger_row=f"{key.company}|{key.division}|{world.time.now.year}|{9000 + world.numbers}|1",
        voucher=f"HAND-{world.numbers}",
        amount=abs(amount),
        accounting_date=world.time.now.date(),
        text=text,
    )
