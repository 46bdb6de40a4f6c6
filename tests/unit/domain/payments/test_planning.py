from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain import keys
from domain.event import Event
from domain.payments import events as e
from domain.payments.payment import Payment, fold
from domain.payments.planning import InvoiceStanding, Plan, Replaced, decide_plan
from domain.postings import events as p
from domain.postings.posting import Posting
from domain.postings.posting import fold as fold_posting
from tests.support.payments_world import (
    CM_9,
    INV_77,
    NOW,
    OTHER_DIVISION,
    TODAY,
    payment,
    plan,
    recorded,
    remittance,
    rules,
    usd,
)

LIVE = InvoiceStanding(live=True)
STRANGE = InvoiceStanding(live=False, seen=False)


def gate(
    content: e.PaymentContent,
    *more: Event,
    invoices: dict[str, InvoiceStanding] | None = None,
    replaced: Replaced | None = None,
    went_back_at: datetime | None = None,
    unsure_before: datetime | None = None,
    postings: dict[str, Posting] | None = None,
    unsought: bool = False,
    **settings: Any,
) -> Plan:
    state = fold(recorded([e.PaymentSettled(content=content), *more]))
    standings = {r.invoice_external_id: LIVE for r in content.remittances} | (invoices or {})
    return decide_plan(
        state,
        invoices=standings,
        replaced=replaced,
        rules=rules(**settings),
        today=TODAY,
        went_back_at=went_back_at,
        unsure_before=unsure_before or went_back_at,
        postings=postings or {},
        unsought=unsought,
    )


def held(result: Plan) -> e.PaymentHeld:
    (fact,) = result.payment
    assert isinstance(fact, e.PaymentHeld)
    return fact


def plans(result: Plan) -> list[p.PostingPlan]:
    return [new for new, _ in result.postings]


def posting(*events: Event) -> Posting:
    return fold_posting(recorded([p.PostingPlanned(plan=plan()), *events]))


def test_a_check_over_one_invoice_becomes_one_posting() -> None:
    (made,) = plans(gate(payment()))
    assert made.division == "AAA"
    assert made.number == "7700456"
    assert [(line.line, line.net, line.discount) for line in made.lines] == [(1, usd("1570.00"), usd("30.00"))]
    assert made.key1.startswith("T")
    assert len(made.key1) == 15


def test_the_same_payment_always_gets_the_same_key() -> None:
    assert plans(gate(payment()))[0].key1 == plans(gate(payment()))[0].key1


def test_a_payment_over_two_divisions_becomes_two_postings() -> None:
    result = gate(payment(remittance(), remittance(OTHER_DIVISION, "10.00", "0")))
    assert [made.division for made in plans(result)] == ["AAA", "BBB"]
    (fact,) = result.payment
    assert isinstance(fact, e.PaymentPostingsPlanned)
    assert [leg.net for leg in fact.legs] == [usd("1570.00"), usd("10.00")]


def test_remittances_of_one_invoice_in_one_payment_are_one_line() -> None:
    result = gate(payment(remittance(net="1000.00", discount="0"), remittance(net="570.00", discount="30.00")))
    (made,) = plans(result)
    assert [(line.net, line.discount) for line in made.lines] == [(usd("1570.00"), usd("30.00"))]


def test_a_credit_memo_is_netted_in_its_division() -> None:
    result = gate(payment(remittance(), remittance(CM_9, "-100.00", "0")))
    (made,) = plans(result)
    assert sum(line.net.minor for line in made.lines) == 147000


def test_a_leg_that_nets_to_nothing_goes_to_a_person() -> None:
    both = (remittance(CM_9, "-100.00", "0"), remittance(OTHER_DIVISION, "150.00", "0"))
    result = gate(payment(*both))
    reasons = {new.division: facts[1:] for new, facts in result.postings}
    assert reasons["BBB"] == ()
    (fact,) = reasons["AAA"]
    assert isinstance(fact, p.PostingHeld)
    assert fact.reason == "LEG_NOT_POSITIVE"


def test_a_card_payment_needs_no_number() -> None:
    (made,) = plans(gate(payment(method="Virtual Card", number="", card_last4="4242")))
    assert made.number == "77001"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("settled", date(2026, 1, 21)), ("payment", date(2026, 1, 20)), ("today", TODAY)],
)
def test_the_accounting_date_follows_the_setting(setting: str, expected: date) -> None:
    (made,) = plans(gate(payment(), accounting_date=setting))
    assert made.accounting_date == expected


