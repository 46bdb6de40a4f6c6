"""Reads a payment of AvidXchange: exact amounts, its standing by the settings, and never a card number."""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from adapters.avidxchange.capabilities import ACH_TRACE_DIGITS, CHECK_NUMBER_CHARACTERS
from adapters.avidxchange.settings import AvidSettings
from adapters.avidxchange.wire import Named, Text, day, moment, money, read_record, text
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError
from domain.money import Money, total
from domain.payments.events import PaymentContent, Remittance

CARD_DIGITS = range(13, 20)
_NINE = 9


class _Remittance(msgspec.Struct, rename="pascal"):
    invoice_external_id: Text = None
    invoice_number: Text = None
    gross: Decimal | None = None
    discount: Decimal | None = None
    net: Decimal | None = None


class _Payment(msgspec.Struct, rename="pascal"):
    payment_id: Text = None
    batch_id: Text = None
    status: Named | str | None = None
    payment_method: Named | str | None = None
    amount: Decimal | None = None
    currency: Text = None
    payment_date: Text = None
    settled_date: Text = None
    cleared_date: Text = None
    vendor_external_id: Text = None
    check_number: Text = None
    ach_trace_number: Text = None
    virtual_card_last4: Text = None
    return_code: Text = None
    replaces_payment_id: Text = None
    last_modified_date: Text = None
    remittances: list[_Remittance | None] | _Remittance | None = None


class _Id(msgspec.Struct, rename="pascal"):
    payment_id: Text = None


def payment_id_of(raw: msgspec.Raw) -> str:
    """Give the id of a payment that may be unreadable otherwise, "" when even that is."""
    try:
        return text(msgspec.json.decode(raw, type=_Id).payment_id)
    except UNREADABLE:
        return ""


def read_payment(raw: msgspec.Raw, settings: AvidSettings) -> PaymentContent:
    """Read one payment. Raises MalformedError (naming fields, never values) when it cannot be recorded at all.

    What can be recorded but contradicts itself is named in `problems`: METHOD_UNKNOWN, CHECK_NUMBER_MALFORMED,
    ACH_TRACE_MALFORMED, REMITTANCES_DO_NOT_SUM, REMITTANCE_DOES_NOT_SUM.
    """
    record = f"payment {payment_id_of(raw)}".strip()
    wire = read_record(raw, _Payment, record=record)
    payment_id = text(wire.payment_id)
    if not payment_id:
        raise MalformedError("a payment has no PaymentId", record=record)
    currency = text(wire.currency) or settings.currency
    amount = money(wire.amount, currency, field="Amount", record=record)
    remittances = tuple(_remittance(one, currency, record=record) for one in _listed(wire.remittances))
    status, method = _name(wire.status), _name(wire.payment_method)
    number, number_problem = _number(wire, method, settings)
    last4, dropped = _card(wire, method, settings)
    problems = ((number_problem,) if number_problem else ()) + _sums(remittances, amount)
    return PaymentContent(
        payment_id=payment_id,
        batch_id=text(wire.batch_id),
        status=status,
        status_id=text(wire.status.id) if isinstance(wire.status, Named) else "",
        standing=settings.standing(status),
        method=method,
        amount=amount,
        payment_date=day(wire.payment_date, field="PaymentDate", record=record),
        settled_date=day(wire.settled_date, field="SettledDate", record=record),
        cleared_date=day(wire.cleared_date, field="ClearedDate", record=record),
        vendor_external_id=text(wire.vendor_external_id),
        number=number,
        card_last4=last4,
        card_number_dropped=dropped,
        return_code=text(wire.return_code),
        replaces_payment_id=text(wire.replaces_payment_id),
        modified=moment(wire.last_modified_date),
        remittances=remittances,
        problems=problems,
    )


def looks_like_card_number(value: str) -> bool:
    """Tell whether a text holds 13 to 19 digits that pass the Luhn check, whatever stands between them."""
    digits = [int(character) for character in value if character.isascii() and character.isdigit()]
    if len(digits) not in CARD_DIGITS:
        return False
    doubled = (digit * 2 - _NINE * (digit * 2 > _NINE) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _number(wire: _Payment, method: str, settings: AvidSettings) -> tuple[str, str]:
    """Give the check number or ACH trace, and what is wrong with it."""
    if method == settings.check_method:
        check = text(wire.check_number)
        if not re.fullmatch(rf"[!-~]{{0,{CHECK_NUMBER_CHARACTERS}}}", check):
            return "", "CHECK_NUMBER_MALFORMED"
        return check, ""
    if method == settings.ach_method:
        trace = text(wire.ach_trace_number)
        if isinstance(wire.ach_trace_number, int):
            trace = trace.zfill(ACH_TRACE_DIGITS)  # a JSON number loses leading zeros; a trace has 15 digits
        if trace and not re.fullmatch(rf"[0-9]{{{ACH_TRACE_DIGITS}}}", trace):
            return "", "ACH_TRACE_MALFORMED"
        return trace, ""
    return "", "" if method == settings.card_method else "METHOD_UNKNOWN"


def _card(wire: _Payment, method: str, settings: AvidSettings) -> tuple[str, bool]:
    """Give the last four digits, and whether something else stood in a card field and was dropped."""
    last4 = text(wire.virtual_card_last4)
    if isinstance(wire.virtual_card_last4, int):
        last4 = last4.zfill(4)
    fields = [last4]
    if method == settings.card_method:
        fields += [text(wire.check_number), text(wire.ach_trace_number)]
    kept = last4 if re.fullmatch(r"[0-9]{4}", last4) else ""
    return kept, kept != last4 or any(looks_like_card_number(field) for field in fields)


def _remittance(wire: _Remittance, currency: str, *, record: str) -> Remittance:
    return Remittance(
        invoice_external_id=text(wire.invoice_external_id),
        invoice_number=text(wire.invoice_number),
        gross=money(wire.gross, currency, field="Gross", record=record),
        discount=money(wire.discount or Decimal(0), currency, field="Discount", record=record),
        net=money(wire.net, currency, field="Net", record=record),
    )


def _sums(remittances: Sequence[Remittance], amount: Money) -> tuple[str, ...]:
    """Name what does not add up: the payment over its remittances, or a remittance in itself."""
    problems = []
    if total((one.net for one in remittances), amount.currency) != amount:
        problems.append("REMITTANCES_DO_NOT_SUM")
    if any(one.net + one.discount != one.gross for one in remittances):
        problems.append("REMITTANCE_DOES_NOT_SUM")
    return tuple(problems)


def _listed(remittances: list[_Remittance | None] | _Remittance | None) -> list[_Remittance]:
    """Give the remittances; a null among them is none, and the sums tell when something is missing."""
    given = remittances if isinstance(remittances, list) else [remittances]
    return [one for one in given if one is not None]


def _name(value: Named | str | None) -> str:
    return text(value.description) if isinstance(value, Named) else text(value)
