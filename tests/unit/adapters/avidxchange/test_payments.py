"""Reading payments: exact, liberal, and never a card number."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from adapters.avidxchange.payments import looks_like_card_number, payment_id_of, read_payment
from adapters.avidxchange.settings import AvidSettings
from domain.errors import MalformedError
from domain.money import Money
from domain.payments.events import PaymentContent

CARD = "4111111111111111"
SETTINGS = AvidSettings(base_url="https://h")
REMITTANCE = {
    "InvoiceExternalId": "100|AAA|V1001|V1001|INV-77|2026",
    "InvoiceNumber": "INV-77",
    "Gross": 1600.00,
    "Discount": 30.00,
    "Net": 1570.00,
}
CREDIT = {**REMITTANCE, "InvoiceNumber": "CM-9", "Gross": -100.00, "Discount": 0.00, "Net": -100.00}
PAYMENT = {
    "PaymentId": "77001",
    "BatchId": "PB-9",
    "Status": {"Id": 14, "Description": "Issued to Supplier"},
    "PaymentMethod": {"Id": 1, "Description": "Check"},
    "Amount": 1470.00,
    "Currency": "USD",
    "PaymentDate": "2026-01-20",
    "SettledDate": "2026-01-21",
    "ClearedDate": None,
    "VendorExternalId": "100|V1001",
    "CheckNumber": "7700456",
    "AchTraceNumber": None,
    "VirtualCardLast4": None,
    "ReturnCode": None,
    "ReplacesPaymentId": None,
    "LastModifiedDate": "2026-01-21T09:12:44",
    "Remittances": [REMITTANCE, CREDIT],
}


def read(**changes: Any) -> PaymentContent:
    return read_payment(msgspec.Raw(json.dumps({**PAYMENT, **changes}).encode()), SETTINGS)


def ach(trace: Any) -> PaymentContent:
    return read(PaymentMethod={"Description": "ACH"}, CheckNumber=None, AchTraceNumber=trace)


def card(last4: Any, **changes: Any) -> PaymentContent:
    return read(
        PaymentMethod={"Description": "Virtual Card"}, VirtualCardLast4=last4, **{"CheckNumber": None, **changes}
    )


def test_a_payment_is_read_as_the_contract_shows_it() -> None:
    payment = read()
    assert (payment.payment_id, payment.status, payment.status_id, payment.standing) == (
        "77001", "Issued to Supplier", "14", "settled",
    )  # fmt: skip
    assert (payment.amount, payment.number, payment.method) == (Money(147_000), "7700456", "Check")
    assert (payment.settled_date, payment.cleared_date) == (date(2026, 1, 21), None)
    assert [one.net for one in payment.remittances] == [Money(157_000), Money(-10_000)]
    assert payment.problems == ()


def test_numbers_as_text_ids_as_numbers_and_dates_with_a_blank_are_read_alike() -> None:
    texts = {**REMITTANCE, "Gross": "1600.00", "Discount": "30.00", "Net": "1570"}
    payment = read(
        PaymentId=77001,
        Amount="1570.00",
        CheckNumber=7700456,
        LastModifiedDate="2026-01-21 09:12:44",
        SettledDate="2026-01-21 00:00:00",
        ClearedDate="",
        Remittances=texts,
        SomethingNew={"a": 1},
    )
    assert (payment.payment_id, payment.number, payment.amount) == ("77001", "7700456", Money(157_000))
    assert (payment.modified, payment.settled_date) == ("2026-01-21T09:12:44", date(2026, 1, 21))
    assert payment.problems == ()


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("Cleared", "settled"),
        ("ACH Credit Issued", "settled"),
        ("VCC Issued", "settled"),
        ("issued to supplier ", "settled"),
        ("Void", "reversed"),
        ("Returned", "reversed"),
        ("Held", "open"),
        ("VCC Processing", "open"),
        ("Under Partner Review", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_settings_say_where_a_status_stands(status: str, standing: str) -> None:
    assert read(Status={"Id": 1, "Description": status}).standing == standing
    assert read(Status=status).standing == standing


def test_an_unknown_method_is_a_problem_and_nothing_is_taken_as_its_number() -> None:
    payment = read(PaymentMethod={"Id": 9, "Description": "Wire"})
    assert (payment.method, payment.number, payment.problems) == ("Wire", "", ("METHOD_UNKNOWN",))


@pytest.mark.parametrize("trace", ["000000123456789", 123456789])
def test_the_leading_zeros_of_an_ach_trace_are_kept(trace: Any) -> None:
    assert ach(trace).number == "000000123456789"


@pytest.mark.parametrize("trace", ["12345", "1234567890123456", "12345678901234X"])
def test_a_trace_that_is_none_is_a_problem(trace: str) -> None:
    assert (ach(trace).number, ach(trace).problems) == ("", ("ACH_TRACE_MALFORMED",))


@pytest.mark.parametrize("number", ["1234567890123456", "77 00"])
def test_a_check_number_that_is_none_is_a_problem(number: str) -> None:
    assert (read(CheckNumber=number).number, read(CheckNumber=number).problems) == ("", ("CHECK_NUMBER_MALFORMED",))


def test_a_missing_number_is_no_problem_of_reading() -> None:
    assert read(CheckNumber=None).problems == ach(None).problems == ()


def test_a_card_has_no_number_but_its_last_four_digits() -> None:
    payment = card("0042")
    assert (payment.number, payment.card_last4, payment.card_number_dropped) == ("", "0042", False)
    assert card(42).card_last4 == "0042"


@pytest.mark.parametrize(
    "last4", [CARD, "4111 1111 1111 1111", int(CARD), "12345", "12", "****1111", "378282246310005"]
)
def test_what_is_not_four_digits_is_dropped_from_a_card_and_flagged(last4: Any) -> None:
    payment = card(last4)
    assert (payment.card_last4, payment.card_number_dropped, payment.problems) == ("", True, ())
    assert CARD not in repr(payment)


@pytest.mark.parametrize("field", ["CheckNumber", "AchTraceNumber"])
def test_a_card_number_in_any_field_of_a_card_payment_is_flagged_and_not_kept(field: str) -> None:
    payment = card("1111", **{field: CARD})
    assert (payment.card_number_dropped, payment.number) == (True, "")
    assert CARD not in repr(payment)


@pytest.mark.parametrize(
    ("value", "is_card"),
    [
        (CARD, True),
        ("4222222222222", True),
        ("6304000000000000000", True),
        ("6304000000000000001", False),
        ("4111111111111112", False),
        ("411111111111", False),
        ("7700456", False),
        ("", False),
    ],
)
def test_card_numbers_are_known_by_length_and_luhn(value: str, *, is_card: bool) -> None:
    assert looks_like_card_number(value) is is_card


def test_remittances_must_add_up() -> None:
    assert read(Amount=1470.01).problems == ("REMITTANCES_DO_NOT_SUM",)
    assert read(Remittances=[]).problems == ("REMITTANCES_DO_NOT_SUM",)
    assert read(Remittances=[{**REMITTANCE, "Discount": 29.0}, CREDIT]).problems == ("REMITTANCE_DOES_NOT_SUM",)


def test_a_null_among_the_remittances_is_none_of_them_and_the_sums_still_guard() -> None:
    assert read(Remittances=[None, REMITTANCE, CREDIT]).problems == ()
    assert read(Remittances=[None, REMITTANCE]).problems == ("REMITTANCES_DO_NOT_SUM",)
    assert read(Remittances=None).problems == ("REMITTANCES_DO_NOT_SUM",)


@pytest.mark.parametrize(
    "changes",
    [
        {"Amount": None},
        {"Amount": "much"},
        {"Amount": 1.005},
        {"Amount": 1e300},
        {"SettledDate": "soon"},
        {"Remittances": [{**REMITTANCE, "Net": None}]},
        {"Remittances": "none"},
        {"PaymentId": None},
        {"PaymentId": [1]},
        {"VirtualCardLast4": [CARD]},
    ],
)
def test_what_cannot_be_recorded_is_malformed_and_no_value_is_quoted(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        read(**changes)
    assert CARD not in str(caught.value)
    assert "much" not in str(caught.value)


def test_an_unreadable_payment_still_tells_its_id() -> None:
    assert payment_id_of(msgspec.Raw(b'{"PaymentId":7,"Amount":[]}')) == "7"
    assert payment_id_of(msgspec.Raw(b"[]")) == ""
