from datetime import date

import msgspec
import pytest

from adapters.infor.parm import check_layout, encode_parms, voucher_text
from adapters.infor.settings import InforSettings, ParmField
from domain.errors import MisconfiguredError, RefusedError
from domain.identifiers import InvoiceKey
from domain.money import Money
from domain.postings.events import PostingLine, PostingPlan

SETTINGS = InforSettings(company=100, divisions=("AAA",))
PLAN = PostingPlan(
    key1="TABCDEFGHIJKLMN",
    kind="T",
    payment_id="7781",
    division="AAA",
    company=100,
    generation=1,
    interface="AVXPAY",
    number="10042",
    payment_date=date(2026, 3, 1),
    accounting_date=date(2026, 3, 2),
    bank_id="USB01",
    lines=(
        PostingLine(
            line=2, invoice=InvoiceKey(100, "AAA", "V2", "V1", "INV 8", 2026), net=Money(-205), discount=Money(0)
        ),
        PostingLine(
            line=1, invoice=InvoiceKey(100, "AAA", "V2", "V1", "INV 7", 2026), net=Money(125000), discount=Money(100)
        ),
    ),
)


def changed(**fields: object) -> PostingPlan:
    return msgspec.structs.replace(PLAN, **fields)


def test_the_default_line_is_the_contracts_own_180_characters() -> None:
    first, second = encode_parms(PLAN, SETTINGS)
    assert first == (
        "I1"
        "         "
        "        "
        "AAA"
        "V1        "
        "V2        "
        "INV 7                   "
        "2026"
        "10042          "
        "          1250.00"
        "USD"
        "20260301"
        "20260302"
        "USB01"
        "7781 INV 7                              "
        "              "
    )
    assert len(first) == len(second) == 180
    assert second[85:102] == "            -2.05"


def test_the_voucher_text_keeps_the_payment_id_whole_and_cuts_the_invoice_number() -> None:
    assert voucher_text("7781", "X" * 60) == "7781 " + "X" * 35
    long_number = msgspec.structs.replace(PLAN.lines[0], invoice=InvoiceKey(100, "AAA", "V", "V", "N" * 24, 2026))
    (parm,) = encode_parms(changed(payment_id="P" * 20, lines=(long_number,)), SETTINGS)
    assert parm[126:166] == "P" * 20 + " " + "N" * 19
    with pytest.raises(RefusedError, match="VTXT"):
        encode_parms(changed(payment_id="P" * 41), SETTINGS)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("CKNO", {"number": "1" * 16}),
        ("BKID", {"bank_id": "USBANK"}),
        ("DIVI", {"division": "AAAA"}),
        ("CUAM", {"lines": (msgspec.structs.replace(PLAN.lines[0], net=Money(10**17)),)}),
    ],
)
def test_what_is_too_long_is_refused_and_never_cut(field: str, fields: dict[str, object]) -> None:
    with pytest.raises(RefusedError) as refused:
        encode_parms(changed(**fields), SETTINGS)
    assert (refused.value.code, refused.value.field) == ("FIELD_TOO_LONG", field)


def test_a_line_break_inside_a_value_is_refused() -> None:
    with pytest.raises(RefusedError) as refused:
        encode_parms(changed(number="1\n2"), SETTINGS)
    assert (refused.value.code, refused.value.field) == ("FIELD_INVALID", "CKNO")


def test_a_customers_own_layout_is_followed() -> None:
    layout = (
        ParmField("TYPE", 3, format="literal:PAY"),
        ParmField("CUAM", 8, align="right", format="cents"),
        ParmField("PYDT", 6, format="date6"),
        ParmField("KEY1", 15),
        ParmField("RNNO", 2, format="blank"),
    )
    settings = InforSettings(company=100, divisions=(), parm_layout=layout, parm_width=40)
    check_layout(settings)
    assert encode_parms(PLAN, settings)[0] == "PAY  125000260301TABCDEFGHIJKLMN  ".ljust(40)


@pytest.mark.parametrize(
    ("layout", "width"),
    [
        ((ParmField("DIVI", 3),), 2),
        ((ParmField("DIVI", 3),), 901),
        ((ParmField("DIVI", 0),), 10),
        ((ParmField("I1", 1, format="literal:I1"),), 10),
        ((ParmField("DIVI", 3, align="middle"),), 10),
        ((ParmField("DIVI", 3, format="hex"),), 10),
        ((ParmField("NOSU", 3),), 10),
    ],
)
def test_a_layout_that_cannot_be_written_is_a_misconfiguration(layout: tuple[ParmField, ...], width: int) -> None:
    with pytest.raises(MisconfiguredError, match="PARM"):
        check_layout(InforSettings(company=100, divisions=(), parm_layout=layout, parm_width=width))
