"""Planted bugs that no schedule shows, each in a small world where it does; without the bug nothing happens there."""

from dataclasses import replace
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import msgspec

from actors.errands import posting_handover
from actors.tools import Tools
from domain.postings import checks
from tests.simulation.planted.planting import Change, Plant, planted
from tests.unit.actors.invoices.invoice_world import FLOWS
from tests.unit.actors.invoices.invoice_world import World as InvoiceWorld
from tests.unit.actors.postings.postings_world import World as PostingWorld
from tieout.simulation.fakes.payables_faults import Fault

LONG = timedelta(minutes=30)
# In a schedule nobody renames the connection, and its world speaks of streams by the pinned identity.
IDENTITY_BY_NAME = Plant(swaps=((Tools, "connection", property(lambda tools: uuid5(NAMESPACE_URL, tools.rules.name))),))
# In a schedule AvidXchange pays credits as credits, and M3, which is asked next, compares the signs as well.
SIGN_NOT_COMPARED = Plant(
    changes=(
        Change(
            checks._amount_obstacle,
            "(applied.minor > 0) != (state.outstanding.minor > 0)",
            "(abs(applied).minor > 0) != (abs(state.outstanding).minor > 0)",
        ),
    )
)

# In a schedule hardly anybody touches an invoice in M3 within the seconds in which its chain is written.
INVOICE_NOT_READ_AGAIN = Plant(
    changes=(
        Change(
            posting_handover._second_thoughts,
            "None if unread & {key1} else _obstacle(tools, plan, states, history)",
            "None",
        ),
    )
)


def live_after_a_renaming() -> int:
    """Rename the connection while the first send is in doubt; give how often AvidXchange has the invoice then."""
    world = InvoiceWorld()
    world.payables.script("send_batch", Fault.TAKEN_LATE)
    (invoice,) = world.submit("INV-1")
    world.tools = replace(world.tools, rules=msgspec.structs.replace(world.rules, name="renamed"))
    world.store.polls.ensure(world.tools.connection, FLOWS)
    if world.tools.connection != world.rules.identity.id:
        world.confirm_supplier()  # who is another connection confirms its suppliers anew
    world.poll()
    world.work_through(LONG)
    return world.live(invoice)


def test_a_connection_that_is_renamed_sends_nothing_twice() -> None:
    assert live_after_a_renaming() == 1


def test_identity_by_connection_name_sends_an_invoice_twice() -> None:
    with planted(IDENTITY_BY_NAME):
        assert live_after_a_renaming() == 2


def steps_for_a_credit_paid_as_an_invoice() -> list[str]:
    """Let AvidXchange pay an invoice and, under the wrong sign, a credit memo; give the steps M3 is asked for."""
    world = PostingWorld()
    bill, credit = world.bill("INV-1"), world.bill("CM-2", -5_000)
    world.pay("77001", (bill, 100_000), (credit, 3_000))
    world.post()
    assert world.ledger.bookings == {}
    return world.wire()


def test_a_credit_that_was_paid_as_an_invoice_is_not_even_asked_of_m3() -> None:
    assert steps_for_a_credit_paid_as_an_invoice() == []


def test_a_credit_compared_without_its_sign_goes_out_to_m3() -> None:
    with planted(SIGN_NOT_COMPARED):
        assert steps_for_a_credit_paid_as_an_invoice() == ["AddBatchHead", "AddBatchLine", "CtrlBatch"]


def steps_for_an_invoice_that_is_stopped_behind_its_last_check() -> list[str]:
    """Set a payment stop while CtrlBatch is answered; give the steps M3 is asked for."""
    world = PostingWorld()
    bill = world.bill("INV-1")
    world.pay("77001", (bill, 100_000))
    world.ledger.after_step["CtrlBatch"] = lambda: setattr(bill, "stopped", True)
    world.post()
    return world.wire()


def test_an_invoice_that_was_stopped_meanwhile_is_not_handed_over() -> None:
    assert "UpdBatch" not in steps_for_an_invoice_that_is_stopped_behind_its_last_check()


def test_an_invoice_that_is_not_read_again_is_handed_over_all_the_same() -> None:
    with planted(INVOICE_NOT_READ_AGAIN):
        assert "UpdBatch" in steps_for_an_invoice_that_is_stopped_behind_its_last_check()
