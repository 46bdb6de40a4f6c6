from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.infor.records import Invoice, money, why_not
from tests.unit.sandbox.infor.desk import TODAY, Desk, parm

_HEADS = "GHDIVI,GHKEY1,GHINTN from FGLINH"


def _rows_of(desk: Desk, invoice: Invoice, trcd: str = "50") -> list[dict[str, str]]:
    return desk.rows(
        "APS200MI/LstInvoiceTrans",
        DIVI=invoice.division,
        SPYN=invoice.payee,
        SUNO=invoice.supplier,
        SINO=invoice.number,
        INYR=str(invoice.year),
        TRCD=trcd,
    )


def test_a_full_payment_closes_the_invoice_and_leaves_a_voucher_with_its_text(desk: Desk) -> None:
    invoice = desk.payable()
    desk.post(invoice.division, "TKEY", parm(invoice, money(invoice.cents)))
    (row,) = _rows_of(desk, invoice)
    assert row["CUAM"] == money(-invoice.cents)
    lines = desk.rows(
        "GLS200MI/LstVoucherLines",
        DIVI=invoice.division,
        YEA4=row["ACDT"][:4],
        VONO=row["VONO"],
        VSER=row["VSER"],
        JRNO=row["JRNO"],
    )
    paid = [line for line in lines if line["TRCD"] == "50" and line["JSNO"] == row["JSNO"]]
    assert [line["VTXT"] for line in paid] == ["77001 Check"]
    assert sum(Decimal(line["CUAM"]) for line in lines) == 0
    assert (invoice.open_cents, invoice.payment_status, invoice.closed_on) == (0, "4", TODAY)
    assert desk.truth()["batches"][0]["state"] == "posted"


def test_a_discount_is_written_off_when_the_net_leaves_no_more_open(desk: Desk) -> None:
    invoice = next(held for held in desk.books.invoices.values() if held.discount_cents and why_not(held) is None)
    desk.post(invoice.division, "TKEY", parm(invoice, money(invoice.cents - invoice.discount_cents)))
    desk.truth()
    assert invoice.payments[0].discount_cents == invoice.discount_cents
    assert invoice.open_cents == 0


def test_a_part_leaves_the_rest_open(desk: Desk) -> None:
    invoice = desk.payable()
    desk.post(invoice.division, "TKEY", parm(invoice, "100.00"))
    desk.truth()
    assert (invoice.paid_cents, invoice.closed_on, why_not(invoice)) == (10_000, None, "partly paid")


def test_posting_takes_its_time_and_look_ups_lag_behind(slow_desk: Desk) -> None:
    desk = slow_desk
    invoice = desk.payable()
    line = parm(invoice, money(invoice.cents))
    desk.open_batch(invoice.division, "TKEY", line)
    assert desk.step("AddBatchHead", invoice.division, "TKEY", INTN="AVXPAY", DESC="again") == "XRE0104"
    assert desk.step("AddBatchLine", invoice.division, "TKEY", LINE="1", PARM=line) == "XRE0104"
    assert desk.select(_HEADS) == []
    desk.clock.advance(30)
    assert desk.select(_HEADS) == [f"{invoice.division}~TKEY~AVXPAY"]
    assert desk.select("GLKEY1,GLLINE from FGLINL") == ["TKEY~1"]
    assert desk.step("UpdBatch", invoice.division, "TKEY") == ""
    desk.clock.advance(59)
    assert desk.code("APS200MI/LstInvoiceTrans", **_named(invoice), TRCD="50") == "XRE0103"
    desk.clock.advance(1)
    assert len(_rows_of(desk, invoice)) == 1
    assert desk.select(_HEADS) != []
    desk.clock.advance(30)
    assert desk.select(_HEADS) == []
    assert desk.step("UpdBatch", invoice.division, "TKEY") == "XRE0103"


def test_a_second_hand_over_changes_nothing(slow_desk: Desk) -> None:
    invoice = slow_desk.payable()
    slow_desk.post(invoice.division, "TKEY", parm(invoice, "100.00"))
    assert slow_desk.step("UpdBatch", invoice.division, "TKEY") == ""
    slow_desk.clock.advance(600)
    assert len(_rows_of(slow_desk, invoice)) == 1


def test_a_check_after_the_hand_over_lets_the_payment_in_twice(slow_desk: Desk) -> None:
    invoice = slow_desk.payable()
    slow_desk.post(invoice.division, "TKEY", parm(invoice, money(invoice.cents)))
    assert slow_desk.step("CtrlBatch", invoice.division, "TKEY") == ""
    assert slow_desk.step("UpdBatch", invoice.division, "TKEY") == ""
    slow_desk.clock.advance(600)
    assert len(_rows_of(slow_desk, invoice)) == 2
    assert invoice.open_cents == -invoice.cents


def test_a_stuck_voucher_takes_the_batch_away_without_a_payment(desk: Desk) -> None:
    desk.control("stick", count=1)
    invoice = desk.payable()
    desk.post(invoice.division, "TKEY", parm(invoice, money(invoice.cents)))
    assert desk.code("APS200MI/LstInvoiceTrans", **_named(invoice), TRCD="50") == "XRE0103"
    assert desk.select(_HEADS) == []
    assert desk.truth()["batches"][0]["state"] == "stuck"


