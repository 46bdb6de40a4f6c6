import json
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.infor import capabilities, postings
from adapters.infor.client import Client
from adapters.infor.ionapi import Credentials
from adapters.infor.read_back import ReadBack
from domain.identifiers import InvoiceKey
from domain.money import Money
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.ledger import StepCommand
from domain.postings.evidence import PaymentRows
from tests.contracts.ledger.ledger_worlds import ProcessClock
from tests.unit.adapters.infor.scripted_gateway import (
    Gateway,
    bulk,
    ended,
    ledger_of,
    nok,
    rows,
    skipped,
    terminated,
)

KEY = InvoiceKey(100, "AAA", "V2", "V1", "INV 7", 2026)
SINCE = date(2026, 3, 1)


def command(step: str, key1: str = "T1", **fields: object) -> StepCommand:
    given = {"interface": "AVXPAY", "description": "d"} if step == "AddBatchHead" else {}
    return StepCommand(key=key1, step=step, division="AAA", key1=key1, **(given | fields))  # type: ignore[arg-type]  # fields of the case


def send(client: Client, *commands: StepCommand) -> CallAnswer:
    client.tokens.current()
    deadline = datetime.now(tz=UTC) + timedelta(seconds=5)
    return postings.take_steps(client, commands, deadline=deadline, clock=ProcessClock())


def test_a_step_carries_company_division_and_key_and_goes_out_once(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("AddBatchHead"), rows("AddBatchLine")))
    answer = send(client, command("AddBatchHead"), command("AddBatchLine", line=3, parm="I1  ".ljust(180)))
    assert answer.verdict is Verdict.CONFIRMED
    (asked,) = gateway.asked
    assert json.loads(asked.body)["program"] == "GLS840MI"
    assert json.loads(asked.body)["cono"] == 100
    head, line = asked.records
    assert head == {"CONO": "100", "DIVI": "AAA", "KEY1": "T1", "INTN": "AVXPAY", "DESC": "d"}
    assert (line["LINE"], len(line["PARM"])) == ("3", 180)


def test_each_record_has_its_own_verdict(gateway: Gateway, client: Client) -> None:
    gateway.says(
        bulk(
            rows("CtrlBatch"),
            nok("CtrlBatch", "GL84008"),
            terminated("CtrlBatch", "X"),
            skipped("CtrlBatch"),
            terminated="X",
        )
    )
    answer = send(client, *(command("CtrlBatch", f"T{place}") for place in range(5)))
    assert [each.verdict for each in answer.records.values()] == [
        Verdict.CONFIRMED,
        Verdict.REFUSED,
        Verdict.REFUSED,
        Verdict.NOT_SENT,
        Verdict.DOUBT,
    ]
    assert answer.records["T1"].code == "GL84008"


@pytest.mark.parametrize("body", [b"", b"<html>", bulk(rows("CtrlBatch")), bulk(*[rows("UpdBatch")] * 2)])
def test_an_answer_that_cannot_be_read_is_doubt(gateway: Gateway, client: Client, body: object) -> None:
    gateway.says(body)
    assert send(client, command("UpdBatch")).verdict is Verdict.DOUBT
    assert len(gateway.asked) == 1


def test_a_401_is_not_sent_and_the_next_call_has_a_fresh_token(gateway: Gateway, client: Client) -> None:
    gateway.says(b"", status=401)
    assert send(client, command("AddBatchHead")).verdict is Verdict.NOT_SENT
    assert client.tokens.held() is None
    deadline = datetime.now(tz=UTC) + timedelta(seconds=5)
    answer = postings.take_steps(client, [command("AddBatchHead")], deadline=deadline, clock=ProcessClock())
    assert (answer.verdict, len(gateway.asked)) == (Verdict.NOT_SENT, 1)


@pytest.mark.parametrize(("step", "verdict"), [("AddBatchLine", Verdict.REFUSED), ("UpdBatch", Verdict.DOUBT)])
def test_a_bad_request_judges_the_payload_but_never_the_handover(
    gateway: Gateway, client: Client, step: str, verdict: Verdict
) -> None:
    gateway.says(ended("InputFieldTooLong"), status=400)
    answer = send(client, command(step, line=1, parm="x"))
    assert (answer.verdict, answer.code) == (verdict, "InputFieldTooLong")


def test_what_m3_would_not_take_is_refused_unsent(gateway: Gateway, client: Client) -> None:
    for commands in ([command("AddBatchHead", "T" * 16)], [], [command("CtrlBatch")] * 101):
        assert send(client, *commands).verdict is Verdict.REFUSED
    assert gateway.asked == []


def test_the_batches_still_shown_are_those_asked_for(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("Select", {"REPL": "T1             "}, {"REPL": "T9"})))
    assert postings.open_batches(client, [("AAA", "T1"), ("AAA", "T2")]) == {"T1"}
    assert postings.open_batches(client, []) == frozenset()
    assert len(gateway.asked) == 1


