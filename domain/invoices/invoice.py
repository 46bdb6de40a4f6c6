"""An invoice, folded from its stream."""

from collections.abc import Iterable

from domain.event import Recorded
from domain.invoices.evolution import evolve
from domain.invoices.state import Attempt, Invoice, PostedPayment

__all__ = ["Attempt", "Invoice", "PostedPayment", "evolve", "fold"]


def fold(history: Iterable[Recorded]) -> Invoice:
    """Fold a history; an empty one gives an unknown invoice."""
    state = Invoice()
    for recorded in history:
        state = evolve(state, recorded)
    return state
