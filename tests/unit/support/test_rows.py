"""Rows of two deployments are compared up to the order between payments, and in all else as they stand."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.invoices.state import Invoice, PostedPayment
from domain.money import Money
from projections.invoices import InvoiceRow
from tests.support.rows import said

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def payment(posting: str, minor: int = 100, *, reversal: bool = False) -> PostedPayment:
    return PostedPayment(posting=posting, net=Money(minor), discount=Money(0), ledger_row="", reversal=reversal)


def row(*posted: PostedPayment) -> Any:
    return said(InvoiceRow(stream=UUID(int=1), seen_at=NOW, updated_at=NOW, folded=Invoice(posted=posted)))


def test_two_payments_of_an_invoice_come_in_any_order() -> None:
    assert row(payment("TA"), payment("TB", 200)) == row(payment("TB", 200), payment("TA"))


def test_a_payment_that_differs_or_is_missing_is_noticed() -> None:
    assert row(payment("TA"), payment("TB", 200)) != row(payment("TA"), payment("TB", 201))
    assert row(payment("TA"), payment("TB", 200)) != row(payment("TA"))


def test_what_is_taken_back_before_it_was_posted_is_noticed() -> None:
    posted, back = payment("TA"), payment("RA", reversal=True)
    assert row(posted, back) != row(back, posted)
