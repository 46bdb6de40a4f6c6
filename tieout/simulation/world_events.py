"""What each happening does to the world; a happening that finds nothing to happen to does nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from domain.connections.events import StoreWentBack
from domain.ledger_codes.events import CodeFact
from domain.money import Money
from domain.postings.events import PostingDoubtResolved
from tieout.simulation import hands
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.happenings import Happening
from tieout.simulation.people import Staff, operate
from tieout.simulation.processes import Process
from tieout.simulation.schedule import BATCH_PROCESSING, CALL_TIMEOUT, SETTLE
from tieout.simulation.world import ACCOUNTS, PAYEES, World

JUMP = timedelta(minutes=50)
STORM = timedelta(minutes=10)
MOST_INVOICES = 6


class Stage(Staff, Protocol):
    """The run a happening falls into."""

    processes: list[Process]

    def renew(self, process: Process) -> None:
        """Let a process be born again."""


def happen(stage: Stage, happening: Happening, number: int) -> None:
    """Let it happen."""
    _DEEDS[happening](stage, number)


def _invoice(stage: Stage, number: int) -> FakeInvoice | None:
    held = sorted(stage.world.ledger.invoices.values(), key=lambda one: one.head.key)
    return stage.world.dice.pick(held, "which invoice", number) if held else None


def _new_invoice(stage: Stage, number: int) -> None:
    if len(stage.world.ledger.invoices) < MOST_INVOICES:
        stage.world.new_invoice(number)


def _paid(stage: Stage, number: int, **changes: Any) -> None:
    world = stage.world
    unpaid = [
        held for held in hands.live_records(world) if held.history[-1][1] != "Paid" and held.sent.gross_amount > 0
    ]
    if not unpaid:
        return
    first = world.dice.pick(unpaid, "paid", number)
    chosen = [first]
    if world.dice.below(2, "several", number):
        chosen = [held for held in unpaid if held.sent.vendor_external_id == first.sent.vendor_external_id][:2]
        chosen += [held for held in hands.live_records(world) if held.sent.gross_amount < 0][:1]
    for held in chosen:
        world.payables.note_status(held, "Paid")
    hands.settle_payment(world, chosen, number, **changes)


def _payment(stage: Stage, number: int, *, standing: str) -> str:
    payables = stage.world.payables
    fitting = [one for one in payables.payment_ids() if payables.payment(one).standing == standing]
    return stage.world.dice.pick(fitting, "which payment", number) if fitting else ""


def _open_first(stage: Stage, number: int) -> None:
    pending = _payment(stage, number, standing="open")
    if pending:
        hands.change_payment(stage.world, pending, standing="settled", status="Issued to Supplier")
    else:
        _paid(stage, number, standing="open", status="Processing")


def _voided(stage: Stage, number: int) -> str:
    payment_id = _payment(stage, number, standing="settled")
    if payment_id:
        status = stage.world.dice.pick(("Void", "Stopped", "Refunded", "Returned"), "void", number)
        hands.change_payment(stage.world, payment_id, standing="reversed", status=status)
    return payment_id


def _void_taken_back(stage: Stage, number: int) -> None:
    """AvidXchange settles a payment again that it had voided; one that was paid anew stays as it is."""
    payables = stage.world.payables
    replaced = {payables.payment(one).replaces_payment_id for one in payables.payment_ids()}
    back = [one for one in payables.payment_ids() if payables.payment(one).standing == "reversed"]
    fitting = [one for one in back if one not in replaced]
    if fitting:
        payment_id = stage.world.dice.pick(fitting, "taken back", number)
        hands.change_payment(stage.world, payment_id, standing="settled", status="Issued to Supplier")


def _replaced(stage: Stage, number: int) -> None:
    old = _voided(stage, number)
    if old:
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


def _repaid_otherwise(stage: Stage, number: int) -> None:
    payment_id = _payment(stage, number, standing="settled")
    if payment_id:
        today = stage.world.time.now.date()
        hands.change_payment(stage.world, payment_id, method="ACH", number=f"A{number}", settled_date=today)


def _remittance_changed(stage: Stage, number: int) -> None:
    payment_id = _payment(stage, number, standing="settled")
    if not payment_id:
        return
    first, *rest = stage.world.payables.payment(payment_id).remittances
    less = Money(first.net.minor - 1)
    changed = msgspec.structs.replace(first, net=less, gross=less + first.discount)
    remittances = (changed, *rest)
    amount = Money(sum(r.net.minor for r in remittances))
    hands.change_payment(stage.world, payment_id, remittances=remittances, amount=amount)


def _unknown_paid(stage: Stage, number: int) -> None:
    world = stage.world
    records = hands.live_records(world)
    if records:
        content = hands.settle_payment(world, records[:1], number, standing="open", status="Processing")
        ghost = f"100|AAA|V1001|V1001|GHOST-{number}|2026" if number % 2 else "SOMEBODY-ELSES-1"
        strange = msgspec.structs.replace(content.remittances[0], invoice_external_id=ghost)
        hands.change_payment(
            world, content.payment_id, remittances=(strange,), standing="settled", status="Issued to Supplier"
        )


def _turned_down(status: str) -> Callable[[Stage, int], None]:
    def turn_down(stage: Stage, number: int) -> None:
        unpaid = [held for held in hands.live_records(stage.world) if held.history[-1][1] != "Paid"]
        if unpaid:
            held = stage.world.dice.pick(unpaid, "turned down", number)
            stage.world.payables.note_status(held, status, "not ours")

    return turn_down


def _paid_by_m3(stage: Stage, number: int) -> None:
    held = _invoice(stage, number)
    if held is not None and not any(b.row.invoice == held.head.key for b in stage.world.ledger.booked):
        hands.pay_in_m3(stage.world, held)


def _flag(name: str, *, value: bool) -> Callable[[Stage, int], None]:
    def set_flag(stage: Stage, number: int) -> None:
        held = _invoice(stage, number)
        if held is not None:
            setattr(held, name, value)
            held.head = msgspec.structs.replace(held.head, changed=stage.world.time.now.date())

    return set_flag


def _changed(stage: Stage, number: int) -> None:
    held = _invoice(stage, number)
    if held is not None and not held.payments:
        held.revalue(held.head.gross + Money(100 if held.head.gross.minor > 0 else -100))
        held.head = msgspec.structs.replace(held.head, changed=stage.world.time.now.date())


def _key_changed(stage: Stage, number: int) -> None:
    held = _invoice(stage, number)
    if held is not None and not held.payments and not _in_gls840(stage.world, held):
        key = msgspec.structs.replace(held.head.key, number=f"{held.head.key.number}-C{number}")
        hands.rename(stage.world, held, key)


def _in_gls840(world: World, held: FakeInvoice) -> bool:
    """Whether a batch names the invoice: M3 keeps such a key."""
    return any(
        held.head.key.number in parm
        for batch in world.ledger.batches
        if batch.state in ("open", "handed over", "stuck")
        for parm in batch.lines.values()
    )


def _supplier(**changes: str) -> Callable[[Stage, int], None]:
    def change(stage: Stage, number: int) -> None:
        payee = stage.world.dice.pick(PAYEES, "payee", number)
        named = {name: text.format(number=number) for name, text in changes.items()}
        hands.change_supplier(stage.world, payee, **named)

    return change


def _unblocked(stage: Stage, _: int) -> None:
    for payee in PAYEES:
        hands.change_supplier(stage.world, payee)


def _merged(stage: Stage, number: int) -> None:
    """One supplier is blocked, its invoices go over to the other: their keys change."""
    world = stage.world
    old, new = PAYEES if world.dice.below(2, "merged", number) else PAYEES[::-1]
    hands.change_supplier(world, old, status="90")
    for held in list(world.ledger.invoices.values()):
        if held.head.key.payee == old and not held.payments and not _in_gls840(world, held):
            key = msgspec.structs.replace(held.head.key, payee=new, supplier=new)
            if key not in world.ledger.invoices:
                hands.rename(world, held, key)


def _code_blocked(stage: Stage, number: int) -> None:
    account = stage.world.dice.pick(ACCOUNTS, "account", number)
    blocked = bool(stage.world.dice.below(2, "blocked", number))
    stage.world.ledger.put_code(1, account, CodeFact(division="", description=f"Account {account}", blocked=blocked))


def _period(*, closed: bool) -> Callable[[Stage, int], None]:
    def turn(stage: Stage, _: int) -> None:
        stage.world.ledger.closed_until = stage.world.time.now.date() if closed else None

    return turn


def _next_voucher(counter: str) -> Callable[[Stage, int], None]:
    def mark(stage: Stage, _: int) -> None:
        setattr(stage.world.ledger, counter, 1)

    return mark


def _batch_deleted(stage: Stage, number: int) -> None:
    """A person deletes a batch that stands in GLS840 for good: nothing of it is under way any more."""
    standing = [b for b in stage.world.ledger.batches if b.state == "open" and b.gone_at is None and not b.jobs]
    if standing:
        hands.delete_batch(stage.world, stage.world.dice.pick(standing, "deleted", number))


def _stuck_booked(stage: Stage, _: int) -> None:
    for batch in stage.world.ledger.batches:
        if batch.state == "stuck":
            stage.world.ledger.post(batch)
            return


def _clock(by: timedelta) -> Callable[[Stage, int], None]:
    def jump(stage: Stage, number: int) -> None:
        stage.world.dice.pick(stage.processes, "clock", number).clock.skew += by

    return jump


def _restored(stage: Stage, number: int) -> None:
    """A backup is restored; the next process to open the store notices, and holds money writes."""
    world = stage.world
    last = world.store.log.last_position()
    if len(world.restored_at) >= 2 or last <= world.begins_at:  # noqa: PLR2004 (a store that goes back ever again)
        return
    kept = [position for position in world.store.log.commits if position >= world.begins_at]
    words = [one.position for one in world.history() if isinstance(one.event, PostingDoubtResolved)]
    if words and world.dice.below(2, "backup after a word", number):  # what followed a person's word is forgotten
        said = world.dice.pick(words, "which word", number)
        kept = [min(position for position in kept if position >= said)]
    to_position = world.dice.pick(kept, "backup", number)
    world.restored_at.append(last)
    world.lost.extend(world.store.log.read(after=to_position, limit=1_000_000))
    until = world.time.now + CALL_TIMEOUT + SETTLE + BATCH_PROCESSING
    incarnation = world.store.go_back(to_position=to_position, hold_until=until)
    fact = StoreWentBack(incarnation=incarnation, noticed_at=world.time.now, hold_until=until, detail="restored")
    world.say(world.stream("connection", ""), fact)
    world.store.drain()
    world.runner.rebuild()


def _refolded(stage: Stage, _: int) -> None:
    stage.world.store.relay.rebuild()


def _deployed(stage: Stage, _: int) -> None:
    """Every process gets a new life; what runs now goes on under the old one until it dies with its errand."""
    for process in list(stage.processes):
        stage.renew(process)


def _operator(stage: Stage, number: int) -> None:
    operate(stage, "bob", number)


def _two_operators(stage: Stage, number: int) -> None:
    """The second acts in the middle of the first one's act, just before it is appended."""
    operate(stage, "bob", number, log=_Interrupted(stage, number))


