from typing import Any

import msgspec
import pytest

from domain.invoices.content import LedgerState
from domain.money import Money
from domain.postings.checks import find_obstacle
from domain.postings.evidence import booked_by_others, find_evidence, find_traces
from tests.support.payments_world import CM_9, INV_77, invoice_key, plan, row, usd

KEY = invoice_key(INV_77)
NONE: frozenset[str] = frozenset()


def ledger(**changes: Any) -> LedgerState:
    base = LedgerState(
        gross=usd("1600.00"),
        paid=usd("0"),
        outstanding=usd("1600.00"),
        discount=usd("30.00"),
        approved=True,
        stopped=False,
        payment_status=0,
        reconciled=False,
    )
    return msgspec.structs.replace(base, **changes)


def obstacle(state: LedgerState | None, *lines: tuple[str, str, str], kind: str = "T") -> str:
    found = find_obstacle(plan(*lines, kind=kind), {KEY: state}, "USD", {})
    return found.reason if found else ""


def test_a_row_with_our_text_and_amount_proves_the_posting() -> None:
    assert find_evidence(plan(), {KEY: (row(),)}, NONE) == (row(),)


def test_a_row_of_the_opposite_sign_is_compared_by_its_absolute_amount() -> None:
    assert find_evidence(plan(), {KEY: (row(amount="-1570.00"),)}, NONE)


@pytest.mark.parametrize(
    "other",
    [row(text="770011 INV-77"), row(text="INV-77"), row(amount="1569.99")],
)
def test_a_row_of_another_payment_or_amount_proves_nothing(other: Any) -> None:
    assert find_evidence(plan(), {KEY: (other,)}, NONE) is None


def test_no_row_is_no_proof() -> None:
    assert find_evidence(plan(), {}, NONE) is None


def test_a_row_proves_one_posting_only() -> None:
    assert find_evidence(plan(), {KEY: (row(),)}, frozenset({row().ledger_row})) is None


def test_two_lines_need_two_rows() -> None:
    both = plan((INV_77, "1570.00", "30.00"), (CM_9, "-100.00", "0"))
    rows = {KEY: (row(),), invoice_key(CM_9): (row(CM_9, "100.00", ledger_row="100|AAA|2026|900|2"),)}
    assert find_evidence(both, rows, NONE) is not None
    assert find_evidence(both, {KEY: (row(),)}, NONE) is None


def test_a_row_with_our_text_is_a_trace_whatever_its_amount_unless_it_proves_another_posting() -> None:
    corrected = row(amount="9.00")
    both = plan((INV_77, "1570.00", "30.00"), (CM_9, "-100.00", "0"))
    assert find_traces(both, {KEY: (corrected, row(text="check 1"))}, NONE) == (corrected,)
    assert find_traces(both, {KEY: (corrected,)}, frozenset({corrected.ledger_row})) == ()
    assert find_traces(both, {}, NONE) == ()


def test_a_row_of_the_amount_is_anothers_unless_its_text_is_of_a_payment_of_ours() -> None:
    by_hand = row(text="check 7700456")
    assert booked_by_others(plan(), {KEY: (by_hand, row(text="77000 INV-77"), row())}, NONE) == (by_hand,)
    assert booked_by_others(plan(), {KEY: (row(text="check 1", amount="1.00"),)}, NONE) == ()
    assert booked_by_others(plan(), {KEY: (by_hand,)}, frozenset({by_hand.ledger_row})) == ()
    assert booked_by_others(plan(), {}, NONE) == ()


def test_an_open_invoice_may_be_paid() -> None:
    assert obstacle(ledger()) == ""


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, "INVOICE_GONE"),
        (ledger(outstanding=usd("0")), "NOT_OPEN"),
        (ledger(stopped=True), "PAYMENT_STOP"),
        (ledger(payment_status=1), "IN_M3_PROPOSAL"),
        (ledger(outstanding=usd("-1600.00")), "SIGN"),
        (ledger(outstanding=usd("1599.99")), "EXCEEDS_OUTSTANDING"),
        (ledger(discount=usd("29.99")), "DISCOUNT"),
    ],
)
def test_what_stands_in_the_way_has_a_name(state: LedgerState | None, reason: str) -> None:
    assert obstacle(state) == reason


def test_an_invoice_in_another_currency_is_not_paid() -> None:
    foreign = ledger(outstanding=msgspec.structs.replace(usd("1600.00"), currency="EUR"))
    assert obstacle(foreign) == "CURRENCY"


def test_a_credit_memo_is_netted_with_its_own_sign() -> None:
    credit = ledger(outstanding=usd("-100.00"), discount=usd("0"))
    assert obstacle(credit, (INV_77, "-100.00", "0")) == ""
    assert obstacle(credit, (INV_77, "100.00", "0")) == "SIGN"


def test_a_line_of_nothing_stands_in_nobodys_way() -> None:
    assert obstacle(ledger(), (INV_77, "0", "0")) == ""


def test_a_reversal_is_not_checked_against_the_balance_it_lowered() -> None:
    assert obstacle(None, kind="R") == ""


@pytest.mark.parametrize(
    ("shown", "booked", "reason"),
    [
        ({"paid": usd("1570.00"), "outstanding": usd("30.00")}, "1570.00", ""),  # M3 wrote no discount off
        ({"paid": usd("1600.00"), "outstanding": usd("0")}, "1570.00", ""),
        ({"outstanding": usd("30.00")}, "1570.00", ""),  # PCUA may lag behind OCUA, or OCUA behind PCUA
        ({"paid": usd("1570.00")}, "1570.00", ""),
        ({"paid": usd("100.00"), "outstanding": usd("1500.00")}, "1670.00", "NOT_STANDING"),
        ({}, "1570.00", "NOT_STANDING"),
        ({"gross": Money(160_000, "EUR")}, "1570.00", ""),
    ],
)
def test_a_reversal_needs_to_find_standing_what_it_takes_back(shown: dict[str, Any], booked: str, reason: str) -> None:
    found = find_obstacle(plan(kind="R"), {KEY: ledger(**shown)}, "USD", {KEY: usd(booked)})
    assert (found.reason if found else "") == reason


def test_the_reversal_of_a_credit_is_judged_by_its_own_sign() -> None:
    memo = ledger(gross=usd("-100.00"), outstanding=usd("-100.00"))
    back = plan((INV_77, "100.00", "0"), kind="R")
    found = find_obstacle(back, {KEY: memo}, "USD", {KEY: usd("-100.00")})
    assert found is not None
    assert "shows 0.00 taken off in Infor, and -100.00 was posted" in found.detail
    applied = msgspec.structs.replace(memo, paid=usd("-100.00"), outstanding=usd("0"))
    assert find_obstacle(back, {KEY: applied}, "USD", {KEY: usd("-100.00")}) is None


def test_a_reversal_of_what_infor_or_the_log_does_not_know_is_left_to_infor() -> None:
    assert find_obstacle(plan(kind="R"), {KEY: None}, "USD", {KEY: usd("1.00")}) is None
    assert find_obstacle(plan(kind="R"), {KEY: ledger()}, "USD", {}) is None
