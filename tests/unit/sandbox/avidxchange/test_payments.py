"""Paying: money is conserved through settling, reversing, reissuing and every change a poll can meet."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.avidxchange.lifecycle import luhn_number
from sandbox.clock import chance
from tests.unit.sandbox.avidxchange.conftest import Account, Money, invoice, line, vendor

Opener = Callable[..., Account]


def property_manager(avid: Account, *, vendors: int = 4, invoices: int = 25) -> Account:
    """Submit invoices of several vendors and entities, with discounts and credit memos."""
    random = chance("bills", vendors, invoices)
    avid.put_codes("600100")
    for supplier in range(vendors):
        avid.put_vendors(vendor(f"100|V{supplier}"))
        batch = []
        for number in range(invoices):
            gross = Decimal(random.randint(10_000, 500_000)) / 100
            gross = -gross / 10 if number % 8 == 7 else gross
            gross = gross.quantize(Decimal("0.01"))
            entity = random.choice(("AAA", "BBB", "CCC"))
            discount = (gross / 50).quantize(Decimal("0.01")) if number % 5 == 0 and gross > 0 else Decimal(0)
            batch.append(
                invoice(
                    f"S{supplier}N{number}",
                    str(gross),
                    ExternalId=f"100|{entity}|V{supplier}|V{supplier}|S{supplier}N{number}|2026",
                    VendorExternalId=f"100|V{supplier}",
                    EntityCode=entity,
                    DiscountAmount=Money(f"{discount:.2f}"),
                    Lines=[line(str(gross))],
                    Image=None,
                )
            )
        assert all(one["Successful"] for one in avid.post(*batch, batch=f"TO-{supplier}"))
    avid.later(5)
    return avid


def conserve_money(account: Any, *, odd_legs: bool = False) -> None:
    """Nets make the amount; each invoice is paid at most once; each entity's part stays above zero."""
    gross = {one["external_id"]: Decimal(one["gross"]) for one in account["invoices"]}
    applied: dict[str, Decimal] = defaultdict(Decimal)
    for payment in account["payments"]:
        legs: dict[str, Decimal] = defaultdict(Decimal)
        for one in payment["remittances"]:
            assert Decimal(one["gross"]) - Decimal(one["discount"]) == Decimal(one["net"])
            legs[one["entity"]] += Decimal(one["net"])
            if payment["status"] not in ("Void", "Stopped", "Refunded", "Returned"):
                applied[one["invoice_external_id"]] += Decimal(one["gross"])
        assert sum(legs.values()) == Decimal(payment["amount"]) > 0
        assert odd_legs or all(net > 0 for net in legs.values())
    for external_id, amount in applied.items():
        assert abs(amount) <= abs(gross[external_id])
        assert amount * gross[external_id] >= 0


@pytest.mark.parametrize("seed", range(5))
def test_settling_conserves_money_and_mixes_all_that_the_contract_names(open_account: Opener, seed: int) -> None:
    avid = property_manager(open_account())
    outcome = avid.control("settle", seed=seed)
    account = avid.account()
    conserve_money(account)
    payments = account["payments"]
    assert outcome["payments"] == len(payments)
    assert sum(Decimal(one["amount"]) for one in payments) == Decimal(outcome["amount"])
    assert {one["method"] for one in payments} == {"Check", "ACH", "Virtual Card"}
    assert {len(one["remittances"]) for one in payments} >= {1, 2, 3, 4}
    assert any(len({one["entity"] for one in pay["remittances"]}) > 1 for pay in payments)
    assert outcome["credits_netted"] > 0
    assert outcome["partial_invoices"] > 0
    assert any(Decimal(one["discount"]) > 0 for pay in payments for one in pay["remittances"])
    assert outcome["settled"] > outcome["unsettled"] > 0


def test_odd_legs_let_an_entitys_part_fall_below_zero_but_never_the_payment(open_account: Opener) -> None:
    avid = property_manager(open_account())
    avid.control("settle", odd_legs=True)
    conserve_money(avid.account(), odd_legs=True)


def test_settling_again_pays_nothing_twice(open_account: Opener) -> None:
    avid = property_manager(open_account())
    avid.control("settle", share=0.5)
    first = len(avid.account()["payments"])
    avid.control("settle", seed=2)
    again = avid.control("settle", seed=3)
    assert (again["payments"], again["invoices"]) == (0, 0)
    assert len(avid.account()["payments"]) > first
    conserve_money(avid.account())


def test_a_settled_payment_has_its_number_and_dates_and_a_held_one_has_not(open_account: Opener) -> None:
    avid = property_manager(open_account())
    avid.control("settle", unsettled_share=0.3)
    for payment in avid.account()["payments"]:
        number = {
            "Check": payment["check_number"],
            "ACH": payment["ach_trace"],
            "Virtual Card": payment["card_last4"],
        }
        if payment["settled"]:
            assert payment["settled_date"]
            assert number[payment["method"]]
        else:
            assert payment["status"] in ("Processing", "Held", "Pending Approval")
            assert set(number.values()) == {None}


def test_processing_payments_go_on_with_the_clock_and_held_ones_wait_to_be_released(
    open_account: Opener,
) -> None:
    avid = property_manager(open_account())
    avid.control("settle", unsettled_share=0.5)
    avid.control("advance", seconds=90_000)
    left = [one for one in avid.account()["payments"] if not one["settled"]]
    assert left
    assert {one["status"] for one in left} == {"Held"}
    released = avid.control("release", count=99)["payment_ids"]
    assert sorted(released) == sorted(one["payment_id"] for one in left)
    assert all(one["settled"] and one["settled_date"] for one in avid.account()["payments"])


