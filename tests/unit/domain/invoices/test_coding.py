"""The content of an invoice: which voucher lines are its cost, what they are coded to, and what hinders sending."""

from domain.invoices.coding import content_digest, cost_lines, read_content, unreadable_content
from domain.invoices.content import CodeRef
from domain.money import Money
from domain.ports.ledger import PoLine, VoucherLine
from tests.unit.domain.invoices.invoice_facts import content, head, ledger


def line(minor: int, account: str = "610100", *, side: str = "", code: str = "10", sequence: int = 2) -> VoucherLine:
    return VoucherLine(
        sequence=sequence,
        transaction_code=code,
        accounts=(account, "B014", "", "", "", "", ""),
        amount=Money(minor),
        side=side,
        text="Roof repair",
    )


CONTROL = line(-125_000, "200100", side="C", code="40", sequence=1)


def test_cost_lines_are_those_beside_the_control_account_in_order() -> None:
    cents = line(-500, "200100", sequence=4)
    second, first = line(25_000, sequence=3), line(100_000, sequence=2)
    assert cost_lines([CONTROL, second, first, cents]) == (first, second)


def test_lines_are_numbered_and_carry_every_code_that_is_not_blank() -> None:
    read = read_content(head(), ledger(), [CONTROL, line(125_000, side="D")], [])
    assert [(one.number, one.codes) for one in read.lines] == [(1, (CodeRef(1, "610100"), CodeRef(2, "B014")))]
    assert read.problems == ()


def test_a_line_names_its_po_line_only_where_amounts_match_one_to_one() -> None:
    voucher = [CONTROL, line(100_000, sequence=2), line(12_500, sequence=3), line(12_500, sequence=4)]
    purchases = [
        PoLine(po_number="7001", po_line="10", amount=Money(100_000)),
        PoLine(po_number="7002", po_line="20", amount=Money(12_500)),
        PoLine(po_number="7001", po_line="30", amount=Money(3)),
    ]
    read = read_content(head(), ledger(), voucher, purchases)
    assert [(one.po_number, one.po_line) for one in read.lines] == [("7001", "10"), (None, None), (None, None)]
    assert read.po_numbers == ("7001", "7002")


def test_what_does_not_add_up_is_named() -> None:
    cases = {
        ("LINES_DO_NOT_SUM",): [CONTROL, line(124_999)],
        ("DBCR_DISAGREES",): [CONTROL, line(125_000, side="C")],
        ("DBCR_DISAGREES", "LINES_DO_NOT_SUM"): [CONTROL, line(-125_000, side="D")],
        ("NO_CONTROL_ACCOUNT",): [line(125_000)],
    }
    for problems, voucher in cases.items():
        assert read_content(head(), ledger(), voucher, []).problems == problems


def test_a_line_in_another_currency_does_not_add_up() -> None:
    foreign = VoucherLine(
        sequence=2, transaction_code="10", accounts=("1",) * 7, amount=Money(125_000, "CAD"), side="", text=""
    )
    assert read_content(head(), ledger(), [CONTROL, foreign], []).problems == ("LINES_DO_NOT_SUM",)


def test_coding_that_cannot_be_read_is_a_problem_of_its_own() -> None:
    assert unreadable_content(head(), ledger()).problems == ("CODING_UNREADABLE",)


def test_equal_contents_have_equal_digests() -> None:
    assert content_digest(content()) == content_digest(content())
    assert content_digest(content()) != content_digest(content(discount=Money(1)))