def test_without_a_payment_date_the_settled_date_stands_in() -> None:
    (made,) = plans(gate(payment(payment_date=None)))
    assert made.payment_date == date(2026, 1, 21)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (payment(number=""), "NUMBER_MISSING"),
        (payment(settled_date=None), "SETTLED_DATE_MISSING"),
        (payment(amount=usd("1.00")), "REMITTANCES_DO_NOT_SUM"),
        (payment(problems=("NET_AND_DISCOUNT",)), "NET_AND_DISCOUNT"),
    ],
)
def test_a_payment_that_is_not_complete_is_held_for_a_person(content: e.PaymentContent, reason: str) -> None:
    fact = held(gate(content))
    assert (fact.reason, fact.waits_for) == (reason, None)


def test_a_number_that_is_none_is_held_with_its_limit() -> None:
    assert "over 15 characters" in held(gate(payment(number="", problems=("CHECK_NUMBER_MALFORMED",)))).detail
    both = held(gate(payment(problems=("ACH_TRACE_MALFORMED", "ODD"))))
    assert both.detail == "its AchTraceNumber is not exactly 15 digits; the payment contradicts itself: ODD"


def test_a_payment_in_another_currency_is_held() -> None:
    assert held(gate(payment(), currency="CAD")).reason == "CURRENCY"


def test_a_payment_for_an_unknown_invoice_is_held_until_it_is_known() -> None:
    fact = held(gate(payment(), invoices={INV_77: InvoiceStanding(live=False)}))
    assert (fact.reason, fact.waits_for) == ("UNKNOWN_INVOICE", keys.invoice(INV_77))


def test_an_invoice_that_a_restored_store_forgot_is_called_so() -> None:
    forgotten = held(gate(payment(), invoices={INV_77: InvoiceStanding(live=False, forgotten=True)}))
    assert (forgotten.reason, forgotten.waits_for) == ("UNKNOWN_INVOICE", keys.invoice(INV_77))
    assert forgotten.detail.startswith(f"AvidXchange holds invoice {INV_77}, which the restored store forgot")


def test_payments_for_strangers_may_be_ignored_by_setting() -> None:
    (fact,) = gate(payment(), invoices={INV_77: STRANGE}, unknown_invoices="ignore").payment
    assert isinstance(fact, e.PaymentIgnored)


@pytest.mark.parametrize(
    ("standing", "reason", "waits_for"),
    [
        (
            InvoiceStanding(live=False),
            "UNKNOWN_INVOICE",
            keys.invoice(INV_77),
        ),  # rejected, or restored and not sent yet
        (InvoiceStanding(live=False, found_twice=True), "INVOICE_FOUND_TWICE", None),
        (InvoiceStanding(live=False, in_doubt=True), "INVOICE_IN_DOUBT", keys.invoice(INV_77)),
    ],
)
def test_a_payment_of_an_invoice_of_ours_is_never_ignored(
    standing: InvoiceStanding, reason: str, waits_for: str | None
) -> None:
    fact = held(gate(payment(), invoices={INV_77: standing}, unknown_invoices="ignore"))
    assert (fact.reason, fact.waits_for) == (reason, waits_for)


def test_a_payment_of_an_invoice_that_a_restored_store_may_have_forgotten_is_not_ignored() -> None:
    fact = held(gate(payment(), invoices={INV_77: STRANGE}, unknown_invoices="ignore", went_back_at=NOW))
    assert (fact.reason, fact.waits_for) == ("UNKNOWN_INVOICE", keys.invoice(INV_77))
    since = {"settled_date": date(2026, 3, 9), "payment_date": date(2026, 3, 9), "modified": "2026-03-09T08:00:00"}
    (young,) = gate(payment(**since), invoices={INV_77: STRANGE}, unknown_invoices="ignore", went_back_at=NOW).payment
    assert isinstance(young, e.PaymentIgnored)


def test_after_a_restore_nobody_is_called_a_stranger_before_avidxchange_was_read_again() -> None:
    since = {"settled_date": date(2026, 3, 9), "payment_date": date(2026, 3, 9), "modified": "2026-03-09T08:00:00"}
    options: dict[str, Any] = {"unknown_invoices": "ignore", "went_back_at": NOW, "unsought": True}
    fact = held(gate(payment(**since), invoices={INV_77: STRANGE}, **options))
    assert (fact.reason, fact.waits_for) == ("FORGOTTEN_NOT_SOUGHT", keys.FORGOTTEN_SOUGHT)


def test_what_people_booked_by_hand_makes_nobody_of_a_stranger() -> None:
    """A removal forgets no invoice: a payment of none of ours is ignored, whenever it was settled."""
    (fact,) = gate(payment(), invoices={INV_77: STRANGE}, unknown_invoices="ignore", unsure_before=NOW).payment
    assert isinstance(fact, e.PaymentIgnored)