def paid(**changed: str) -> dict[str, str]:
    row = {
        "TRCD": "50",
        "JRNO": "81",
        "JSNO": "3",
        "VONO": "60001",
        "VSER": "PAY",
        "CUAM": "-10.00",
        "ACDT": "20260302",
    }
    return row | {"CUCD": "USD"} | changed


def voucher(**changed: str) -> dict[str, str]:
    return {"JRNO": "81", "JSNO": "3", "TRCD": "50", "CUAM": "10.00", "VTXT": "7781 INV 7 "} | changed


def test_a_payment_row_is_proven_by_its_own_voucher_line(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("LstInvoiceTrans", paid(), paid(TRCD="40"))))
    gateway.says(bulk(rows("LstVoucherLines", voucher(JSNO="4", VTXT="other"), voucher())))
    (row,) = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE).rows[KEY]
    assert (row.ledger_row, row.voucher, row.amount, row.text) == (
        "100|AAA|2026|81|3",
        "PAY-60001",
        Money(1000),
        "7781 INV 7",
    )
    assert gateway.asked[0].records == [
        {"CONO": "100", "DIVI": "AAA", "TRCD": "50", "SPYN": "V2", "SINO": "INV 7", "INYR": "2026", "SUNO": "V1"}
    ]
    assert gateway.asked[1].records[0]["VSER"] == "PAY"


def test_a_voucher_of_another_journal_proves_nothing_and_the_fiscal_year_beside_is_tried(
    gateway: Gateway, client: Client
) -> None:
    gateway.says(bulk(rows("LstInvoiceTrans", paid())))
    gateway.says(bulk(rows("LstVoucherLines", voucher(JRNO="5"))), bulk(rows("LstVoucherLines", voucher(JSNO="9"))))
    (row,) = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE).rows[KEY]
    assert (row.ledger_row, row.text) == ("100|AAA|2027|81|3", "7781 INV 7")
    assert [asked.records[0]["YEA4"] for asked in gateway.asked[1:]] == ["2026", "2027"]


def test_a_payment_without_voucher_is_a_row_without_text(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("LstInvoiceTrans", paid(YEA4="2026"))), bulk(nok("LstVoucherLines", "XRE0103")))
    (row,) = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE).rows[KEY]
    assert (row.ledger_row, row.text) == ("100|AAA|2026|81|3", "")


def test_an_invoice_nobody_paid_has_no_rows(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(nok("LstInvoiceTrans", "XRE0103")))
    assert ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE).rows == {KEY: ()}
    assert len(gateway.asked) == 1


def test_without_the_list_of_an_invoice_vouchers_are_read_by_date_from_then_on(
    gateway: Gateway, client: Client
) -> None:
    found = voucher(YEA4="2026", ACDT="20260302", VSER="PAY", VONO="60001", CUAM="-10.00")
    gateway.says(ended("TransactionNotFound"), status=400)
    gateway.says(bulk(rows("LstVouchersByDt", found, found | {"VTXT": "7781 INV 70"}, found | {"TRCD": "30"})))
    gateway.says(bulk(rows("LstVouchersByDt")))
    reader = ReadBack(client, clock=ProcessClock())
    (row,) = reader.payment_rows([KEY], since=SINCE).rows[KEY]
    assert (row.ledger_row, row.voucher, row.amount) == ("100|AAA|2026|81|3", "PAY-60001", Money(1000))
    assert reader.payment_rows([KEY], since=SINCE).rows == {KEY: ()}
    paths = [asked.path.rpartition("/")[2] for asked in gateway.asked]
    assert paths == ["execute", "LstVouchersByDt", "LstVouchersByDt"]
    assert (gateway.asked[1].query["FRDT"], gateway.asked[1].query["DIVI"]) == ("20260301", "AAA")


def test_a_span_of_vouchers_that_may_be_cut_off_is_read_in_halves(gateway: Gateway, client: Client) -> None:
    cut = [voucher(YEA4="2026", JSNO=str(place), VTXT="by hand") for place in range(50)]
    gateway.says(ended("TransactionNotFound"), status=400)
    gateway.says(bulk(rows("LstVouchersByDt", *cut)), bulk(rows("LstVouchersByDt")))
    gateway.says(bulk(rows("LstVouchersByDt", voucher(YEA4="2026"))))
    found = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE).rows[KEY]
    assert len(found) == 1
    spans = [(asked.query["FRDT"], asked.query["TODT"]) for asked in gateway.asked[1:]]
    assert spans[0][0] == spans[1][0]
    assert spans[2][1] == spans[0][1]


