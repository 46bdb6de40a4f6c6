"""Reads suppliers: who changed, and everything we send of them."""

from collections.abc import Iterator, Sequence

from adapters.infor import capabilities, mapping
from adapters.infor.answers import Kind, Outcome
from adapters.infor.client import Client
from adapters.infor.errors import NO_SUPPLIER
from domain.errors import MalformedError, RefusedError
from domain.ports.ledger import MALFORMED, Problem
from domain.suppliers.events import SupplierContent

_PARTS = (capabilities.ADDRESSES, capabilities.EMAILS)


def changed_suppliers(client: Client, since: int) -> Iterator[tuple[str, ...]]:
    """Give pages of supplier numbers changed since (epoch milliseconds, the server's clock; 0 = all)."""
    values = {"LMTS": str(since)} if since > 0 else {}
    pages = client.walk(capabilities.SUPPLIERS, values, position="FRSU", key="SUNO", columns=("SUNO",))
    for page in pages:
        yield tuple(number for row in page if (number := row.get("SUNO", "").strip()))


def supplier_details(client: Client, numbers: Sequence[str]) -> dict[str, SupplierContent | Problem]:
    """Read basic data, addresses and e-mail of suppliers in bulk; one that cannot be read is a Problem."""
    unique = list(dict.fromkeys(numbers))
    basics = client.bulk(capabilities.SUPPLIER, [{"SUNO": number} for number in unique])
    found = [number for number, basic in zip(unique, basics, strict=True) if basic.rows]
    addresses = client.bulk(capabilities.ADDRESSES, [{"SUNO": number} for number in found])
    kind = client.settings.assumed.supplier_emails
    emails = client.bulk(capabilities.EMAILS, [{"EMTP": kind, "EMKY": number} for number in found])
    parts = {number: (where, mail) for number, where, mail in zip(found, addresses, emails, strict=True)}
    return {
        number: _details(client, number, basic, parts.get(number)) for number, basic in zip(unique, basics, strict=True)
    }


def _details(
    client: Client, number: str, basic: Outcome, parts: tuple[Outcome, Outcome] | None
) -> SupplierContent | Problem:
    if parts is None:
        unknown = basic.kind is Kind.ROWS or basic.code == NO_SUPPLIER
        code = NO_SUPPLIER if unknown else basic.code or basic.kind.value
        return Problem(record=number, code=code, text=basic.text or f"Infor says nothing of supplier {number}")
    try:
        rows = [client.rows_of(part, each) for part, each in zip(parts, _PARTS, strict=True)]
        return mapping.supplier(basic.rows[0], rows[0], rows[1], settings=client.settings)
    except RefusedError as refused:
        return Problem(record=number, code=refused.code, text=str(refused))
    except MalformedError as malformed:
        return Problem(record=number, code=MALFORMED, text=str(malformed))
