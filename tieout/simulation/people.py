"""People who see M3 and AvidXchange as they are: the doubt desk, held records, tasks; and operators in a hurry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from actors.errands.posting_facts import original_key
from actors.settle import Decide, History, appended, settle
from domain.connections.connection import fold as fold_connection
from domain.connections.persons import decide_first_posting_approved
from domain.errors import RefusedError
from domain.event import Append
from domain.invoices.state import MAY_BE_FORGOTTEN
from domain.payments import payment
from domain.ports.store import Causes
from domain.postings import posting
from projections import invoices, issues, payments
from projections.payments import PaymentView
from projections.postings import PostingRow
from tieout.acts import retry
from tieout.acts.act import Act
from tieout.acts.doubts import Word, resolve
from tieout.acts.issues import reversal_done
from tieout.simulation.fakes.payables_books import Held
from tieout.simulation.hands import (
    delete_batch,
    generations_of,
    live_records,
    reversal_of,
    rows_by_name,
    standing_voucher,
    stands,
    stands_for,
    take_back_in_m3,
)
from tieout.simulation.schedule import SETTLE
from tieout.simulation.world import World


class Staff(Protocol):
    """What people need of the run they are in."""

    world: World

    def note_of(self, who: str, text: str) -> None:
        """Note a line of the trace."""


@dataclass(frozen=True, kw_only=True)
class SimulatedAct(Act):
    """A person's act whose correlation id is no chance."""

    def settle(self, streams: Sequence[UUID], decide: Decide) -> Sequence[Append]:
        """Append what `decide` says; give what was appended."""
        causes = Causes(connection=self.connection, correlation_id=f"act-{self.person}", actor=self.person)
        return settle(self.log, streams, decide, causes=causes)


def look_after(staff: Staff, turn: int) -> bool:
    """See to everything that waits for a person; give whether anything was done."""
    world = staff.world
    act = act_of(world, "ann", "seen in M3")
    done = _approve_first(act)
    for view in payments.listed(world.projections, world.connection):
        for row in view.postings:
            if row.phase in ("desk", "waits"):
                done = _settle_posting(staff, act, row.key1, row.phase) or done
            elif _was_taken_back(world, row):
                done = _name_the_clerks_voucher(staff, act, row) or done
        done = _reverse_by_hand(staff, act, view.payment.payment_id) or done
    done = _take_back(staff, act) or done
    done = _void_forgotten(staff) or done
    if turn < 2:  # noqa: PLR2004 (whoever is still stuck then stays with its reason)
        done = _retry_stuck(staff, act) or done
    return done


def _name_the_clerks_voucher(staff: Staff, act: Act, row: PostingRow) -> bool:
    """Say of a held reversal that a clerk's voucher stands for it."""
    word = Word(resolution="posted-by-hand", voucher=f"HAND-{row.key1}")
    if not attempt(staff, f"finds taken back in M3 what {row.key1} is about", partial(resolve, act, row.stream, word)):
        return False
    stands_for(staff.world, original_key(row.key1), reversal=row.key1)
    return True


def _was_taken_back(world: World, row: PostingRow) -> bool:
    """Whether a reversal is held and what it should take back stands no more: a clerk was faster."""
    return row.kind == "R" and row.phase == "held" and not stands(world, original_key(row.key1))


def act_of(world: World, person: str, reason: str, *, log: Any = None) -> SimulatedAct:
    """Begin a person's act."""
    return SimulatedAct(
        log=log or world.store.log,
        connection=world.connection,
        person=person,
        reason=reason,
        settle_infor=SETTLE,
    )


def attempt(staff: Staff, what: str, deed: Callable[[], object]) -> bool:
    """Try an act; a refusal is an answer, too."""
    try:
        deed()
    except RefusedError as refusal:
        staff.note_of("a person", f"{what}: refused: {refusal}")
        return False
    staff.note_of("a person", what)
    return True


def _settle_posting(staff: Staff, act: Act, key1: str, phase: str) -> bool:
    """Say what M3 shows: booked, or gone for certain, under no KEY1; what M3 still works on is left to it."""
    world = staff.world
    stream = world.stream("posting", key1)
    plan = posting.fold(world.store.log.load([stream])[stream]).plan
    if plan is None:
        return False
    names = generations_of(world, key1, plan.payment_id, plan.division)
    batches = [batch for batch in world.ledger.batches if batch.key1 in names]
    if any(batch.jobs for batch in batches):
        return False
    mine = [b for b in world.ledger.booked if b.key1 == key1]
    if mine:
        word = Word(resolution="posted", voucher=mine[0].row.voucher)
        return attempt(staff, f"finds {key1} booked", lambda: resolve(act, stream, word))
    other = standing_voucher(world, plan.payment_id, plan.division) if plan.kind == "T" else ""
    if other:
        by_hand = Word(resolution="posted-by-hand", voucher=other)
        return attempt(staff, f"finds {key1} booked under another KEY1", lambda: resolve(act, stream, by_hand))
    stuck = [batch for batch in batches if batch.state == "stuck"]
    if stuck and world.dice.below(2, "stuck", len(key1), world.numbers):
        world.ledger.post(stuck[0])
        staff.note_of("a person", f"books the stuck voucher of {key1}")
        return True
    for batch in batches:
        if batch.state in ("open", "stuck"):
            delete_batch(world, batch)
    word = Word(resolution="absent")
    return attempt(staff, f"finds nothing of {key1} ({phase})", lambda: resolve(act, stream, word))


