"""What happens at AvidXchange: payments settle, change and are voided, invoices are turned down."""

from typing import Any

import msgspec

from domain.money import Money
from tieout.simulation import hands
from tieout.simulation.stage import Deed, Stage
from tieout.simulation.world import World


def paid(stage: Stage, number: int, **changes: Any) -> bool:
    """Settle a payment of one invoice or of several."""
    world = stage.world
    unpaid = [
        held for held in hands.live_records(world) if held.history[-1][1] != "Paid" and held.sent.gross_amount > 0
    ]
    if not unpaid:
        return False
    first = world.dice.pick(unpaid, "paid", number)
    chosen = [first]
    if world.dice.below(2, "several", number):
        chosen = [held for held in unpaid if held.sent.vendor_external_id == first.sent.vendor_external_id][:2]
        chosen += [held for held in hands.live_records(world) if held.sent.gross_amount < 0][:1]
    for held in chosen:
        world.payables.note_status(held, "Paid")
    hands.settle_payment(world, chosen, number, **changes)
    return True


def pay_one(world: World, place: int, number: int) -> None:
    """Settle a payment of the invoice at this place among those that are live and no credit memos, if there is one."""
    debts = [held for held in hands.live_records(world) if held.sent.gross_amount > 0]
    for held in debts[place : place + 1]:
        world.payables.note_status(held, "Paid")
        hands.settle_payment(world, [held], number)


def open_first(stage: Stage, number: int) -> bool:
    """Report a payment before it is settled, or settle one that was reported."""
    pending = _payment(stage, number, standing="open")
    if not pending:
        return paid(stage, number, standing="open", status="Processing")
    hands.change_payment(stage.world, pending, standing="settled", status="Issued to Supplier")
    return True


def voided(stage: Stage, number: int) -> bool:
    """Void a settled payment."""
    return bool(_void(stage, number))


def void_taken_back(stage: Stage, number: int) -> bool:
    """Settle a payment again that was voided; one that was paid anew stays as it is."""
    payables = stage.world.payables
    replaced = {payables.payment(one).replaces_payment_id for one in payables.payment_ids()}
    back = [one for one in payables.payment_ids() if payables.payment(one).standing == "reversed"]
    fitting = [one for one in back if one not in replaced]
    if fitting:
        payment_id = stage.world.dice.pick(fitting, "taken back", number)
        hands.change_payment(stage.world, payment_id, standing="settled", status="Issued to Supplier")
    return bool(fitting)


def replaced(stage: Stage, number: int) -> bool:
    """Void a settled payment and pay it anew."""
    old = _void(stage, number)
    if not old:
        return False
    world = stage.world
    world.numbers += 1
    before = world.payables.payment(old)
    again = msgspec.structs.replace(
        before,
        payment_id=str(77_000 + world.numbers),
        status="Issued to Supplier",
        standing="settled",
        replaces_payment_id=old,
        number=f"C{77_000 + world.numbers}",
    )
    world.payables.add_payment(again)
    return True


def repaid_otherwise(stage: Stage, number: int) -> bool:
    """Change method and number of a settled payment."""
    payment_id = _payment(stage, number, standing="settled")
    if payment_id:
        today = stage.world.time.now.date()
        hands.change_payment(stage.world, payment_id, method="ACH", number=f"A{number}", settled_date=today)
    return bool(payment_id)


def remittance_changed(stage: Stage, number: int) -> bool:
    """Pay a cent less of a settled payment's first invoice."""
    payment_id = _payment(stage, number, standing="settled")
    if not payment_id:
        return False
    first, *rest = stage.world.payables.payment(payment_id).remittances
    less = Money(first.net.minor - 1)
    changed = msgspec.structs.replace(first, net=less, gross=less + first.discount)
    remittances = (changed, *rest)
    amount = Money(sum(r.net.minor for r in remittances))
    hands.change_payment(stage.world, payment_id, remittances=remittances, amount=amount)
    return True


def unknown_paid(stage: Stage, number: int) -> bool:
    """Settle a payment of an invoice that nobody submitted."""
    world = stage.world
    records = hands.live_records(world)
    if not records:
        return False
    content = hands.settle_payment(world, records[:1], number, standing="open", status="Processing")
    ghost = f"100|AAA|V1001|V1001|GHOST-{number}|2026" if number % 2 else "SOMEBODY-ELSES-1"
    strange = msgspec.structs.replace(content.remittances[0], invoice_external_id=ghost)
    hands.change_payment(
        world, content.payment_id, remittances=(strange,), standing="settled", status="Issued to Supplier"
    )
    return True


def turned_down(status: str) -> Deed:
    """Give what rejects or voids an invoice that is not paid."""

    def turn_down(stage: Stage, number: int) -> bool:
        unpaid = [held for held in hands.live_records(stage.world) if held.history[-1][1] != "Paid"]
        if unpaid:
            held = stage.world.dice.pick(unpaid, "turned down", number)
            stage.world.payables.note_status(held, status, "not ours")
        return bool(unpaid)

    return turn_down


def _payment(stage: Stage, number: int, *, standing: str) -> str:
    payables = stage.world.payables
    fitting = [one for one in payables.payment_ids() if payables.payment(one).standing == standing]
    return stage.world.dice.pick(fitting, "which payment", number) if fitting else ""


def _void(stage: Stage, number: int) -> str:
    payment_id = _payment(stage, number, standing="settled")
    if payment_id:
        status = stage.world.dice.pick(("Void", "Stopped", "Refunded", "Returned"), "void", number)
        hands.change_payment(stage.world, payment_id, standing="reversed", status=status)
    return payment_id
