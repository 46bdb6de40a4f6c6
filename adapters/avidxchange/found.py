"""What AvidXchange's look-ups found, in our words; a record that disagrees with itself never looks like ours."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from adapters.avidxchange.mapping import vendor_as_sent
from adapters.avidxchange.wire import Text, money, read_record, text
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError
from domain.identifiers import digest
from domain.money import Money
from domain.ports.payables import CodeFound, InvoiceFound, VendorFound

CLOSED = "Closed"
UNREADABLE_GROSS = Money(0, "")  # equals no amount of any invoice: such a find is a person's matter


class _Address(msgspec.Struct, rename="pascal"):
    line1: Text = None
    line2: Text = None
    city: Text = None
    state: Text = None
    postal_code: Text = None
    country: Text = None

    def __repr__(self) -> str:
        """Keep personal data out of logs and tracebacks."""
        return "_Address(…)"


class _Vendor(msgspec.Struct, rename="pascal"):
    vendor_id: Text = None
    external_id: Text = None
    status: Text = None
    name: Text = None
    name_on_check: Text = None
    tax_id: Text = None
    address: _Address | None = None
    remit_to_address: _Address | None = None
    phone: Text = None
    email: Text = None
    active: bool | str | None = None

    def __repr__(self) -> str:
        """Keep personal data out of logs and tracebacks."""
        return "_Vendor(…)"


class _Code(msgspec.Struct, rename="pascal"):
    group_name: Text = None
    code_value: Text = None
    description: Text = None
    is_active: bool | str | None = None


class _Invoice(msgspec.Struct, rename="pascal"):
    invoice_id: Text = None
    external_id: Text = None
    invoice_number: Text = None
    vendor_external_id: Text = None
    gross_amount: msgspec.Raw = msgspec.Raw(b"null")
    currency: Text = None
    status: Text = None
    status_reason: Text = None


class _Batch(msgspec.Struct, rename="pascal"):
    external_id: Text = None
    status: Text = None


class _System(msgspec.Struct, rename="pascal"):
    name: Text = None


def key(field: str) -> Callable[[msgspec.Raw], str]:
    """Give a function that tells a record's id from one of its fields, "" when it cannot."""

    def identify(raw: msgspec.Raw) -> str:
        try:
            fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            return text(msgspec.json.decode(fields[field], type=Text))
        except (KeyError, *UNREADABLE):
            return ""

    return identify


def vendor(raw: msgspec.Raw) -> VendorFound:
    """Read a vendor; its digest is that of our record if the vendor holds what we would send."""
    wire = read_record(raw, _Vendor, record=f"vendor {key('ExternalId')(raw)}".strip())
    external_id, active = text(wire.external_id), _yes(wire.active)
    record = vendor_as_sent(
        external_id,
        {
            "Name": text(wire.name),
            "NameOnCheck": text(wire.name_on_check),
            "TaxId": text(wire.tax_id),
            "Phone": text(wire.phone),
            "Email": text(wire.email),
        },
        address=_address(wire.address),
        remit_to=_address(wire.remit_to_address),
        active=active,
    )
    return VendorFound(
        external_id=external_id,
        vendor_id=text(wire.vendor_id),
        enrolment=text(wire.status),
        record_digest=digest(msgspec.json.encode(record)),
        active=active,
    )


def code(raw: msgspec.Raw, group: str) -> CodeFound:
    """Read an enterprise code of a group."""
    wire = read_record(raw, _Code, record=f"code {group} {key('CodeValue')(raw)}".strip())
    return CodeFound(
        group=text(wire.group_name) or group,
        value=text(wire.code_value),
        description=text(wire.description),
        active=_yes(wire.is_active),
    )


def invoice(raw: msgspec.Raw, currency: str) -> InvoiceFound:
    """Read an invoice. An unreadable gross gives an amount that agrees with nothing, so that nothing is sent again.

    Raises MalformedError when even its ExternalId or InvoiceId is missing: then no absence may be believed.
    """
    record = f"invoice {key('InvoiceId')(raw)} {key('ExternalId')(raw)}".strip()
    wire = read_record(raw, _Invoice, record=record)
    external_id, invoice_id = text(wire.external_id), text(wire.invoice_id)
    if not external_id or not invoice_id:
        raise MalformedError(f"{record} has no ExternalId or no InvoiceId", record=record)
    return InvoiceFound(
        avid_invoice_id=invoice_id,
        external_id=external_id,
        invoice_number=text(wire.invoice_number),
        vendor_external_id=text(wire.vendor_external_id),
        gross=_gross(wire.gross_amount, text(wire.currency) or currency, record=record),
        status=text(wire.status),
        status_reason=text(wire.status_reason),
    )


def batch(raw: msgspec.Raw) -> tuple[str, str]:
    """Read a batch: (ExternalId, status)."""
    wire = read_record(raw, _Batch, record="batch")
    return text(wire.external_id), text(wire.status)


def system_name(raw: msgspec.Raw) -> str:
    """Read an accounting system's name."""
    return text(read_record(raw, _System, record="accounting system").name)


def _gross(raw: msgspec.Raw, currency: str, *, record: str) -> Money:
    try:
        value = msgspec.json.decode(raw, type=Decimal | None)
        return money(value, currency, field="GrossAmount", record=record)
    except (*UNREADABLE, MalformedError):
        return UNREADABLE_GROSS


def _address(wire: _Address | None) -> dict[str, str | None] | None:
    if wire is None:
        return None
    return {
        "Line1": text(wire.line1),
        "Line2": text(wire.line2),
        "City": text(wire.city),
        "State": text(wire.state),
        "PostalCode": text(wire.postal_code),
        "Country": text(wire.country),
    }


def _yes(value: bool | str | None) -> bool:  # noqa: FBT001 - a JSON value, not an option
    return value.strip().casefold() == "true" if isinstance(value, str) else bool(value)