def test_payments_pass_every_stage_one_by_one_when_they_are_given_time(open_account: Opener) -> None:
    avid = property_manager(open_account(), vendors=1)
    avid.control("settle", step_seconds=10, unsettled_share=0)
    seen: dict[str, list[str]] = {}
    for _ in range(8):
        avid.control("advance", seconds=10)
        for payment in avid.account()["payments"]:
            seen.setdefault(payment["payment_id"], []).append(payment["status"])
    checks = [
        one["payment_id"]
        for one in avid.account()["payments"]
        if one["method"] == "Check" and one["status"] == "Issued to Supplier"
    ]
    assert seen[checks[0]][:5] == [
        "Processing",
        "Debit Requested",
        "Funds Received",
        "Sent to Check Printer",
        "Issued to Supplier",
    ]
    history = avid.call("GET", f"/v1/payments/{checks[0]}/paymenthistory").json()
    assert [one["Description"] for one in history][:2] == ["Pending Approval", "Processing"]


def test_a_settled_date_may_come_later(open_account: Opener) -> None:
    avid = property_manager(open_account(), vendors=1)
    avid.control("settle", undated_share=1.0, unsettled_share=0)
    assert {one["settled_date"] for one in avid.account()["payments"]} == {None}
    avid.later(3601)
    assert None not in {one["settled_date"] for one in avid.account()["payments"]}


def test_a_reversed_payments_invoices_are_owed_again_and_a_reissue_replaces_it(open_account: Opener) -> None:
    avid = property_manager(open_account())
    avid.control("settle", unsettled_share=0)
    (returned,) = avid.control("reverse", kind="Returned")["payment_ids"]
    (item,) = avid.items("/v1/payments", paymentIds=returned)
    assert item["Status"]["Description"] == "Returned"
    assert item["ReturnCode"].startswith("R")
    (again,) = avid.control("reissue", payment_ids=[returned])["payment_ids"]
    (new,) = avid.items("/v1/payments", paymentIds=again)
    assert (new["ReplacesPaymentId"], new["Amount"]) == (returned, item["Amount"])
    assert avid.control("reissue")["payment_ids"] == []
    conserve_money(avid.account())


def test_cleared_unknown_and_changed_payments_are_as_asked_for(open_account: Opener) -> None:
    avid = property_manager(open_account())
    avid.control("settle", unsettled_share=0.4)
    (cleared,) = avid.control("cleared")["payment_ids"]
    assert avid.items("/v1/payments", paymentIds=cleared)[0]["ClearedDate"]
    (unknown,) = avid.control("unknown-status")["payment_ids"]
    status = avid.items("/v1/payments", paymentIds=unknown)[0]["Status"]
    assert status == {"Id": 99, "Description": "Under Partner Review"}
    (wired,) = avid.control("unknown-method", seed=5)["payment_ids"]
    assert avid.items("/v1/payments", paymentIds=wired)[0]["PaymentMethod"]["Description"] == "Wire"
    (changed,) = avid.control("change-method", kind="Check")["payment_ids"]
    (item,) = avid.items("/v1/payments", paymentIds=changed)
    assert item["PaymentMethod"] == {"Id": 1, "Description": "Check"}
    assert item["VirtualCardLast4"] is None
    (stranger,) = avid.control("strangers")["payment_ids"]
    (item,) = avid.items("/v1/payments", paymentIds=stranger)
    assert item["Remittances"][0]["InvoiceExternalId"].startswith("100|AAA|V0|V0|STRANGER-")
    assert avid.call("POST", "/control/avidxchange/reverse", body={"kind": "Lost"}).status_code == 400
    assert avid.call("POST", "/control/avidxchange/settle", body={"shares": 1}).status_code == 400


def test_a_leaked_card_number_passes_the_luhn_check(open_account: Opener) -> None:
    avid = property_manager(open_account())
    assert avid.control("settle", card_numbers=1)["card_numbers"] == 1
    leaked = [one["card_last4"] for one in avid.account()["payments"] if len(one["card_last4"] or "") > 4]
    assert len(leaked) == 1
    for number in (*leaked, luhn_number(chance("card"))):
        digits = [int(digit) for digit in reversed(number)]
        total = sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
        assert (len(number), total % 10) == (16, 0)


def test_payments_are_listed_by_change_in_stable_pages_and_by_invoice(open_account: Opener) -> None:
    avid = property_manager(open_account())
    avid.control("settle")
    today = avid.clock.now().date().isoformat()
    avid.later(1)
    avid.control("cleared", count=3)
    ids = []
    page = 1
    while True:
        params = {"lastModifiedFrom": today, "pageSize": "7", "pageNumber": str(page)}
        body = avid.call("GET", "/v1/payments", params=params).json()
        ids += [(item["LastModifiedDate"], item["PaymentId"]) for item in body["Items"]]
        if page == body["Paging"]["Pages"]:
            break
        page += 1
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids) == len(avid.account()["payments"])
    (item,) = avid.items("/v1/payments", paymentIds=ids[0][1])
    key = item["Remittances"][0]["InvoiceExternalId"]
    assert ids[0][1] in [one["PaymentId"] for one in avid.items("/v1/payments", invoiceExternalIds=key)]