def test_what_happens_between_hand_over_and_posting_can_refuse_the_voucher(slow_desk: Desk) -> None:
    invoice = slow_desk.payable()
    slow_desk.post(invoice.division, "TKEY", parm(invoice, money(invoice.cents)))
    slow_desk.control("pay-in-m3", keys=["|".join(("100", *invoice.key))])
    slow_desk.clock.advance(60)
    assert [row["text"] for row in slow_desk.truth()["payment_rows"] if row["invoice"].endswith(_tail(invoice))] == [
        "M3 payment run"
    ]
    assert slow_desk.truth()["batches"][0]["state"] == "stuck"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("stop", "GL84005"), ("propose", "GL84006"), ("close", "GL84010"), ("currency", "GL84007"), ("much", "GL84008")],
)
def test_the_check_refuses_what_must_not_be_paid(desk: Desk, spoil: str, code: str) -> None:
    invoice = desk.payable()
    key = "|".join(("100", *invoice.key))
    line = parm(invoice, money(invoice.cents))
    if spoil == "close":
        desk.control("close-period", until=TODAY.strftime("%Y%m%d"))
    elif spoil == "currency":
        line = parm(invoice, money(invoice.cents), currency="EUR")
    elif spoil == "much":
        line = parm(invoice, money(invoice.cents + 1))
    else:
        desk.control(spoil, keys=[key])
    desk.open_batch(invoice.division, "TKEY", line)
    assert desk.step("CtrlBatch", invoice.division, "TKEY") == code
    assert desk.step("UpdBatch", invoice.division, "TKEY") == code
    assert invoice.payments == []


def test_a_negated_line_needs_the_void_interface_which_opens_the_invoice_again(desk: Desk) -> None:
    invoice = next(held for held in desk.books.invoices.values() if held.discount_cents and why_not(held) is None)
    net = invoice.cents - invoice.discount_cents
    desk.post(invoice.division, "TKEY", parm(invoice, money(net)))
    back = parm(invoice, money(-net), text="77001 Void")
    desk.open_batch(invoice.division, "RBAD", back)
    assert desk.step("CtrlBatch", invoice.division, "RBAD") == "GL84009"
    desk.post(invoice.division, "RKEY", back, interface="AVXVOID")
    assert [row["CUAM"] for row in _rows_of(desk, invoice)] == [money(-net), money(net)]
    assert (invoice.open_cents, invoice.closed_on, why_not(invoice)) == (invoice.cents, None, None)
    desk.open_batch(invoice.division, "RTWICE", back, interface="AVXVOID")
    assert desk.step("CtrlBatch", invoice.division, "RTWICE") == "GL84011"


def test_a_credit_note_is_paid_with_its_own_sign(desk: Desk) -> None:
    credit = next(held for held in desk.books.invoices.values() if held.cents < 0 and why_not(held) is None)
    desk.post(credit.division, "TKEY", parm(credit, money(credit.cents)))
    desk.truth()
    assert credit.open_cents == 0


def test_a_line_out_of_layout_is_refused(desk: Desk) -> None:
    invoice = desk.payable()
    good = parm(invoice, "100.00")
    assert desk.step("AddBatchHead", invoice.division, "TKEY", INTN="AVXPAY", DESC="x") == ""
    wrong = [
        good[:-1],
        good + " ",
        "I2" + good[2:],
        good.replace("           100.00", "100.00           "),
        good.replace("100.00", "0.00  "),
        good.replace(TODAY.strftime("%Y%m%d"), "20261301"),
        good[:170] + "x" + good[171:],
    ]
    for place, line in enumerate(wrong, start=1):
        assert desk.step("AddBatchLine", invoice.division, "TKEY", LINE=str(place), PARM=line) == "GL84001"
    assert desk.step("AddBatchLine", invoice.division, "NONE", LINE="1", PARM=good) == "XRE0103"
    assert desk.step("CtrlBatch", invoice.division, "TKEY") == "GL84004"
    assert desk.step("AddBatchHead", invoice.division, "TOTHER", INTN="NONE", DESC="x") == "GL84002"


def test_vouchers_can_be_found_by_date_and_text(desk: Desk) -> None:
    invoice = desk.payable()
    desk.post(invoice.division, "TKEY", parm(invoice, money(invoice.cents)))
    first, last = (TODAY - timedelta(days=1)).strftime("%Y%m%d"), TODAY.strftime("%Y%m%d")
    rows = desk.rows("GLS200MI/LstVouchersByDt", FRDT=first, TODT=last, DIVI=invoice.division, maxrecs="0")
    assert [row["CUAM"] for row in rows if row["VTXT"].startswith("77001 ")] == [money(invoice.cents)]


def _named(invoice: Invoice) -> dict[str, str]:
    names = ("DIVI", "SPYN", "SUNO", "SINO", "INYR")
    return dict(zip(names, invoice.key, strict=True))


def _tail(invoice: Invoice) -> str:
    return "|".join(invoice.key)
