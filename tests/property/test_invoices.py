"""Invoices: whatever Infor, AvidXchange and people do, a life can be folded, and nothing is sent that may be there."""

from hypothesis import given, settings

from domain.invoices.evolution import evolve
from domain.invoices.invoice import fold
from domain.invoices.state import PHASES
from domain.invoices.submission_events import InvoiceSubmissionStarted, InvoiceSubmitted
from tests.property.invoice_life import InvoiceLife
from tests.property.lives import Act, acts


def live(drawn: list[Act]) -> InvoiceLife:
    """Let it all happen."""
    world = InvoiceLife()
    for name, variation in drawn:
        getattr(world, name)(variation)
    return world


@settings(max_examples=400, deadline=None)
@given(acts(InvoiceLife))
def test_whatever_happens_to_an_invoice_it_can_be_folded_and_is_never_sent_while_it_may_be_there(
    drawn: list[Act],
) -> None:
    world = live(drawn)
    history, states = world.life.history, world.life.states
    for version, (before, entry, after) in enumerate(zip(states, history, states[1:], strict=False), start=1):
        assert evolve(before, entry) == after
        assert after.version == version
        assert after.phase in {"", *PHASES.values()}
        assert not (after.live and after.stage in ("waiting", "sending")), "live and about to be sent"
    started = [one.event for one in history if isinstance(one.event, InvoiceSubmissionStarted)]
    assert [intent.attempt for intent in started] == list(range(1, len(started) + 1))
    assert fold(history) == world.state


def test_a_life_can_go_all_the_way() -> None:
    world = live([("read", 0), ("image", 0), ("send", 0), ("answer", 0), ("pay", 0), ("paid", 0), ("close", 0)])
    assert [type(one.event).__name__ for one in world.life.history] == [
        "InvoiceApproved",
        "InvoiceImageFetched",
        "InvoiceSubmissionStarted",
        "InvoiceSubmitted",
        "InvoicePaymentStarted",
        "InvoicePaymentPosted",
        "InvoiceClosed",
    ]
    assert isinstance(world.life.history[3].event, InvoiceSubmitted)
    assert world.state.closed
