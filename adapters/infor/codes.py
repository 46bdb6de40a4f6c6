"""Reads GL accounts and accounting dimensions, company wide and per division."""

from collections.abc import Iterable

from adapters.infor import capabilities, mapping
from adapters.infor.client import Client
from adapters.infor.values import Row, needed, text
from domain.ledger_codes.events import CodeFact

COMPANY_WIDE = ""


def read_codes(client: Client, dimension: int) -> dict[str, tuple[CodeFact, ...]]:
    """Give every value of a dimension (1 = GL account) with its facts: the company's first, then per division.

    Raises like `Client.bulk`; also MalformedError, for a code left out would look as if it were gone.
    """
    divisions = tuple(dict.fromkeys((COMPANY_WIDE, *client.settings.divisions)))
    seen: dict[str, dict[str, CodeFact]] = {division: {} for division in divisions}
    starts = dict.fromkeys(divisions, "")
    while starts:
        asked = list(starts.items())
        outcomes = client.bulk(
            capabilities.CODES,
            [{"AITP": str(dimension), "DIVI": division, "AITM": start} for division, start in asked],
        )
        starts = {}
        for (division, _), outcome in zip(asked, outcomes, strict=True):
            rows = client.rows_of(outcome, capabilities.CODES)
            last = client.is_last(capabilities.CODES, len(rows), asked=0)
            if _note(seen[division], rows, division, client) and not last:
                starts[division] = needed(rows[-1], "AITM", record="CRS630MI/LstAccountID")
    values = sorted({value for held in seen.values() for value in held})
    return {value: tuple(held[value] for held in seen.values() if value in held) for value in values}


def used_dimensions(client: Client, division: str) -> frozenset[int]:
    """Give the dimensions a division uses (GetGLSettings, FAC1..FAC7)."""
    rows = client.list_rows(capabilities.GL_SETTINGS, {"DIVI": division}, division=division)
    numbers = range(1, mapping.DIMENSIONS + 1)
    off = ("", "0", "N")
    return frozenset(number for row in rows for number in numbers if row.get(f"FAC{number}", "").strip() not in off)


def _note(seen: dict[str, CodeFact], rows: Iterable[Row], division: str, client: Client) -> bool:
    """Keep a page's facts (rows of another division are not the answer to the question); tell if any was new."""
    fresh = False
    for row in rows:
        value = needed(row, "AITM", record="CRS630MI/LstAccountID")
        if text(row, "DIVI") == division and value not in seen:
            seen[value] = mapping.code_fact(row, settings=client.settings)
            fresh = True
    return fresh
