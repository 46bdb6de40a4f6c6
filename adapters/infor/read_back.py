"""Reads back payment rows with their voucher texts: the only proof that a posting was booked."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from adapters.infor import capabilities
from adapters.infor.client import Client, TransactionMissingError
from adapters.infor.invoices import invoice_fields, voucher_fields
from adapters.infor.parm import voucher_text
from adapters.infor.values import Row, code_is, day, money, text, whole, written
from domain.errors import MalformedError
from domain.identifiers import InvoiceKey, LedgerRow
from domain.money import Money
from domain.ports.store import Clock
from domain.postings.events import EvidenceRow
from domain.postings.evidence import PaymentRows

AHEAD = timedelta(days=366)  # a posting may be dated ahead of our clock
_YEARS_AROUND = (0, 1, -1)  # a fiscal year may begin before or after the calendar's


class _Payment(msgspec.Struct, frozen=True):
    """A row of TRCD 50 as LstInvoiceTrans shows it; the year is not among its fields on every tenant."""

    invoice: InvoiceKey
    years: tuple[int, ...]
    journal: int
    sequence: int
    voucher: int
    series: str
    amount: Money
    accounting_date: date | None


class _Lines(msgspec.Struct, frozen=True):
    """Lines of a voucher in one journal; cut: there may be more of them."""

    rows: tuple[Row, ...] = ()
    cut: bool = False


_Voucher = tuple[str, int, int, str]  # division, year, number, series


class ReadBack:
    """Knows which way the tenant can be read back: LstInvoiceTrans, or vouchers by date."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._by_date = threading.Event()

    def payment_rows(self, keys: Sequence[InvoiceKey], *, since: date) -> PaymentRows:
        """Give payment rows per invoice, amounts absolute; every key is in the answer. Raises like `Client.bulk`.

        M3 cuts long lists in silence and these have no key to go on from: what may be cut is named.
        """
        unique = list(dict.fromkeys(keys))
        if not self._by_date.is_set():
            try:
                return self._by_invoice(unique)
            except TransactionMissingError:
                self._by_date.set()
        return self._by_voucher_date(unique, since)

    def _by_invoice(self, keys: Sequence[InvoiceKey]) -> PaymentRows:
        client = self._client
        code = client.settings.assumed.payment_code
        outcomes = client.bulk(
            capabilities.INVOICE_ROWS, [{"DIVI": key.division, "TRCD": code, **invoice_fields(key)} for key in keys]
        )
        lists = [client.rows_of(outcome, capabilities.INVOICE_ROWS) for outcome in outcomes]
        cut = {
            key
            for key, rows in zip(keys, lists, strict=True)
            if client.may_be_cut(capabilities.INVOICE_ROWS, len(rows))
        }
        payments = [
            _payment(row, key)
            for key, rows in zip(keys, lists, strict=True)
            for row in rows
            if code_is(row, "TRCD", code)
        ]
        found: dict[InvoiceKey, list[EvidenceRow]] = {key: [] for key in keys}
        for payment, (year, lines) in zip(payments, self._lines(payments), strict=True):
            words = _line_of(lines, payment, client)
            found[payment.invoice].append(_evidence(payment, year, words))
            if lines.cut and not words:
                cut.add(payment.invoice)
        return PaymentRows(rows={key: tuple(rows) for key, rows in found.items()}, cut=frozenset(cut))

    def _lines(self, payments: Sequence[_Payment]) -> list[tuple[int, _Lines]]:
        """Read the voucher of each payment, in the years it may stand in, until its own lines are found."""
        found: dict[int, tuple[int, _Lines]] = {}
        for attempt in range(len(_YEARS_AROUND)):
            asked = [
                (place, payment, payment.years[attempt])
                for place, payment in enumerate(payments)
                if place not in found and attempt < len(payment.years)
            ]
            vouchers = self._vouchers([(payment, year) for _, payment, year in asked])
            found |= {
                place: (year, lines)
                for (place, _, year), lines in zip(asked, vouchers, strict=True)
                if lines.rows or lines.cut
            }
        return [found.get(place, (payment.years[0], _Lines())) for place, payment in enumerate(payments)]

    def _vouchers(self, asked: Sequence[tuple[_Payment, int]]) -> list[_Lines]:
        """Read vouchers in bulk, each once, and of those that may be cut the payment's own journal alone."""
        wanted: list[tuple[_Voucher, int]] = [
            ((payment.invoice.division, year, payment.voucher, payment.series), payment.journal)
            for payment, year in asked
        ]
        whole_ones = self._read_lines([(voucher, 0) for voucher, _ in wanted])
        long_ones = [(voucher, journal) for voucher, journal in wanted if whole_ones[voucher, 0].cut]
        found = whole_ones | self._read_lines(long_ones)
        return [_of_journal(found.get((voucher, journal), found[voucher, 0]), journal) for voucher, journal in wanted]

    def _read_lines(self, wanted: Sequence[tuple[_Voucher, int]]) -> dict[tuple[_Voucher, int], _Lines]:
        """Read voucher lines in bulk, of one journal where it is not 0."""
        unique = list(dict.fromkeys(wanted))
        if not unique:
            return {}
        client, lines = self._client, capabilities.VOUCHER_LINES
        records = [
            voucher_fields(*voucher) | ({"JRNO": str(journal)} if journal else {}) for voucher, journal in unique
        ]
        lists = [client.rows_of(outcome, lines) for outcome in client.bulk(lines, records)]
        return {
            each: _Lines(rows, client.may_be_cut(lines, len(rows))) for each, rows in zip(unique, lists, strict=True)
        }

    def _by_voucher_date(self, keys: Sequence[InvoiceKey], since: date) -> PaymentRows:
        """Find payments by voucher text, for these rows do not name their invoice: `<payment id> <number>`."""
        wanted: dict[str, list[InvoiceKey]] = defaultdict(list)
        for key in keys:
            wanted[key.division].append(key)
        found: dict[InvoiceKey, list[EvidenceRow]] = {key: [] for key in keys}
        cut: set[InvoiceKey] = set()
        until = max(self._clock.now().date(), since) + AHEAD
        code = self._client.settings.assumed.payment_code
        for division, members in wanted.items():
            lines = self._span(division, since, until)
            cut.update(members if lines.cut else ())
            for row in lines.rows:
                if code_is(row, "TRCD", code):
                    for key in members:
                        if _names(text(row, "VTXT"), key.number):
                            found[key].append(_dated(row, key))
        return PaymentRows(rows={key: tuple(rows) for key, rows in found.items()}, cut=frozenset(cut))

    def _span(self, division: str, first: date, last: date) -> _Lines:
        """List voucher lines of a span of days; one that may have been cut off is read in halves, down to a day."""
        values = {"FRDT": written(first), "TODT": written(last), "DIVI": division}
        rows = self._client.list_rows(capabilities.VOUCHERS_BY_DATE, values, division=division)
        cut = self._client.may_be_cut(capabilities.VOUCHERS_BY_DATE, len(rows))
        if first >= last or not cut:
            return _Lines(rows, cut)
        middle = first + (last - first) // 2
        halves = self._span(division, first, middle), self._span(division, middle + timedelta(days=1), last)
        return _Lines(tuple(row for half in halves for row in half.rows), any(half.cut for half in halves))