class _Interrupted:
    """The log as the first operator sees it."""

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage, self._number = stage, number
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage.world.store.log, name)

    def append(self, *args: Any, **options: Any) -> None:
        """Append, after the other operator."""
        if self._left:
            self._left -= 1
            operate(self._stage, "cid", self._number)
        self._stage.world.store.log.append(*args, **options)


def _storm(stage: Stage, _: int) -> None:
    stage.world.storm_until = stage.world.time.now + STORM


def _time_passes(stage: Stage, _: int) -> None:
    stage.world.time.pass_by(timedelta(minutes=15))


_DEEDS: dict[Happening, Callable[[Stage, int], Any]] = {
    Happening.NEW_INVOICE: _new_invoice,
    Happening.PAID: _paid,
    Happening.OPEN_FIRST: _open_first,
    Happening.VOIDED: _voided,
    Happening.REPLACED: _replaced,
    Happening.REPAID_OTHERWISE: _repaid_otherwise,
    Happening.REMITTANCE_CHANGED: _remittance_changed,
    Happening.UNKNOWN_INVOICE_PAID: _unknown_paid,
    Happening.REJECTED: _turned_down("Rejected"),
    Happening.VOID_INVOICE: _turned_down("Void"),
    Happening.PAID_BY_M3: _paid_by_m3,
    Happening.PROPOSED: _flag("proposed", value=True),
    Happening.PROPOSAL_GONE: _flag("proposed", value=False),
    Happening.STOPPED: _flag("stopped", value=True),
    Happening.STOP_GONE: _flag("stopped", value=False),
    Happening.UNAPPROVED: _flag("approved", value=False),
    Happening.CHANGED: _changed,
    Happening.KEY_CHANGED: _key_changed,
    Happening.SUPPLIER_CHANGED: _supplier(name="Renamed {number}"),
    Happening.SUPPLIER_BLOCKED: _supplier(status="90"),
    Happening.SUPPLIER_UNBLOCKED: _unblocked,
    Happening.SUPPLIER_MERGED: _merged,
    Happening.CODE_BLOCKED: _code_blocked,
    Happening.PERIOD_CLOSED: _period(closed=True),
    Happening.PERIOD_OPENED: _period(closed=False),
    Happening.STUCK: _next_voucher("stick_next"),
    Happening.REFUSED: _next_voucher("refuse_next"),
    Happening.CORRECTED: _next_voucher("correct_next"),
    Happening.BATCH_DELETED: _batch_deleted,
    Happening.STUCK_BOOKED: _stuck_booked,
    Happening.CLOCK_AHEAD: _clock(JUMP),
    Happening.CLOCK_BEHIND: _clock(-JUMP),
    Happening.RESTORED: _restored,
    Happening.REFOLDED: _refolded,
    Happening.DEPLOYED: _deployed,
    Happening.OPERATOR: _operator,
    Happening.TWO_OPERATORS: _two_operators,
    Happening.STORM: _storm,
    Happening.TIME_PASSES: _time_passes,
    Happening.VOID_TAKEN_BACK: _void_taken_back,
}
