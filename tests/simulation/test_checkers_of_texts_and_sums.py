"""What is kept, said, counted and dated: each checker is silent in a calm world, and goes red when its part is bent."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from domain.connections.events import FirstPostingApproved
from domain.invoices.events import InvoiceClosed
from domain.payments.events import PaymentPostingOrdered, PaymentSettled
from domain.postings.events import PostingDoubted, PostingHandoverStarted, PostingRefused
from tests.simulation.test_checkers import calm_world, recorded
from tieout.simulation.checkers.catalogue import CHECKERS
from tieout.simulation.world import BANK_ACCOUNT, World

Bend = Callable[[World], None]


def open_invoice_closed(world: World) -> None:
    key = next(key for key, held in world.ledger.invoices.items() if not held.outstanding.is_zero)
    world.say(world.stream("invoice", key.external_id), InvoiceClosed(key=key))


def said_by_ann(text: str) -> Bend:
    def say(world: World) -> None:
        world.say(world.stream("connection", ""), FirstPostingApproved(person="ann", reason=text), actor="ann")

    return say


def in_a_projection(text: str) -> Bend:
    def bend(world: World) -> None:
        rows = world.projections._rows["invoices"]
        key, row = next(iter(rows.items()))
        rows[key] = msgspec.structs.replace(row, terms=(*row.terms, text))

    return bend


def in_a_message(text: str) -> Bend:
    return lambda world: world.messages.append(f"poll_payments ends: RefusedError: {text}")


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
    ("I11", said_by_ann("card 4012 8888 8888 1881")),
    ("I11", said_by_ann("card 4012-8888-8888-1881 of ours")),
    ("I11", said_by_ann(f"paid to {BANK_ACCOUNT[:4]} {BANK_ACCOUNT[4:]}")),
    ("I11", in_a_projection("4012888888881881")),
    ("I11", in_a_projection(BANK_ACCOUNT)),
    ("I11", in_a_message("4012 8888 8888 1881")),
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


def test_neither_dates_nor_digests_nor_traces_look_like_a_card() -> None:
    world = calm_world()
    said_by_ann("KEY1 T4OIGIBE2XDB4QW of 2026-03-02 09:00:00, digest 40128888888818ab, trace 021000021000012")(world)
    assert [text for check in CHECKERS["I11"] for text in check(world)] == []
