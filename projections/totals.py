"""Totals: the counts and sums of a connection that scripts rely on; every seen record is in exactly one state."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.money import Money, total
from domain.ports.projections import ProjectionStore
from projections import invoices, issues, ledger_codes, payments, suppliers
from projections.payments import PaymentView

LIVE = ("submitted", "closed")


def totals(store: ProjectionStore, connection: UUID, *, currency: str = "USD") -> dict[str, Any]:
    """Give the blocks suppliers, ledger_codes, invoices, payments, issues and money (texts, in `currency`)."""
    paid = payments.listed(store, connection)
    states = Counter(view.state for view in paid)
    tallies = {name: store.tally(name, connection=connection) for name in ("suppliers", "ledger_codes", "invoices")}
    counts = {name: {state: tally.count for state, tally in found.items()} for name, found in tallies.items()}
    submitted = sum(tally.amount for state, tally in tallies["invoices"].items() if state in LIVE)
    return {
        "suppliers": block(counts["suppliers"], suppliers.STATES),
        "ledger_codes": block(counts["ledger_codes"], ledger_codes.STATES),
        "invoices": block(counts["invoices"], invoices.STATES),
        "payments": block(states, payments.STATES),
        "issues": {"open": len(issues.listed(store, connection))},
        "money": {
            "submitted": str(Money(submitted, currency)),
            "settled": str(settled_money(paid, currency)),
            "posted": str(posted_money(paid, currency)),
            "currency": currency,
        },
    }


def block(counts: Mapping[str, int], states: Iterable[str]) -> dict[str, int]:
    """Give one block: `seen`, then every state; a record in no state was never seen in Infor."""
    found = {state: counts.get(state, 0) for state in states}
    return {"seen": sum(found.values()), **found}


def settled_money(paid: Iterable[PaymentView], currency: str) -> Money:
    """Add up what settled payments paid, reversed and ignored ones left out."""
    standing = (view for view in paid if view.state != "not_settled" and not view.payment.folded.is_reversed)
    amounts = (view.payment.settled for view in standing)
    return total((a for a in amounts if a is not None and a.currency == currency), currency)


def posted_money(paid: Iterable[PaymentView], currency: str) -> Money:
    """Add up what Infor booked, reversals taken back: the nets of a reversal posting carry the other sign."""
    nets = (
        posting.net
        for view in paid
        for posting in view.postings
        if posting.state == "posted" and posting.key1 not in _taken_back_by_hand(view)
    )
    return total((net for net in nets if net.currency == currency), currency)


def _taken_back_by_hand(view: PaymentView) -> tuple[str, ...]:
    """KEY1s of what a person took back in M3, and said so."""
    paid = view.payment.folded
    return paid.reversal.tasks if paid.by_hand and paid.reversal is not None else ()
