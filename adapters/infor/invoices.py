"""Reads approved invoices, their totals, vouchers and purchase order lines."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TypeVar

from adapters.infor import capabilities, exportmi, mapping
from adapters.infor.answers import Kind, Outcome
from adapters.infor.client import Client
from adapters.infor.values import Row, text, whole, written
from domain.errors import MalformedError, RefusedError
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.money import total
from domain.ports.ledger import COLUMN_COUNT, MALFORMED, InvoiceHead, PoLine, Problem, VoucherLine

Page = tuple[InvoiceHead | Problem, ...]
T = TypeVar("T")


def invoice_heads(client: Client, division: str, changed_since: date) -> Iterator[Page]:
    """Give pages of approved invoices in primary-key order; goes on until a page brings nothing new."""
    assumed = client.settings.assumed
    base = [
        ("EPDIVI", "=", division),
        ("EPTRCD", "=", assumed.invoice_code),
        ("EPAPRV", "=", assumed.approved),
        ("EPLMDT", ">=", written(changed_since)),
    ]
    cursor: exportmi.Cursor | None = None
    while True:
        count, page = _page(client, exportmi.heads_query(base, cursor))
        if page.good or page.bad:
            yield _heads(client, page)
        last = client.is_last(capabilities.EXPORT, count, asked=assumed.page_rows)
        if not (page.good or page.bad) or last:
            return
        if page.last is None or (cursor is not None and page.last <= cursor):
            raise MalformedError(f"Infor's list of invoices of {division} does not go on in key order", record=division)
        cursor = page.last


def _page(client: Client, query: str) -> tuple[int, exportmi.SplitRows]:
    """Read a page, with another separator where one occurs in the data; gives the number of reply rows too."""
    best: tuple[int, exportmi.SplitRows] | None = None
    for separator in client.settings.assumed.separators:
        values = {"QERY": query, "SEPC": separator, "HDRS": "1"}
        rows = client.list_rows(capabilities.EXPORT, values, rows=client.settings.assumed.page_rows)
        found = len(rows), exportmi.split_rows([row.get("REPL", "") for row in rows], separator)
        if best is None or len(found[1].bad) < len(best[1].bad):
            best = found
        if not best[1].bad:
            break
    if best is None:
        raise MalformedError("no separator is set for EXPORTMI", record="separators")
    return best


def _heads(client: Client, page: exportmi.SplitRows) -> Page:
    found: list[InvoiceHead | Problem] = []
    for row in page.good:
        try:
            found.append(mapping.invoice_head(row, settings=client.settings))
        except MalformedError as malformed:
            place = "|".join(text(row, column) for column in exportmi.HEAD_COLUMNS[:4])  # as `LedgerRow.natural_key`
            record = f"{client.settings.company}|{place}"
            found.append(Problem(record=record, code=MALFORMED, text=str(malformed)))
    for line in page.bad:
        words = "a row of EXPORTMI has the wrong number of columns: every separator occurs in it"
        found.append(Problem(record=line[:40].strip(), code=COLUMN_COUNT, text=words))
    return tuple(found)


def invoice_fields(key: InvoiceKey) -> dict[str, str]:
    """Write the fields that name an invoice in APS200MI."""
    return {"SPYN": key.payee, "SINO": key.number, "INYR": str(key.year), "SUNO": key.supplier}


def ledger_states(client: Client, keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, LedgerState | Problem | None]:
    """Read totals in bulk; None where Infor does not know the invoice."""
    unique = list(dict.fromkeys(keys))
    outcomes = client.bulk(
        capabilities.INVOICE_TOTALS, [{"DIVI": key.division, **invoice_fields(key)} for key in unique]
    )

    def state(key: InvoiceKey, outcome: Outcome) -> LedgerState | None:
        rows = client.rows_of(outcome, capabilities.INVOICE_TOTALS)
        if not rows and outcome.kind is Kind.ROWS:
            raise MalformedError(f"Infor says nothing of {key.external_id}, not even that it is unknown")
        return mapping.ledger_state(rows[0], settings=client.settings, record=key.external_id) if rows else None

    return {
        key: readable(key.external_id, partial(state, key, outcome))
        for key, outcome in zip(unique, outcomes, strict=True)
    }


def voucher_lines(client: Client, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[VoucherLine, ...] | Problem]:
    """Read the invoices' vouchers in bulk; always by series, for numbers repeat across series."""
    outcomes = client.bulk(
        capabilities.VOUCHER_LINES,
        [voucher_fields(head.key.division, head.row.year, head.voucher, head.series) for head in heads],
    )

    def lines(head: InvoiceHead, outcome: Outcome) -> tuple[VoucherLine, ...]:
        record = head.key.external_id
        rows = client.rows_of(outcome, capabilities.VOUCHER_LINES)
        same = [row for row in rows if whole(row, "JRNO", record=record) == head.row.journal]
        found = (mapping.voucher_line(row, currency=head.gross.currency, record=record) for row in same or rows)
        return tuple(sorted(found, key=lambda line: line.sequence))

    return {
        head.key: readable(head.key.external_id, partial(lines, head, outcome))
        for head, outcome in zip(heads, outcomes, strict=True)
    }


