"""Facts about a supplier; one stream per CONO|SUNO."""

from typing import ClassVar

import msgspec

from domain.event import Event, Personal, topic


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address in AvidXchange's shape; absent parts are None."""

    line1: Personal | None = None
    line2: Personal | None = None
    city: Personal | None = None
    state: Personal | None = None
    postal_code: Personal | None = None
    country: str = ""


class SupplierContent(msgspec.Struct, frozen=True, kw_only=True):
    """What Infor says of a supplier (CRS620MI, CRS111MI).

    status: M3's STAT (10 preliminary, 20 definite, 90 blocked); name_on_check: the remit-to's name when it differs.
    """

    company: int
    number: str
    name: str
    status: str
    name_on_check: str | None = None
    tax_id: Personal | None = None
    address: Address | None = None
    remit_to: Address | None = None
    phone: Personal | None = None
    email: Personal | None = None
    group: str = ""
    payee: str = ""

    @property
    def active(self) -> bool:
        """Whether the supplier is in use in Infor (status 20)."""
        return self.status == "20"


@topic
class SupplierRecorded(Event, frozen=True, kw_only=True):
    """A supplier was seen for the first time; `to_send` is False while it was never active."""

    TOPIC: ClassVar[str] = "supplier.recorded/1"
    content: SupplierContent
    to_send: bool


@topic
class SupplierChanged(Event, frozen=True, kw_only=True):
    """Infor changed something of the supplier that we send, or the store went back in time and it is sent anew."""

    TOPIC: ClassVar[str] = "supplier.changed/1"
    content: SupplierContent
    to_send: bool


@topic
class SupplierBlocked(Event, frozen=True, kw_only=True):
    """The supplier left status 20: it goes out as inactive."""

    TOPIC: ClassVar[str] = "supplier.blocked/1"
    content: SupplierContent
    to_send: bool


@topic
class SupplierUnblocked(Event, frozen=True, kw_only=True):
    """The supplier came (back) to status 20."""

    TOPIC: ClassVar[str] = "supplier.unblocked/1"
    content: SupplierContent
    to_send: bool


@topic
class SupplierConfirmed(Event, frozen=True, kw_only=True):
    """AvidXchange holds the vendor as we sent it.

    of_version: the stream version whose content was sent; digest: SHA-256 of the record sent;
    enrolment: Enrolled, Pending or Excluded; opens_gate: active and not Excluded.
    """

    TOPIC: ClassVar[str] = "supplier.confirmed/1"
    key: str
    vendor_id: str
    enrolment: str
    digest: str
    of_version: int
    opens_gate: bool


@topic
class SupplierRefused(Event, frozen=True, kw_only=True):
    """The vendor was refused, by our own check of the limits or by AvidXchange."""

    TOPIC: ClassVar[str] = "supplier.refused/1"
    key: str
    code: str
    text: str
    of_version: int
    field: str = ""
    limit: int | None = None
    length: int | None = None


@topic
class SupplierRetryOrdered(Event, frozen=True, kw_only=True):
    """A person asked to send the supplier again."""

    TOPIC: ClassVar[str] = "supplier.retry-ordered/1"
    person: str
    reason: str