def test_a_day_of_vouchers_that_may_be_cut_off_says_nothing_of_what_is_not_in_it(
    gateway: Gateway, client: Client
) -> None:
    full = [voucher(YEA4="2026", JSNO=str(place), VTXT="by hand") for place in range(50)]
    gateway.says(ended("TransactionNotFound"), status=400)
    halvings = 9  # from a year and a day to one day
    gateway.says(*[bulk(rows("LstVouchersByDt", *full))] * (halvings + 1), *[bulk(rows("LstVouchersByDt"))] * halvings)
    found = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=date(2100, 1, 1))
    assert found == PaymentRows(rows={KEY: ()}, cut=frozenset({KEY}))
    assert gateway.asked[halvings + 1].query["FRDT"] == gateway.asked[halvings + 1].query["TODT"] == "21000101"


def test_a_day_shorter_than_a_list_seen_before_is_whole(gateway: Gateway, client: Client) -> None:
    longer = [voucher(YEA4="2026", JSNO=str(place), VTXT="by hand") for place in range(100)]
    gateway.says(ended("TransactionNotFound"), status=400)
    gateway.says(bulk(rows("LstVouchersByDt", *longer)), bulk(rows("LstVouchersByDt", *longer[:50])))
    gateway.says(bulk(rows("LstVouchersByDt")))
    assert ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE).cut == frozenset()
    assert len(gateway.asked) == 4


def test_a_long_voucher_is_read_by_journal_and_names_what_it_does_not_show(gateway: Gateway, client: Client) -> None:
    full = [voucher(JSNO=str(place), VTXT=f"90 INV {place}") for place in range(10, 60)]
    gateway.says(bulk(rows("LstInvoiceTrans", paid(YEA4="2026"))))
    gateway.says(bulk(rows("LstVoucherLines", *full)), bulk(rows("LstVoucherLines", *full)))
    found = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE)
    assert ([row.text for row in found.rows[KEY]], found.cut) == ([""], frozenset({KEY}))
    assert [asked.records[0].get("JRNO") for asked in gateway.asked[1:]] == [None, "81"]


def test_the_journal_of_a_long_voucher_may_be_short_enough(gateway: Gateway, client: Client) -> None:
    full = [voucher(JRNO="80", JSNO=str(place)) for place in range(50)]
    gateway.says(bulk(rows("LstInvoiceTrans", paid(YEA4="2026"))))
    gateway.says(bulk(rows("LstVoucherLines", *full)), bulk(rows("LstVoucherLines", voucher())))
    found = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE)
    assert ([row.text for row in found.rows[KEY]], found.cut) == (["7781 INV 7"], frozenset())


def test_the_amount_alone_names_no_line_of_a_voucher_that_may_be_cut(gateway: Gateway, client: Client) -> None:
    full = [voucher(JSNO=str(place), CUAM="1.00", VTXT="other") for place in range(10, 59)]
    full.append(voucher(JSNO="59", VTXT="7700 INV 7"))
    gateway.says(bulk(rows("LstInvoiceTrans", paid(YEA4="2026"))))
    gateway.says(bulk(rows("LstVoucherLines", *full)), bulk(rows("LstVoucherLines", *full)))
    found = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE)
    assert ([row.text for row in found.rows[KEY]], found.cut) == ([""], frozenset({KEY}))


def test_a_list_of_payments_that_may_be_cut_is_named(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("LstInvoiceTrans", *[paid(TRCD="40", JSNO=str(place)) for place in range(50)])))
    found = ReadBack(client, clock=ProcessClock()).payment_rows([KEY], since=SINCE)
    assert found == PaymentRows(rows={KEY: ()}, cut=frozenset({KEY}))


def test_a_write_is_prepared_with_token_and_budget_before_its_intent(wire: tuple[Gateway, Credentials]) -> None:
    gateway, credentials = wire
    ledger = ledger_of(credentials, user="SVC")
    ledger.prepare()
    assert (len(gateway.tokens_asked), len(gateway.asked)) == (1, 0)
    gateway.says(bulk(nok("AddBatchHead", "XRE0104")))
    answer = ledger.take_steps([command("AddBatchHead")], deadline=datetime.now(tz=UTC) + timedelta(seconds=5))
    assert (answer.records["T1"].verdict, answer.records["T1"].status) == (Verdict.CONFIRMED, "found")
    assert gateway.asked[0].records[0]["USID"] == "SVC"
    ledger.close()


def test_every_transaction_declares_what_the_posting_steps_need() -> None:
    assert set(capabilities.POSTING_STEPS) == {"AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch"}
    assert all("CONO" in each.mandatory for each in capabilities.POSTING_STEPS.values())
    assert capabilities.required(("APS200MI/LstInvoiceTrans", "EXPORTMI/Select")) == ("EXPORTMI/Select",)
