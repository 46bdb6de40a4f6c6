"""What each happening does to the world, and whether it found something to happen to; a merger needs an invoice."""

from datetime import timedelta
from typing import Any

import msgspec

from domain.connections.events import StoreWentBack
from domain.ledger_codes.events import CodeFact
from domain.money import Money
from domain.postings.events import PostingDoubtResolved
from tieout.simulation import avid_events, hands
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.happenings import Happening
from tieout.simulation.people import operate
from tieout.simulation.schedule import BATCH_PROCESSING, CALL_TIMEOUT, SETTLE
from tieout.simulation.stage import Deed, Stage
from tieout.simulation.world import ACCOUNTS, PAYEES, World

JUMP = timedelta(minutes=50)
STORM = timedelta(minutes=10)
MOST_INVOICES = 6


def happen(stage: Stage, happening: Happening, number: int) -> bool:
    """Let it happen; give whether it found something to happen to."""
    return _DEEDS[happening](stage, number)


def _invoice(stage: Stage, number: int) -> FakeInvoice | None:
    held = sorted(stage.world.ledger.invoices.values(), key=lambda one: one.head.key)
    return stage.world.dice.pick(held, "which invoice", number) if held else None


def _new_invoice(stage: Stage, number: int) -> bool:
    if len(stage.world.ledger.invoices) >= MOST_INVOICES:
        return False
    stage.world.new_invoice(number)
    return True


def _paid_by_m3(stage: Stage, number: int) -> bool:
    held = _invoice(stage, number)
    if held is None or held.outstanding.is_zero:
        return False
    if any(b.row.invoice == held.head.key for b in stage.world.ledger.booked):
        return False
    hands.pay_in_m3(stage.world, held)
    return True


def _rest_paid_by_m3(stage: Stage, number: int) -> bool:
    """M3's own check run pays what our vouchers left open, unless a clerk took one back: no balance shows that then."""
    ours = {b.row.invoice for b in stage.world.ledger.booked}
    held = _invoice(stage, number)
    if held is None or held.head.key not in ours or hands.has_row(held, hands.BY_HAND):
        return False
    if held.outstanding.is_zero or (held.outstanding.minor > 0) != (held.head.gross.minor > 0):
        return False  # nothing is left to pay, or too much was paid
    hands.pay_in_m3(stage.world, held)
    held.head = msgspec.structs.replace(held.head, changed=stage.world.time.now.date())
    return True


def _voucher_taken_back(stage: Stage, number: int) -> bool:
    """A clerk reverses a voucher of ours that nobody asked about, and that is not about to be reversed by us."""
    world = stage.world
    standing = [
        batch.key1
        for batch in world.ledger.batches
        if batch.key1.startswith("T") and hands.stands(world, batch.key1) and not _is_spoken_for(world, batch.key1)
    ]
    if not standing:
        return False
    key1 = world.dice.pick(sorted(set(standing)), "which voucher", number)
    for booking in [b for b in world.ledger.booked if b.key1 == key1]:
        held = world.ledger.invoices[booking.row.invoice]
        held.head = msgspec.structs.replace(held.head, changed=world.time.now.date())
    hands.take_back_unasked(world, key1)
    return True


def _is_spoken_for(world: World, key1: str) -> bool:
    """Whether its reversal stands in GLS840 or beyond, or M3 paid one of its invoices as well, or does not list it."""
    back = any(b.key1 == hands.reversal_of(key1) and b.state != "deleted" for b in world.ledger.batches)
    invoices = [world.ledger.invoices[b.row.invoice] for b in world.ledger.booked if b.key1 == key1]
    return back or any(hands.has_row(held, hands.CHECK_RUN) or not held.approved for held in invoices)


def _flag(name: str, *, value: bool) -> Deed:
    def set_flag(stage: Stage, number: int) -> bool:
        invoices = sorted(stage.world.ledger.invoices.values(), key=lambda one: one.head.key)
        fitting = [held for held in invoices if getattr(held, name) != value and not _goes_unlisted(held, name)]
        if not fitting:
            return False
        held = stage.world.dice.pick(fitting, "which invoice", number)
        setattr(held, name, value)
        held.head = msgspec.structs.replace(held.head, changed=stage.world.time.now.date())
        return True

    return set_flag


def _goes_unlisted(held: FakeInvoice, flag: str) -> bool:
    """Whether Infor would list it no more, so that nobody could learn that a clerk took a voucher of ours back."""
    return flag == "approved" and hands.has_row(held, hands.BY_HAND)


def _changed(stage: Stage, number: int) -> bool:
    held = _invoice(stage, number)
    if held is None or held.payments:
        return False
    held.revalue(held.head.gross + Money(100 if held.head.gross.minor > 0 else -100))
    held.head = msgspec.structs.replace(held.head, changed=stage.world.time.now.date())
    return True


def _key_changed(stage: Stage, number: int) -> bool:
    held = _invoice(stage, number)
    if held is None or held.payments or _in_gls840(stage.world, held):
        return False
    key = msgspec.structs.replace(held.head.key, number=f"{held.head.key.number}-C{number}")
    hands.rename(stage.world, held, key)
    return True


def _in_gls840(world: World, held: FakeInvoice) -> bool:
    """Whether a batch names the invoice: M3 keeps such a key."""
    return any(
        held.head.key.number in parm
        for batch in world.ledger.batches
        if batch.state in ("open", "handed over", "stuck")
        for parm in batch.lines.values()
    )


