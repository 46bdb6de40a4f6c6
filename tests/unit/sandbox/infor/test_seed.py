from datetime import date

import msgspec
import pytest

from sandbox.infor.books import InforBooks
from sandbox.infor.images import image_bytes
from sandbox.infor.records import CONTROL_ACCOUNT, why_not
from sandbox.infor.view import whole_books
from sandbox.seed import SeedOptions, seed_infor

TODAY = date(2026, 3, 10)
_MAGIC = {"pdf": b"%PDF-1.4", "png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "tiff": b"II*\x00"}


def _seed(seed: int, invoices: int = 200) -> InforBooks:
    return seed_infor(SeedOptions(seed=seed, invoices=invoices, today=TODAY))


def test_the_same_seed_gives_the_same_books_and_another_seed_others() -> None:
    first, again, other = (msgspec.json.encode(whole_books(_seed(seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(12))
def test_money_is_conserved(seed: int) -> None:
    books = _seed(seed)
    for invoice in books.invoices.values():
        assert sum(line.cents for line in invoice.lines) == invoice.cents
        taken = sum(held.cents + held.discount_cents for held in invoice.payments)
        assert taken == invoice.paid_cents
    for vouchers in books.vouchers.values():
        for voucher in vouchers:
            assert sum(line.cents for line in voucher.lines) == 0


@pytest.mark.parametrize("seed", range(12))
def test_most_invoices_may_go_out_and_every_reason_not_to_occurs(seed: int) -> None:
    books = _seed(seed)
    reasons = [why_not(held) for held in books.invoices.values()]
    assert len(reasons) == 200
    assert 0.8 < reasons.count(None) / 200 < 0.9
    assert {"not approved", "in a payment proposal", "paid", "payment stop", "currency", "partly paid"} == {
        reason for reason in reasons if reason
    }
    held_back = [held.must_hold for held in books.invoices.values() if held.must_hold]
    assert len(held_back) == len(set(held_back)) == 3


@pytest.mark.parametrize("seed", range(12))
def test_a_voucher_tells_its_signs_and_its_control_row_is_the_ledger_row(seed: int) -> None:
    books = _seed(seed)
    for invoice in books.invoices.values():
        series = books.vouchers[invoice.division, invoice.row[0], invoice.voucher]
        voucher = next(held for held in series if held.series == invoice.series)
        (control,) = [line for line in voucher.lines if line.trcd == "40"]
        assert (voucher.journal, control.sequence) == invoice.row[1:]
        assert control.codes[0] == CONTROL_ACCOUNT
        wrong = [line for line in voucher.lines if (line.side == "D") != (line.cents > 0)]
        assert bool(wrong) == (invoice.must_hold == "debit/credit code and sign disagree")


def test_ledger_rows_and_vouchers_are_unique_while_numbers_repeat_across_series() -> None:
    books = _seed(3)
    identities = [(held.division, held.year, held.series, held.number) for held in books.vouchers_of("")]
    assert len(identities) == len(set(identities))
    assert any(len({held.series for held in found}) > 1 for found in books.vouchers.values())
    rows = [(code, row.row) for code, ledger in books.ledger.items() for row in ledger]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("seed", range(12))
def test_a_credit_note_stays_below_what_else_its_payee_is_owed_in_the_division(seed: int) -> None:
    books = _seed(seed)
    notes = [held for held in books.invoices.values() if held.cents < 0]
    assert notes
    for credit in notes:
        beside = [
            held.cents
            for held in books.invoices.values()
            if (held.payee, held.division) == (credit.payee, credit.division) and why_not(held) is None
        ]
        assert sum(beside) > 0


def test_scans_are_what_their_first_bytes_say_and_one_may_be_too_large() -> None:
    books = seed_infor(SeedOptions(seed=5, invoices=200, today=TODAY, big_image=True))
    images = [held.image for held in books.invoices.values() if held.image]
    assert {image.kind for image in images} == set(_MAGIC)
    assert len(images) < len(books.invoices)
    for image in images:
        made = image_bytes(image)
        assert made.startswith(_MAGIC[image.kind])
        assert len(made) == image.size
    assert [image.size for image in images if image.size > 7_000_000] == [7_000_001]


def test_fields_fit_their_lengths_in_m3() -> None:
    books = _seed(4, invoices=600)
    for held in books.suppliers.values():
        assert len(held.name) <= 36
        assert len(held.phone) <= 16
        for address in held.addresses:
            assert max(map(len, address.lines)) <= 36
            assert (len(address.name) <= 36, len(address.town) <= 20, len(address.postal_code) <= 10) == (True,) * 3
    for invoice in books.invoices.values():
        assert len(invoice.number) <= 24
    assert max(len(code.description) for codes in books.codes.values() for code in codes) <= 40


@pytest.mark.parametrize("invoices", [0, 1, 7, 30])
def test_small_companies_work_too(invoices: int) -> None:
    assert len(_seed(1, invoices).invoices) == invoices
