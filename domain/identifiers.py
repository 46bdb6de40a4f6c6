"""Identity: natural keys, the pinned connection, and the stream ids derived from both."""

import hashlib
from base64 import b32encode
from functools import lru_cache
from uuid import UUID, uuid5

import msgspec

_NAMESPACE = UUID("6f0c7d52-2f0b-5c0e-9c57-1f0a64e1d9b1")  # ours, fixed for ever: ids derive from it
KEY1_DIGEST_CHARACTERS = 14
_REMEMBERED = 1 << 16  # ids kept: deriving one costs as much as folding a short stream


class PinnedIdentity(msgspec.Struct, frozen=True):
    """What a connection is, whatever it is called: Infor tenant + company + AvidXchange organisation."""

    tenant: str
    company: int
    organisation: str

    @property
    def id(self) -> UUID:
        """The connection id every stream id derives from."""
        return _derived(_NAMESPACE, f"{self.tenant}|{self.company}|{self.organisation}")


class InvoiceKey(msgspec.Struct, frozen=True, order=True):
    """The natural key of an invoice: CONO, DIVI, SPYN (payee), SUNO, SINO, INYR."""

    company: int
    division: str
    payee: str
    supplier: str
    number: str
    year: int

    @property
    def external_id(self) -> str:
        """The key joined with `|`, unescaped: the ExternalId at AvidXchange."""
        return f"{self.company}|{self.division}|{self.payee}|{self.supplier}|{self.number}|{self.year}"

    @property
    def vendor_external_id(self) -> str:
        """The payee's ExternalId at AvidXchange."""
        return f"{self.company}|{self.payee}"

    @classmethod
    def parse(cls, external_id: str) -> "InvoiceKey | None":
        """Read an ExternalId back; None when it is not one of ours. An invoice number may contain `|`."""
        head, _, year = external_id.rpartition("|")
        parts = head.split("|", 4)
        if len(parts) != 5 or not parts[0].isdigit() or not year.isdigit():  # noqa: PLR2004 (a key has six parts)
            return None
        return cls(int(parts[0]), parts[1], parts[2], parts[3], parts[4], int(year))


class LedgerRow(msgspec.Struct, frozen=True, order=True):
    """A row of M3's payables ledger: CONO, DIVI, YEA4, JRNO, JSNO."""

    company: int
    division: str
    year: int
    journal: int
    sequence: int

    @property
    def natural_key(self) -> str:
        """The key joined with `|`."""
        return f"{self.company}|{self.division}|{self.year}|{self.journal}|{self.sequence}"


def stream_id(connection: UUID, kind: str, natural_key: str) -> UUID:
    """Derive a stream's id: the same record seen twice is the same stream."""
    return _derived(connection, f"{kind}:{natural_key}")


def supplier_key(company: int, number: str) -> str:
    """The natural key of a supplier, also its vendor ExternalId."""
    return f"{company}|{number}"


def code_key(company: int, dimension: int, value: str) -> str:
    """The natural key of a ledger code (dimension 1 = GL account)."""
    return f"{company}|{dimension}|{value}"


def key1(identity: PinnedIdentity, *, payment_id: str, division: str, generation: int, kind: str) -> str:
    """Derive KEY1 of GLS840 (15 characters): the same posting always meets itself. kind: `T` or `R`."""
    text = "|".join((identity.tenant, str(identity.company), payment_id, division, str(generation)))
    return kind + _base32(text)[:KEY1_DIGEST_CHARACTERS]


def batch_id(members: list[tuple[str, int]]) -> str:
    """Derive a batch's ExternalId from its sorted members' (ExternalId, attempt number)."""
    text = "\n".join(f"{external_id}#{attempt}" for external_id, attempt in sorted(members))
    return "TO-" + _base32(text)[:20]


def digest(data: bytes) -> str:
    """SHA-256 as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=_REMEMBERED)
def _derived(namespace: UUID, name: str) -> UUID:
    return uuid5(namespace, name)


def _base32(text: str) -> str:
    return b32encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
