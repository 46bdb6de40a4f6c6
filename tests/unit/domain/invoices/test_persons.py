"""What people order for an invoice."""

import pytest

from domain.errors import RefusedError
from domain.event import Event
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.persons import decide_doubt_resolution, decide_release, decide_resubmission
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, invoice

LIVE = (f.approved(), f.started(), f.submitted())
DOUBTED = (f.approved(), f.started(), f.doubted())


@pytest.mark.parametrize(
    ("history", "ignored"),
    [
        ((*LIVE, f.rejected()), ("500123",)),
        ((*LIVE, f.rejected("Void")), ("500123",)),
        ((f.approved(), f.started(), f.refused()), ()),
        ((f.approved(), f.different()), ()),
        ((f.approved(), f.held()), ()),
    ],
)
def test_what_is_not_at_avidxchange_may_be_ordered_again(history: tuple[Event, ...], ignored: tuple[str, ...]) -> None:
    outcome = invoice(*history).when(lambda state: decide_resubmission(state, person="ann", reason="mended"))
    outcome.then([s.InvoiceResubmissionOrdered(person="ann", reason="mended", ignore_ids=ignored)])
    assert (outcome.state.phase, outcome.state.ignored_ids) == ("waiting", frozenset(ignored))


@pytest.mark.parametrize(
    ("history", "code"),
    [
        (LIVE, "LIVE"),
        ((*LIVE, f.twice()), "TWICE"),
        (DOUBTED, "IN_DOUBT"),
        ((), "NOTHING_TO_SEND"),
        ((f.not_eligible(),), "NOTHING_TO_SEND"),
        ((f.approved(), f.WITHDRAWN), "NOTHING_TO_SEND"),
    ],
)
def test_an_order_that_could_double_is_refused(history: tuple[Event, ...], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        decide_resubmission(f.state_of(history), person="ann", reason="again")
    assert refused.value.code == code


@pytest.mark.parametrize(("resolution", "phase"), [("posted", "submitted"), ("absent", "waiting")])
@pytest.mark.parametrize("invoice_id", ["500123", ""])
def test_a_person_settles_a_doubt(resolution: str, phase: str, invoice_id: str) -> None:
    outcome = invoice(*DOUBTED).when(
        lambda state: decide_doubt_resolution(
            state, resolution=resolution, person="ann", reason="seen", avid_invoice_id=invoice_id
        )
    )
    assert (outcome.state.phase, outcome.state.live) == (phase, phase == "submitted")


@pytest.mark.parametrize(
    ("history", "resolution", "code"),
    [(DOUBTED, "posted-by-hand", "RESOLUTION"), (LIVE, "posted", "NOT_IN_DOUBT")],
)
def test_there_must_be_a_doubt_and_a_word_that_settles_it(
    history: tuple[Event, ...], resolution: str, code: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        decide_doubt_resolution(f.state_of(history), resolution=resolution, person="ann", reason="seen")
    assert refused.value.code == code


def test_a_held_invoice_may_try_its_gate_again() -> None:
    outcome = invoice(f.approved(), f.held()).when(lambda state: decide_release(state, person="ann", reason="go"))
    outcome.then([e.InvoiceReleased(key=KEY, why="ann: go")])
    assert outcome.state.phase == "waiting"
    with pytest.raises(RefusedError, match="not held"):
        decide_release(f.state_of(LIVE), person="ann", reason="go")
