"""What must hold in Infor before a posting's first byte goes out, and again just before its handover."""

from collections.abc import Mapping

import msgspec

from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.postings.events import PostingLine, PostingPlan

PROPOSED = 1


class Obstacle(msgspec.Struct, frozen=True):
    """Why a posting may not go out: a word and a sentence."""

    reason: str
    detail: str


def find_obstacle(plan: PostingPlan, states: Mapping[InvoiceKey, LedgerState | None], currency: str) -> Obstacle | None:
    """Check every line against the ledger: open, not stopped, not proposed, same sign, within what is outstanding.

    A reversal is not checked: what it reverses lowered the balance before.
    """
    if plan.kind == "R":
        return None
    for line in plan.lines:
        obstacle = _line_obstacle(line, states.get(line.invoice), currency)
        if obstacle is not None:
            return obstacle
    return None


def _line_obstacle(line: PostingLine, state: LedgerState | None, currency: str) -> Obstacle | None:
    name = line.invoice.external_id
    if state is None:
        return Obstacle("INVOICE_GONE", f"Infor does not know invoice {name}")
    if state.outstanding.currency != currency:
        return Obstacle("CURRENCY", f"invoice {name} is in {state.outstanding.currency}")
    if state.outstanding.is_zero:
        return Obstacle("NOT_OPEN", f"invoice {name} has nothing outstanding in Infor: was it paid there?")
    if state.stopped:
        return Obstacle("PAYMENT_STOP", f"invoice {name} has a payment stop in Infor")
    if state.payment_status == PROPOSED:
        return Obstacle("IN_M3_PROPOSAL", f"invoice {name} is in a payment proposal in M3")
    return _amount_obstacle(line, state, name)


def _amount_obstacle(line: PostingLine, state: LedgerState, name: str) -> Obstacle | None:
    applied = line.net + line.discount
    if not applied.is_zero and (applied.minor > 0) != (state.outstanding.minor > 0):
        return Obstacle("SIGN", f"{applied} was paid on invoice {name}, of which {state.outstanding} is outstanding")
    if abs(applied) > abs(state.outstanding):
        return Obstacle(
            "EXCEEDS_OUTSTANDING", f"{applied} was paid on invoice {name}, only {state.outstanding} is outstanding"
        )
    if abs(line.discount) > abs(state.discount):
        return Obstacle(
            "DISCOUNT", f"a discount of {line.discount} was taken on invoice {name}, Infor allows {state.discount}"
        )
    return None
