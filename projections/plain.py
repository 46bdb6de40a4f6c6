"""Plain values: structs as what JSON knows; money as text beside its currency, personal data left out."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.event import Personal
from domain.identifiers import InvoiceKey, LedgerRow
from domain.money import Money

INTERNAL = frozenset({"folded"})  # the domain's state inside a row: for folding, not for reading
HIDDEN = "(personal)"


def plain(value: Any) -> Any:
    """Make a value plain: Money {"amount", "currency"}, times UTC, keys as their texts, bytes and secrets never."""
    match value:
        case Money():
            return {"amount": str(value), "currency": value.currency}
        case Personal():
            return HIDDEN
        case InvoiceKey():
            return value.external_id
        case LedgerRow():
            return value.natural_key
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case msgspec.Struct():
            fields = (name for name in value.__struct_fields__ if name not in INTERNAL)
            return {name: plain(getattr(value, name)) for name in fields}
        case dict():
            return {str(name): plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case set() | frozenset():
            return sorted(plain(part) for part in value)
        case _:
            return value