def _reverse_by_hand(staff: Staff, act: Act, payment_id: str) -> bool:
    world = staff.world
    stream = world.stream("payment", payment_id)
    state = payment.fold(world.store.log.load([stream])[stream])
    if state.reversal is None or not state.reversal.tasks or state.by_hand:
        return False
    asked = _vouchers_asked_for(world, payment_id, state.reversal.tasks)
    names = {*asked, *map(reversal_of, asked)}
    batches = [batch for batch in world.ledger.batches if batch.key1 in names]
    if any(batch.jobs for batch in batches):
        return False  # M3 works on the voucher or its reversal still
    for batch in batches:
        if batch.state in ("open", "stuck"):
            delete_batch(world, batch)
    for key1 in asked:
        take_back_in_m3(world, key1)
    deed = partial(reversal_done, act, stream, voucher=f"HAND-{payment_id}")
    return attempt(staff, f"reverses payment {payment_id} in M3", deed)


def _take_back(staff: Staff, act: Act) -> bool:
    """Reverse in M3 what an issue says no reversal took back, and say with which voucher."""
    world = staff.world
    done = False
    for issue in issues.listed(world.projections, world.connection):
        for record in issue.records if issue.kind == "posting-reversal-absent" else ():
            plan = posting.fold(world.store.log.load([record.stream])[record.stream]).plan
            if plan is not None:
                for key1 in sorted(generations_of(world, original_key(plan.key1), plan.payment_id, plan.division)):
                    take_back_in_m3(world, key1, instead_of=plan.key1)
                    stands_for(world, key1, reversal=plan.key1)  # a clerk may have been faster
                word = Word(resolution="posted-by-hand", voucher=f"HAND-{plan.key1}")
                deed = partial(resolve, act, record.stream, word)
                done = attempt(staff, f"reverses {plan.key1} in M3 by hand", deed) or done
    return done


def _vouchers_asked_for(world: World, payment_id: str, tasks: Sequence[str]) -> list[str]:
    """Give the KEY1s a person looks for: a task stands for every generation of the payment in its division."""
    found = []
    for division in world.rules.divisions:
        names = generations_of(world, "T", payment_id, division)
        found += sorted(names) if names.intersection(tasks) else []
    return found


def _approve_first(act: Act) -> bool:
    stream = act.stream("connection", "")
    state = fold_connection(act.log.load([stream])[stream])
    if not state.first_posting or state.first_posting_approved:
        return False
    key = act.stream("posting", state.first_posting)
    if posting.fold(act.log.load([key])[key]).phase != "confirmed":
        return False

    def decide(history: History) -> list[Append]:
        now = fold_connection(history[stream])
        facts = decide_first_posting_approved(now, person=act.person, reason=act.reason)
        return [appended(history[stream], stream, *facts)]

    return bool(act.settle([stream], decide))


def _void_forgotten(staff: Staff) -> bool:
    """Compare what is held as a likeness with what AvidXchange has; void there what M3 has under another key now."""
    world = staff.world
    done = False
    for row in invoices.listed(world.projections, world.connection, states=("held",)):
        for held in _other_names(world, row):
            if held.history[-1][1] != "Paid":  # what is paid stays there, and the other one stays held
                world.payables.note_status(held, "Void", "sent under another key")
                staff.note_of("a person", f"voids {held.sent.external_id}, which M3 has as {row.external_id}")
                done = True
    return done


def _may_be_there(world: World, row: invoices.InvoiceRow) -> bool:
    """Whether a look into both books shows that a release would send the invoice a second time."""
    return bool(_other_names(world, row))


def _other_names(world: World, row: invoices.InvoiceRow) -> list[Held]:
    if row.reason != MAY_BE_FORGOTTEN:
        return []
    rows = rows_by_name(world)
    own = rows.get(row.external_id)
    return [
        held
        for held in live_records(world)
        if held.sent.external_id != row.external_id and rows.get(held.sent.external_id) == own
    ]


def _retry_stuck(staff: Staff, act: Act) -> bool:
    world = staff.world
    held = invoices.listed(world.projections, world.connection, states=("held", "refused"))
    stuck = [row.stream for row in held if not _may_be_there(world, row)]
    stuck += [
        view.payment.stream
        for view in payments.listed(world.projections, world.connection)
        if view.state in ("held", "refused", "planned") and not _has_one_taken_back(world, view)
    ]
    done = False
    for stream in stuck:
        steps = retry.retry(act, [stream])
        done = done or any(step.does for step in steps)
        staff.note_of("a person", f"retries {steps[0].record}: {steps[0].does or steps[0].why_not}")
    return done


def _has_one_taken_back(world: World, view: PaymentView) -> bool:
    """Whether a look into M3 shows that to let its reversal go would take the voucher back twice."""
    return any(_was_taken_back(world, row) for row in view.postings)


def operate(staff: Staff, person: str, number: int, *, log: Any = None) -> None:
    """Let an operator work through a few records, in whatever state they are."""
    world = staff.world
    act = act_of(world, person, "month end", log=log)
    world.runner.catch_up()
    listed = invoices.listed(world.projections, world.connection)
    rows = [row.stream for row in listed if not _may_be_there(world, row)]
    views = payments.listed(world.projections, world.connection)
    rows += [view.payment.stream for view in views if not _has_one_taken_back(world, view)]
    for turn in range(min(2, len(rows))):
        stream = world.dice.pick(rows, "operator", person, number, turn)
        attempt(staff, f"{person} retries", partial(retry.retry, act, [stream]))
    for view in payments.listed(world.projections, world.connection):
        for row in view.postings:
            if row.phase in ("desk", "waits") and world.dice.below(2, "desk", number):
                _settle_posting(staff, act, row.key1, row.phase)