def _of_journal(lines: _Lines, journal: int) -> _Lines:
    own = tuple(row for row in lines.rows if whole(row, "JRNO", record="GLS200MI") == journal)
    return _Lines(own, lines.cut)


def _payment(row: Row, key: InvoiceKey) -> _Payment:
    record = key.external_id
    accounting_date = day(row, "ACDT", record=record)
    told = whole(row, "YEA4", record=record)
    around = accounting_date.year if accounting_date is not None else key.year
    return _Payment(
        invoice=key,
        years=(told,) if told else tuple(around + step for step in _YEARS_AROUND),
        journal=whole(row, "JRNO", record=record),
        sequence=whole(row, "JSNO", record=record),
        voucher=whole(row, "VONO", record=record),
        series=text(row, "VSER"),
        amount=abs(money(row, "CUAM", currency=text(row, "CUCD") or "USD", record=record)),
        accounting_date=accounting_date,
    )


def _evidence(payment: _Payment, year: int, words: str) -> EvidenceRow:
    key = payment.invoice
    row = LedgerRow(key.company, key.division, year, payment.journal, payment.sequence)
    return EvidenceRow(
        invoice=key,
        ledger_row=row.natural_key,
        voucher=f"{payment.series}-{payment.voucher}",
        amount=payment.amount,
        accounting_date=payment.accounting_date,
        text=words,
    )


def _line_of(lines: _Lines, payment: _Payment, client: Client) -> str:
    """Give the text of the payment's own voucher line: the same sequence, else the only one of the same amount."""
    record = payment.invoice.external_id
    for row in lines.rows:
        if whole(row, "JSNO", record=record) == payment.sequence and text(row, "VTXT"):
            return text(row, "VTXT")
    if lines.cut:  # what is missing may have the amount, too
        return ""
    code, currency = client.settings.assumed.payment_code, payment.amount.currency
    fitting = {
        text(row, "VTXT")
        for row in lines.rows
        if code_is(row, "TRCD", code) and abs(money(row, "CUAM", currency=currency, record=record)) == payment.amount
    }
    return next(iter(fitting)) if len(fitting) == 1 else ""


def _names(words: str, number: str) -> bool:
    """Tell whether a voucher text is one of ours about an invoice number."""
    payment_id, blank, _ = words.partition(" ")
    return bool(blank) and words == voucher_text(payment_id, number)


def _dated(row: Row, key: InvoiceKey) -> EvidenceRow:
    record = key.external_id
    place = LedgerRow(
        key.company,
        key.division,
        whole(row, "YEA4", record=record),
        whole(row, "JRNO", record=record),
        whole(row, "JSNO", record=record),
    )
    if not place.year or not place.journal:
        raise MalformedError(f"{record}: a voucher line without year or journal", record=record)
    return EvidenceRow(
        invoice=key,
        ledger_row=place.natural_key,
        voucher=f"{text(row, 'VSER')}-{text(row, 'VONO')}",
        amount=abs(money(row, "CUAM", currency=text(row, "CUCD") or "USD", record=record)),
        accounting_date=day(row, "ACDT", record=record),
        text=text(row, "VTXT"),
    )
