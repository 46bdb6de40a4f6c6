from datetime import date

import pytest

from adapters.infor import values
from domain.errors import MalformedError
from domain.money import Money


@pytest.mark.parametrize(
    ("held", "day"), [("20260301", date(2026, 3, 1)), ("0", None), ("", None), ("  ", None), ("00000000", None)]
)
def test_a_date_may_be_none(held: str, day: date | None) -> None:
    assert values.day({"ACDT": held}, "ACDT", record="r") == day


@pytest.mark.parametrize("held", ["20260231", "2026-03-01", "260301", "2026030x"])
def test_what_is_no_date_is_malformed(held: str) -> None:
    with pytest.raises(MalformedError, match="ACDT"):
        values.day({"ACDT": held}, "ACDT", record="r")


def test_numbers_and_amounts_are_read_through_their_padding() -> None:
    assert values.whole({"JRNO": " 12 "}, "JRNO", record="r") == 12
    assert values.whole({"JRNO": "12.00"}, "JRNO", record="r") == 12
    assert values.whole({}, "JRNO", record="r") == 0
    assert values.money({"CUAM": "-12.5  "}, "CUAM", currency="USD", record="r", sign=-1) == Money(1250)
    assert values.code_is({"ADTE": "01"}, "ADTE", "1")
    assert values.code_is({}, "IVBL", "0")
    assert not values.code_is({"ADTE": "10"}, "ADTE", "1")


@pytest.mark.parametrize("held", ["x", "1.5", "Infinity"])
def test_what_is_no_whole_number_is_malformed(held: str) -> None:
    with pytest.raises(MalformedError):
        values.whole({"JRNO": held}, "JRNO", record="r")


def test_an_amount_that_is_missing_is_malformed_not_zero() -> None:
    with pytest.raises(MalformedError, match="CUAM is missing"):
        values.money({"CUAM": " "}, "CUAM", currency="USD", record="r")