def test_a_payment_that_mixes_strangers_with_ours_is_not_ignored() -> None:
    content = payment(remittance(), remittance(CM_9, "-100.00", "0"))
    unknown = {CM_9: STRANGE}
    assert held(gate(content, invoices=unknown, unknown_invoices="ignore")).reason == "UNKNOWN_INVOICE"


def test_a_payment_waits_for_an_invoice_in_doubt() -> None:
    fact = held(gate(payment(), invoices={INV_77: InvoiceStanding(live=False, in_doubt=True)}))
    assert (fact.reason, fact.waits_for) == ("INVOICE_IN_DOUBT", keys.invoice(INV_77))


def test_a_payment_of_an_invoice_found_twice_goes_to_a_person() -> None:
    fact = held(gate(payment(), invoices={INV_77: InvoiceStanding(live=True, found_twice=True)}))
    assert (fact.reason, fact.waits_for) == ("INVOICE_FOUND_TWICE", None)


def test_the_same_hold_is_recorded_once() -> None:
    hold = held(gate(payment(number="")))
    assert gate(payment(number=""), hold).payment == ()


def test_a_held_payment_goes_on_when_the_reason_has_passed() -> None:
    hold = held(gate(payment(), invoices={INV_77: InvoiceStanding(live=False)}))
    assert plans(gate(payment(), hold))


def test_nothing_is_planned_for_a_payment_that_is_not_settled() -> None:
    empty = decide_plan(
        Payment(),
        invoices={},
        replaced=None,
        rules=rules(),
        today=TODAY,
        went_back_at=None,
        unsure_before=None,
        postings={},
    )
    assert empty == Plan(())


def test_a_person_may_book_payments_by_setting() -> None:
    ((_, facts),) = gate(payment(), payment_posting="task").postings
    assert [type(fact).__name__ for fact in facts] == ["PostingPlanned", "PostingHeld"]


def test_a_payment_older_than_the_restored_store_is_only_read_back() -> None:
    (made,) = plans(gate(payment(), went_back_at=datetime(2026, 2, 1, tzinfo=UTC)))
    assert made.read_back_only
    young = payment(modified="2026-02-03T00:00:00", payment_date=date(2026, 2, 2), settled_date=date(2026, 2, 3))
    (later,) = plans(gate(young, went_back_at=datetime(2026, 2, 1, tzinfo=UTC)))
    assert not later.read_back_only


def test_only_a_leg_proven_absent_is_planned_anew_in_a_new_generation() -> None:
    content = payment(remittance(), remittance(OTHER_DIVISION, "10.00", "0"))
    first = gate(content)
    ordered = e.PaymentPostingOrdered(payment_id="77001", person="ann", reason="deleted in GLS840")
    (planned,) = first.payment
    assert isinstance(planned, e.PaymentPostingsPlanned)
    absent = posting(resolved_absent())
    states = {planned.legs[0].posting: absent, planned.legs[1].posting: posting()}
    again = gate(content, planned, ordered, postings=states)
    (made,) = plans(again)
    assert (made.division, made.generation) == ("AAA", 2)
    (fact,) = again.payment
    assert isinstance(fact, e.PaymentPostingsPlanned)
    assert {leg.division for leg in fact.legs} == {"AAA", "BBB"}


@pytest.mark.parametrize(
    ("looked_at", "read_back_only"),
    [
        (NOW, False),
        (NOW - timedelta(days=1), True),  # the moment itself proves nothing
        (NOW - timedelta(days=2), True),
    ],
)
def test_what_a_person_found_absent_after_the_store_went_back_is_posted(
    looked_at: datetime, *, read_back_only: bool
) -> None:
    content = payment()
    (planned,) = gate(content).payment
    assert isinstance(planned, e.PaymentPostingsPlanned)
    order = e.PaymentPostingOrdered(payment_id="77001", person="ann", reason="not in M3")
    history = recorded([e.PaymentSettled(content=content), planned, order])
    found = recorded([p.PostingPlanned(plan=plan())], at=NOW - timedelta(days=3))
    absent = fold_posting([*found, *recorded([resolved_absent()], at=looked_at)])
    result = decide_plan(
        fold(history),
        invoices={INV_77: LIVE},
        replaced=None,
        rules=rules(),
        today=TODAY,
        went_back_at=None,
        unsure_before=NOW - timedelta(days=1),
        postings={planned.legs[0].posting: absent},
    )
    (made,) = plans(result)
    assert (made.generation, made.read_back_only) == (2, read_back_only)


def resolved_absent() -> p.PostingDoubtResolved:
    return p.PostingDoubtResolved(
        key1="T", payment_id="77001", resolution="absent", voucher="", person="ann", reason="gone"
    )


def test_an_id_that_is_none_of_ours_is_an_unknown_invoice() -> None:
    assert held(gate(payment(remittance("STRANGE|1")))).reason == "UNKNOWN_INVOICE"