def voucher_fields(division: str, year: int, voucher: int, series: str) -> dict[str, str]:
    """Write the fields that name a voucher in GLS200MI."""
    return {"DIVI": division, "YEA4": str(year), "VONO": str(voucher), "VSER": series}


def po_lines(client: Client, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[PoLine, ...] | Problem]:
    """Read purchase order lines in bulk: first the invoice batches of each invoice number, then their lines."""
    batches = client.bulk(capabilities.PO_BATCHES, [_po_fields(head) for head in heads])
    asked: list[tuple[InvoiceHead, str]] = []
    found: dict[InvoiceKey, tuple[PoLine, ...] | Problem] = {}
    for head, outcome in zip(heads, batches, strict=True):
        numbers = readable(head.key.external_id, partial(_batch_numbers, client, outcome))
        if isinstance(numbers, Problem):
            found[head.key] = numbers
        else:
            asked += [(head, number) for number in numbers]
    lines = client.bulk(capabilities.PO_LINES, [{"INBN": number, "DIVI": head.key.division} for head, number in asked])
    by_head: dict[InvoiceKey, list[Outcome]] = defaultdict(list)
    for (head, _), outcome in zip(asked, lines, strict=True):
        by_head[head.key].append(outcome)
    for head in heads:
        if head.key not in found:
            found[head.key] = readable(
                head.key.external_id, partial(_lines_of, client, head, by_head.get(head.key, []))
            )
    return found


def _po_fields(head: InvoiceHead) -> dict[str, str]:
    key = head.key
    return {"SPYN": key.payee, "SUNO": key.supplier, "SINO": key.number, "DIVI": key.division}


def _batch_numbers(client: Client, outcome: Outcome) -> list[str]:
    rows = client.rows_of(outcome, capabilities.PO_BATCHES)
    return list(dict.fromkeys(number for row in rows if (number := text(row, "INBN"))))


def _lines_of(client: Client, head: InvoiceHead, outcomes: Sequence[Outcome]) -> tuple[PoLine, ...]:
    """Give the lines of the batch that is this invoice's; the same number may have been used in another year."""
    record = head.key.external_id
    candidates = []
    for outcome in outcomes:
        rows = [row for row in client.rows_of(outcome, capabilities.PO_LINES) if _may_be_of(row, head)]
        currency = head.gross.currency
        lines = tuple(mapping.po_line(row, currency=currency, record=record) for row in rows if text(row, "PUNO"))
        whole_batch = total((mapping.po_line(row, currency=currency, record=record).amount for row in rows), currency)
        candidates.append((lines, abs(whole_batch) == abs(head.gross)))
    if len(candidates) > 1 and sum(agrees for _, agrees in candidates) == 1:
        return next(lines for lines, agrees in candidates if agrees)
    return tuple(line for lines, _ in candidates for line in lines)


def _may_be_of(row: Row, head: InvoiceHead) -> bool:
    year = text(row, "INYR")
    return year.strip("0") == "" or year == str(head.key.year)


def readable(record: str, read: Callable[[], T]) -> T | Problem:
    """Give what `read` gives; a refusal or an unreadable answer is this record's Problem, not its neighbours'."""
    try:
        return read()
    except RefusedError as refused:
        return Problem(record=record, code=refused.code, text=str(refused))
    except MalformedError as malformed:
        return Problem(record=record, code=MALFORMED, text=str(malformed))
