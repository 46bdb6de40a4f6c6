"""What must hold in Infor before a posting's first byte goes out, and again just before its handover."""

from collections.abc import Mapping

import msgspec

from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.money import Money
from domain.postings.events import PostingLine, PostingPlan

PROPOSED = 1
NOT_STANDING = "NOT_STANDING"  # a person's word lets a reversal past it, once for all


class Obstacle(msgspec.Struct, frozen=True):
    """Why a posting may not go out: a word and a sentence."""

    reason: str
    detail: str

    def with_batch(self, key1: str) -> "Obstacle":
        """Say of what is not to be booked after all that its batch was begun: whoever finds it there might post it."""
        if self.reason != NOT_STANDING:
            return self
        return Obstacle(self.reason, f"{self.detail}; of a voucher taken back already delete KEY1 {key1} in GLS840")


def find_obstacle(
    plan: PostingPlan,
    states: Mapping[InvoiceKey, LedgerState | None],
    currency: str,
    booked: Mapping[InvoiceKey, Money],
) -> Obstacle | None:
    """Check every line against the ledger: open, not stopped, not proposed, same sign, within what is outstanding.

    A reversal only needs to find standing what it takes back. booked: the nets of our postings that stand, by invoice.
    """
    for line in plan.lines:
        state = states.get(line.invoice)
        obstacle = (
            _standing_obstacle(line, state, booked.get(line.invoice))
            if plan.kind == "R"
            else _line_obstacle(line, state, currency)
        )
        if obstacle is not None:
            return obstacle
    return None


def _standing_obstacle(line: PostingLine, state: LedgerState | None, booked: Money | None) -> Obstacle | None:
    """Say whether M3 took less off than our vouchers did: one of them was taken back there, by whom nobody told us."""
    if state is None or booked is None or booked.currency != state.gross.currency:
        return None
    sign = -1 if state.gross.minor < 0 else 1
    shown = max(sign * (state.gross.minor - state.outstanding.minor), sign * state.paid.minor)
    if shown >= sign * booked.minor:
        return None
    detail = (
        f"invoice {line.invoice.external_id} shows {Money(sign * shown, booked.currency)} taken off in Infor, and"
        f" {booked} was posted: if the voucher was taken back there already, say so with its reversal's number"
        " (`tieout issue resolve ISSUE --voucher V`), else retry"
    )
    return Obstacle(NOT_STANDING, detail)


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
