"""What is kept, said, counted and dated: each checker is silent in a calm world, and goes red when its part is bent."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from domain.invoices.events import InvoiceClosed
from domain.payments.events import PaymentPostingOrdered, PaymentSettled
from domain.postings.events import PostingDoubted, PostingHandoverStarted, PostingRefused
from tests.simulation.test_checkers import calm_world, recorded
from tieout.simulation.checkers.catalogue import CHECKERS
from tieout.simulation.world import World

Bend = Callable[[World], None]


def open_invoice_closed(world: World) -> None:
    key = next(key for key, held in world.ledger.invoices.items() if not held.outstanding.is_zero)
    world.say(world.stream("invoice", key.external_id), InvoiceClosed(key=key))


def money_bent(world: World) -> None:
    rows = world.projections._rows["invoices"]
    for key, row in list(rows.items()):
        rows[key] = msgspec.structs.replace(row, amount=row.amount + 1)


def state_bent(world: World) -> None:
    rows = world.projections._rows["suppliers"]
    for key, row in list(rows.items()):
        rows[key] = msgspec.structs.replace(row, state="waiting")


def acted_on_nobody(world: World) -> None:
    fact = PaymentPostingOrdered(payment_id="1", person="ann", reason="seen")
    world.say(world.stream("payment", "1"), fact, actor="ann")


def acted_without_effect(world: World) -> None:
    payment_id = recorded(world, PaymentSettled).content.payment_id
    for _ in range(2):
        fact = PaymentPostingOrdered(payment_id=payment_id, person="ann", reason="seen")
        world.say(world.stream("payment", payment_id), fact, actor="ann")


def handover_doubted_early(world: World) -> None:
    """Another process says while the owner may still send that nobody answered."""
    fact = recorded(world, PostingHandoverStarted)
    later = msgspec.structs.replace(fact, deadline=world.time.now + timedelta(minutes=1))
    doubt = PostingDoubted(
        attempt_id=fact.attempt_id, step="UpdBatch", why="silence", after_handover=True, look_at=fact.look_at
    )
    world.say(world.stream("posting", fact.key1), later, doubt)


def refused_by_another(world: World) -> None:
    fact = recorded(world, PostingHandoverStarted)
    payment_id = recorded(world, PaymentSettled).content.payment_id
    no = PostingRefused(key1=fact.key1, attempt_id="w9.1-1", step="CtrlBatch", code="X", payment_id=payment_id, text="")
    world.say(world.stream("posting", fact.key1), no)


BENT: tuple[tuple[str, Bend], ...] = (
    ("I3", open_invoice_closed),
    ("I10", handover_doubted_early),
    ("I10", refused_by_another),
    ("I12", acted_on_nobody),
    ("I12", acted_without_effect),
    ("I14", money_bent),
    ("I14", state_bent),
)


@pytest.mark.parametrize(("invariant", "bend"), BENT)
def test_what_is_bent_is_noticed(invariant: str, bend: Bend) -> None:
    world = calm_world()
    assert [text for check in CHECKERS[invariant] for text in check(world)] == []
    bend(world)
    if bend not in (money_bent, state_bent):
        world.runner.catch_up()
    assert [text for check in CHECKERS[invariant] for text in check(world)]
