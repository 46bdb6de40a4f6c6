"""What every ledger system must do, whoever plays it: errands rely on nothing else."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.errors import RefusedError
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.money import total
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.ledger import Problem
from domain.postings.events import PostingPlan
from domain.suppliers.events import SupplierContent
from tests.contracts.ledger.ledger_worlds import (
    EARLIEST,
    LAG,
    POSTING_DELAY,
    World,
    fake_world,
    infor_world,
    reversal_of,
    step,
)

SHOWN = POSTING_DELAY + LAG + timedelta(seconds=2)  # after a handover: booked by then, and its payment rows to be read
UNKNOWN = InvoiceKey(100, "AAA", "V1001", "V1001", "NO SUCH 'INVOICE' & \"CO\"", 2026)


@pytest.fixture(scope="module", params=["fake", "fake as simulated", "infor"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fakes = {"fake": False, "fake as simulated": True}
    if request.param in fakes:
        made = fake_world(drawn=fakes[request.param])
    else:
        made = infor_world(tmp_path_factory.mktemp("infor"))
    with made as ready:
        yield ready


def send(world: World, plan: PostingPlan, *names: str) -> CallAnswer:
    parm = world.ledger.encode_parms(plan)[0]
    world.ledger.prepare()
    return world.ledger.take_steps([step(plan, name, parm=parm) for name in names], deadline=world.deadline())


def evidence(world: World, plan: PostingPlan) -> list[str]:
    key = plan.lines[0].invoice
    rows = world.ledger.payment_rows([key], since=EARLIEST).rows[key]
    return [row.text for row in rows if row.text.split(" ")[0] == plan.payment_id]


def test_the_ping_tells_company_divisions_and_token_life(world: World) -> None:
    found = world.ledger.check()
    assert found.company == 100
    assert set(world.divisions) <= set(found.divisions)
    assert found.token_seconds == 3600
    assert found.missing_transactions == ()


def test_every_changed_supplier_can_be_read(world: World) -> None:
    numbers = [number for page in world.ledger.changed_suppliers(0) for number in page]
    details = world.ledger.supplier_details(numbers)
    assert len(numbers) == len(set(numbers)) == len(details)
    assert all(isinstance(found, SupplierContent) and found.number == number for number, found in details.items())


def test_a_supplier_nobody_changed_since_is_not_listed(world: World) -> None:
    later = world.ledger.server_time() + 60_000
    assert [page for page in world.ledger.changed_suppliers(later) if page] == []


def test_an_unknown_supplier_is_a_problem_and_its_neighbours_are_read(world: World) -> None:
    known = next(iter(next(world.ledger.changed_suppliers(0))))
    found = world.ledger.supplier_details(["NOSUCH", known])
    assert isinstance(found["NOSUCH"], Problem)
    assert isinstance(found[known], SupplierContent)


def test_every_gl_account_comes_once_with_its_facts(world: World) -> None:
    codes = world.ledger.codes(1)
    assert codes
    assert list(codes) == sorted(codes)
    assert all(facts and len({fact.division for fact in facts}) == len(facts) for facts in codes.values())


def test_every_approved_invoice_comes_once_beyond_any_page(world: World) -> None:
    heads = world.heads()
    assert len(heads) > 100
    assert len({head.key for head in heads}) == len(heads)
    assert len({head.row for head in heads}) == len(heads)


def test_totals_agree_with_the_list(world: World) -> None:
    heads = world.heads()
    states = world.ledger.ledger_states([head.key for head in heads])
    for head in heads:
        state = states[head.key]
        assert isinstance(state, LedgerState)
        assert state.gross == head.gross


def test_an_invoice_that_infor_does_not_know_is_none(world: World) -> None:
    known = world.heads()[0].key
    states = world.ledger.ledger_states([UNKNOWN, known])
    assert states[UNKNOWN] is None
    assert isinstance(states[known], LedgerState)


def test_the_cost_lines_of_a_voucher_sum_to_the_invoice(world: World) -> None:
    heads = world.open_invoices()
    vouchers = world.ledger.voucher_lines(heads)
    for head in heads:
        lines = vouchers[head.key]
        assert not isinstance(lines, Problem)
        control = next(line.accounts[0] for line in lines if line.transaction_code == "40")
        cost = total((line.amount for line in lines if line.accounts[0] != control), head.gross.currency)
        assert cost == head.gross


def test_purchase_order_lines_are_given_for_every_invoice_asked_for(world: World) -> None:
    heads = world.heads()
    found = world.ledger.po_lines(heads)
    assert set(found) == {head.key for head in heads}
    assert not [lines for lines in found.values() if isinstance(lines, Problem)]


def test_an_image_is_found_by_its_invoice_and_streams_as_many_bytes_as_it_says(world: World) -> None:
    images = [image for head in world.heads()[:20] if (image := world.ledger.find_image(head.key)) is not None]
    assert images
    assert len(b"".join(world.ledger.stream_image(images[0]))) == images[0].size
    assert world.ledger.find_image(UNKNOWN) is None


def test_the_chain_is_taken_step_by_step_and_a_second_head_meets_the_first(world: World) -> None:
    plan = world.plan(world.open_invoices()[0], "P-CHAIN")
    for name in ("AddBatchHead", "AddBatchLine", "CtrlBatch"):
        answer = send(world, plan, name)
        assert [record.verdict for record in answer.records.values()] == [Verdict.CONFIRMED]
    for name in ("AddBatchHead", "AddBatchLine"):
        again = send(world, plan, name)
        assert [(record.verdict, record.status) for record in again.records.values()] == [(Verdict.CONFIRMED, "found")]


def test_accepted_is_not_posted_and_the_proof_comes_later(world: World) -> None:
    head = world.open_invoices()[1]
    plan = world.plan(head, "P-PROOF")
    for name in ("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch"):
        assert send(world, plan, name).records[step(plan, name).key].verdict is Verdict.CONFIRMED
    assert evidence(world, plan) == []
    world.let_pass(SHOWN)
    assert evidence(world, plan) == [f"P-PROOF {head.key.number}"]
    rows = world.ledger.payment_rows([head.key], since=EARLIEST).rows[head.key]
    assert [row.amount for row in rows] == [abs(plan.lines[0].net)]
    assert len(rows[0].ledger_row.split("|")) == 5
    state = world.ledger.ledger_states([head.key])[head.key]
    assert isinstance(state, LedgerState)
    assert state.outstanding.is_zero


def test_the_look_up_of_batches_lags_and_forgets_what_was_posted(world: World) -> None:
    plan = world.plan(world.open_invoices()[2], "P-LAG")
    keys = [(plan.division, key) for key in (plan.key1, *(f"T{place:014d}" for place in range(40)))]
    send(world, plan, "AddBatchHead")
    assert world.ledger.open_batches(keys) == frozenset()
    world.let_pass(LAG + timedelta(seconds=1))
    assert world.ledger.open_batches(keys) == {plan.key1}
    for name in ("AddBatchLine", "CtrlBatch", "UpdBatch"):
        send(world, plan, name)
    world.let_pass(SHOWN)
    evidence(world, plan)
    world.let_pass(LAG + timedelta(seconds=1))
    assert world.ledger.open_batches(keys) == frozenset()


def test_a_second_handover_books_nothing_more(world: World) -> None:
    plan = world.plan(world.open_invoices()[3], "P-TWICE")
    for name in ("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch", "UpdBatch"):
        send(world, plan, name)
    world.let_pass(SHOWN)
    assert len(evidence(world, plan)) == 1


def test_a_reversal_is_a_payment_row_of_its_own_and_opens_the_invoice_again(world: World) -> None:
    head = world.open_invoices()[4]
    plan = world.plan(head, "P-VOID")
    for each in (plan, reversal_of(plan)):
        for name in ("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch"):
            assert send(world, each, name).records[step(each, name).key].verdict is Verdict.CONFIRMED
        world.let_pass(SHOWN)
        world.ledger.server_time()
    rows = world.ledger.payment_rows([head.key], since=EARLIEST).rows[head.key]
    assert [row.amount for row in rows] == [abs(head.gross)] * 2
    assert len({row.ledger_row for row in rows}) == 2
    state = world.ledger.ledger_states([head.key])[head.key]
    assert isinstance(state, LedgerState)
    assert state.outstanding == head.gross


def test_a_no_before_the_handover_is_a_refusal_and_a_no_to_the_handover_is_doubt(world: World) -> None:
    plan = world.plan(world.open_invoices()[4], "P-NOHEAD")
    checked = send(world, plan, "CtrlBatch").records[plan.key1]
    assert (checked.verdict, checked.code) == (Verdict.REFUSED, "XRE0103")
    handed = send(world, plan, "UpdBatch").records[plan.key1]
    assert (handed.verdict, handed.code) == (Verdict.DOUBT, "XRE0103")


def test_more_than_is_outstanding_is_refused_by_the_check(world: World) -> None:
    head = world.open_invoices()[4]
    plan = world.plan(head, "P-TOOMUCH", net=head.gross + head.gross)
    send(world, plan, "AddBatchHead", "AddBatchLine")
    answer = send(world, plan, "CtrlBatch").records[plan.key1]
    assert answer.verdict is Verdict.REFUSED
    assert answer.code


def test_nothing_is_sent_after_the_deadline(world: World) -> None:
    plan = world.plan(world.open_invoices()[4], "P-LATE")
    world.ledger.prepare()
    answer = world.ledger.take_steps([step(plan, "AddBatchHead")], deadline=world.deadline(-1))
    assert answer.verdict is Verdict.NOT_SENT
    world.let_pass(LAG + timedelta(seconds=1))
    assert world.ledger.open_batches([(plan.division, plan.key1)]) == frozenset()


def test_the_same_plan_is_written_the_same_way_and_what_does_not_fit_is_refused(world: World) -> None:
    head = world.open_invoices()[4]
    plan = world.plan(head, "P-PARM")
    assert world.ledger.encode_parms(plan) == world.ledger.encode_parms(plan)
    assert [len(parm) for parm in world.ledger.encode_parms(plan)] == [180]
    with pytest.raises(RefusedError) as refused:
        world.ledger.encode_parms(world.plan(head, "P-PARM", number="1234567890123456"))
    assert (refused.value.code, refused.value.field) == ("FIELD_TOO_LONG", "CKNO")


def test_every_http_request_is_counted(world: World) -> None:
    before = world.ledger.calls
    world.ledger.server_time()
    assert world.ledger.calls == before + 1