def _supplier(**changes: str) -> Deed:
    def change(stage: Stage, number: int) -> bool:
        payee = stage.world.dice.pick(PAYEES, "payee", number)
        named = {name: text.format(number=number) for name, text in changes.items()}
        return hands.change_supplier(stage.world, payee, **named)

    return change


def _unblocked(stage: Stage, _: int) -> bool:
    blocked = any(content.status == "90" for content in stage.world.ledger.supplier_contents())
    for payee in PAYEES:
        hands.change_supplier(stage.world, payee)
    return blocked


def _merged(stage: Stage, number: int) -> bool:
    """One supplier is blocked, its invoices go over to the other: their keys change."""
    world = stage.world
    old, new = PAYEES if world.dice.below(2, "merged", number) else PAYEES[::-1]
    hands.change_supplier(world, old, status="90")
    moved = False
    for held in list(world.ledger.invoices.values()):
        if held.head.key.payee == old and not held.payments and not _in_gls840(world, held):
            key = msgspec.structs.replace(held.head.key, payee=new, supplier=new)
            if key not in world.ledger.invoices:
                hands.rename(world, held, key)
                moved = True
    return moved


def _code_blocked(stage: Stage, number: int) -> bool:
    account = stage.world.dice.pick(ACCOUNTS, "account", number)
    blocked = bool(stage.world.dice.below(2, "blocked", number))
    fact = CodeFact(division="", description=f"Account {account}", blocked=blocked)
    return stage.world.ledger.put_code(1, account, fact) and blocked  # now and then it opens again instead


def _period(*, closed: bool) -> Deed:
    def turn(stage: Stage, _: int) -> bool:
        before = stage.world.ledger.closed_until
        stage.world.ledger.closed_until = stage.world.time.now.date() if closed else None
        return stage.world.ledger.closed_until != before

    return turn


def _next_voucher(counter: str) -> Deed:
    def mark(stage: Stage, _: int) -> bool:
        before = getattr(stage.world.ledger, counter)
        setattr(stage.world.ledger, counter, 1)
        return not before

    return mark


def _batch_deleted(stage: Stage, number: int) -> bool:
    """A person deletes a batch that stands in GLS840 for good: nothing of it is under way any more."""
    standing = [b for b in stage.world.ledger.batches if b.state == "open" and b.gone_at is None and not b.jobs]
    if standing:
        hands.delete_batch(stage.world, stage.world.dice.pick(standing, "deleted", number))
    return bool(standing)


def _stuck_booked(stage: Stage, _: int) -> bool:
    for batch in stage.world.ledger.batches:
        if batch.state == "stuck":
            stage.world.ledger.post(batch)
            return True
    return False


def _clock(by: timedelta) -> Deed:
    def jump(stage: Stage, number: int) -> bool:
        stage.world.dice.pick(stage.processes, "clock", number).clock.skew += by
        return True

    return jump


def _restored(stage: Stage, number: int) -> bool:
    """A backup is restored; the next process to open the store notices, and holds money writes."""
    world = stage.world
    last = world.store.log.last_position()
    if len(world.restored_at) >= 2 or last <= world.begins_at:  # noqa: PLR2004 (a store that goes back ever again)
        return False
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
    return True


def _refolded(stage: Stage, _: int) -> bool:
    stage.world.store.relay.rebuild()
    return True


def _deployed(stage: Stage, _: int) -> bool:
    """Every process gets a new life; what runs now goes on under the old one until it dies with its errand."""
    for process in list(stage.processes):
        stage.renew(process)
    return True


def _operator(stage: Stage, number: int) -> bool:
    said = stage.world.store.log.last_position()
    operate(stage, "bob", number)
    return stage.world.store.log.last_position() != said


def _two_operators(stage: Stage, number: int) -> bool:
    """The second acts in the middle of the first one's act, just before it is appended."""
    log = _Interrupted(stage, number)
    operate(stage, "bob", number, log=log)
    return log.interrupted


class _Interrupted:
    """The log as the first operator sees it; interrupted: the other one said something before him."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.interrupted = False
        self._stage, self._number = stage, number
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage.world.store.log, name)

    def append(self, *args: Any, **options: Any) -> None:
        """Append, after the other operator."""
        if self._left:
            self._left -= 1
            said = self._stage.world.store.log.last_position()
            operate(self._stage, "cid", self._number)
            self.interrupted = self._stage.world.store.log.last_position() != said
        self._stage.world.store.log.append(*args, **options)


def _storm(stage: Stage, _: int) -> bool:
    stage.world.storm_until = stage.world.time.now + STORM
    return True


def _time_passes(stage: Stage, _: int) -> bool:
    stage.world.time.pass_by(timedelta(minutes=15))
    return True


_DEEDS: dict[Happening, Deed] = {
    Happening.NEW_INVOICE: _new_invoice,
    Happening.PAID: avid_events.paid,
    Happening.OPEN_FIRST: avid_events.open_first,
    Happening.VOIDED: avid_events.voided,
    Happening.REPLACED: avid_events.replaced,
    Happening.REPAID_OTHERWISE: avid_events.repaid_otherwise,
    Happening.REMITTANCE_CHANGED: avid_events.remittance_changed,
    Happening.UNKNOWN_INVOICE_PAID: avid_events.unknown_paid,
    Happening.REJECTED: avid_events.turned_down("Rejected"),
    Happening.VOID_INVOICE: avid_events.turned_down("Void"),
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
    Happening.VOID_TAKEN_BACK: avid_events.void_taken_back,
    Happening.VOUCHER_TAKEN_BACK: _voucher_taken_back,
    Happening.REST_PAID_BY_M3: _rest_paid_by_m3,
}
