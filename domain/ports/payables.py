"""The role of the payables system (AvidXchange): takes vendors, codes and invoices, reports payments.

Reads raise TransientError (bounded retries inside are done), RefusedError, MalformedError or MisconfiguredError.
Upserts raise TransientError when the outcome is unknown. `send_batch` never raises for an answer: it judges it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from domain.identifiers import InvoiceKey
from domain.invoices.content import ImageRef, InvoiceContent
from domain.ledger_codes.events import CodeContent
from domain.money import Money
from domain.payments.events import PaymentContent
from domain.ports.answers import Breach, CallAnswer, RecordAnswer
from domain.suppliers.events import SupplierContent


class VendorFound(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as AvidXchange holds it; record_digest: the digest our own record would have if it were the same."""

    external_id: str
    vendor_id: str
    enrolment: str
    record_digest: str
    active: bool


class CodeFound(msgspec.Struct, frozen=True, kw_only=True):
    """A code as AvidXchange holds it."""

    group: str
    value: str
    description: str
    active: bool


class InvoiceFound(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice as AvidXchange holds it; `live`: neither Rejected nor Void."""

    avid_invoice_id: str
    external_id: str
    invoice_number: str
    vendor_external_id: str
    gross: Money
    status: str
    status_reason: str

    @property
    def live(self) -> bool:
        """Whether it may still be paid or was."""
        return self.status not in ("Rejected", "Void")


class BatchMember(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice of a batch to be sent; image bytes come from the blob store by their digest."""

    key: InvoiceKey
    content: InvoiceContent
    image: ImageRef | None


class EncodedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes that will go out: `body` whole, `record_digests` by ExternalId in order of position."""

    batch: str
    body: bytes
    digest: str
    record_digests: dict[str, str]


class PaymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of payments; total: TotalItems when told; problems: records that could not be read (id, text)."""

    payments: tuple[PaymentContent, ...]
    page: int
    pages: int | None
    total: int | None
    problems: tuple[tuple[str, str], ...] = ()


class PayablesSystem(Protocol):
    """AvidXchange, as the errands see it. Thread-safe."""

    def check(self) -> tuple[str, ...]:
        """Ping: give the names of the accounting systems."""

    def vendor_digest(self, content: SupplierContent) -> str:
        """Digest of the record that would be sent."""

    def vendor_breaches(self, content: SupplierContent) -> tuple[Breach, ...]:
        """Check the remote's limits before sending."""

    def put_vendors(self, contents: Sequence[SupplierContent], *, deadline: datetime) -> dict[str, RecordAnswer]:
        """Upsert at most 100 vendors, no byte after `deadline` (by this process's clock); answers by ExternalId.

        Raises TransientError (outcome unknown unless `before_processing`), RefusedError when the whole call was.
        """

    def find_vendors(self, external_ids: Sequence[str]) -> dict[str, VendorFound]:
        """Look vendors up by ExternalId, in bulk."""

    def code_breaches(self, content: CodeContent) -> tuple[Breach, ...]:
        """Check the remote's limits before sending."""

    def put_codes(self, contents: Sequence[CodeContent], *, deadline: datetime) -> dict[tuple[str, str], RecordAnswer]:
        """Upsert at most 500 codes, no byte after `deadline`; answers by (group, value). Raises as `put_vendors`."""

    def list_codes(self, group: str) -> dict[str, CodeFound]:
        """Give every code of a group by value."""

    def invoice_breaches(self, content: InvoiceContent) -> tuple[Breach, ...]:
        """Check the remote's limits before sending."""

    def encode_batch(self, batch: str, members: Sequence[BatchMember]) -> EncodedBatch:
        """Write the body: pure, the same members give the same bytes."""

    def encoded_size(self, member: BatchMember) -> int:
        """Bytes the member takes in a body (for filling a batch up to `body_limit`)."""

    @property
    def body_limit(self) -> int:
        """Largest body in bytes."""

    def prepare(self) -> None:
        """Get token and rate budget for one write ready; done before the intent. Raises TransientError."""

    def send_batch(self, encoded: EncodedBatch, *, deadline: datetime) -> CallAnswer:
        """POST once, wrapped in nothing, no byte after `deadline`; records are keyed by ExternalId."""

    def find_batches(self, batches: Sequence[str]) -> dict[str, str]:
        """Look batches up: status by ExternalId; unknown ones are left out."""

    def find_invoices(self, external_ids: Sequence[str]) -> dict[str, list[InvoiceFound]]:
        """Look invoices up, 50 a call; unknown ones map to []."""

    def changed_invoices(self, since: date, until: date) -> Iterator[tuple[InvoiceFound, ...]]:
        """Pages of invoices modified in a window of UTC days, both inclusive, at most 30 days apart."""

    def payments(self, since: date, until: date) -> Iterator[PaymentPage]:
        """Pages of payments modified in a window of UTC days, both inclusive, at most 30 days apart."""

    def payments_by_id(self, payment_ids: Sequence[str]) -> dict[str, PaymentContent]:
        """Look payments up by id; unknown ones are left out."""

    def now_hint(self) -> datetime | None:
        """Give the remote's clock from its last Date header, None before the first answer."""

    @property
    def calls(self) -> int:
        """HTTP requests sent by this process so far."""
