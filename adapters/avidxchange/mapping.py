"""Our records in AvidXchange's words: strict, deterministic JSON, money as raw numbers with two decimals."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from adapters.avidxchange.capabilities import FILE_NAME_CHARACTERS, limits_of
from domain.event import Personal
from domain.identifiers import digest, supplier_key
from domain.invoices.content import CodingLine, InvoiceContent
from domain.ledger_codes.events import CodeContent
from domain.money import Money
from domain.ports.answers import Breach
from domain.ports.payables import BatchMember, EncodedBatch
from domain.ports.store import BlobStore
from domain.suppliers.events import Address, SupplierContent

Record = dict[str, object]
ADDRESS_PARTS = ("Line1", "Line2", "City", "State", "PostalCode", "Country")
VENDOR_TEXTS = ("Name", "NameOnCheck", "TaxId", "Phone", "Email")
_encode = msgspec.json.Encoder().encode


def vendor_external_id(content: SupplierContent) -> str:
    """The supplier's natural key is its ExternalId."""
    return supplier_key(content.company, content.number)


def vendor_record(content: SupplierContent) -> Record:
    """Write a supplier as a vendor; an address without any part counts as none."""
    return vendor_as_sent(
        vendor_external_id(content),
        {
            "Name": content.name,
            "NameOnCheck": content.name_on_check,
            "TaxId": _plain(content.tax_id),
            "Phone": _plain(content.phone),
            "Email": _plain(content.email),
        },
        address=_address(content.address),
        remit_to=_address(content.remit_to),
        active=content.active,
    )


def vendor_as_sent(
    external_id: str,
    texts: Mapping[str, str | None],
    *,
    address: Mapping[str, str | None] | None,
    remit_to: Mapping[str, str | None] | None,
    active: bool,
) -> Record:
    """Put a vendor's parts into the one form that is sent and digested: missing, blank and null are one."""
    return {
        "ExternalId": external_id,
        "Name": _text(texts.get("Name")),
        "NameOnCheck": _text(texts.get("NameOnCheck")),
        "TaxId": _text(texts.get("TaxId")),
        "Address": _parts(address),
        "RemitToAddress": _parts(remit_to),
        "Phone": _text(texts.get("Phone")),
        "Email": _text(texts.get("Email")),
        "Active": active,
    }


def code_record(content: CodeContent) -> Record:
    """Write a ledger code as an enterprise code."""
    return {
        "GroupName": content.group,
        "CodeValue": content.value,
        "Description": _text(content.description),
        "IsActive": content.active,
    }


def invoice_record(member: BatchMember, groups: Mapping[int, str], *, image: Record | None) -> Record:
    """Write an invoice; codes of dimensions that `groups` does not name are left out."""
    content = member.content
    return {
        "ExternalId": member.key.external_id,
        "InvoiceNumber": member.key.number,
        "VendorExternalId": member.key.vendor_external_id,
        "InvoiceDate": content.invoice_date,
        "DueDate": content.due_date,
        "GrossAmount": amount(content.gross),
        "DiscountAmount": amount(content.discount),
        "Currency": content.gross.currency,
        "Memo": None,
        "CustomerAccountNumber": None,
        "EntityCode": member.key.division,
        "PONumbers": list(content.po_numbers),
        "Lines": [_line(line, groups) for line in content.lines],
        "Image": image,
    }


def encode_batch(
    batch: str, members: Sequence[BatchMember], groups: Mapping[int, str], blobs: BlobStore
) -> EncodedBatch:
    """Write a batch's body; the same members and images give the same bytes."""
    encoded = {
        member.key.external_id: _encode(invoice_record(member, groups, image=_image(member, blobs)))
        for member in members
    }
    body = b'{"ExternalId":' + _encode(batch) + b',"Invoices":[' + b",".join(encoded.values()) + b"]}"
    digests = {external_id: digest(record) for external_id, record in encoded.items()}
    return EncodedBatch(batch=batch, body=body, digest=digest(body), record_digests=digests)


def encoded_size(member: BatchMember, groups: Mapping[int, str]) -> int:
    """Bytes of the member in a body with the comma before it, without reading its image."""
    image, content_bytes = None, 0
    if member.image is not None:
        image = _image_record(member, b"")
        content_bytes = 4 * -(-member.image.size // 3)
    return len(_encode(invoice_record(member, groups, image=image))) + content_bytes + 1


def vendor_breaches(content: SupplierContent) -> tuple[Breach, ...]:
    """Fields of the vendor that are longer than AvidXchange takes."""
    return _breaches("vendor", _flat(vendor_record(content)))


def code_breaches(content: CodeContent) -> tuple[Breach, ...]:
    """Fields of the code that are longer than AvidXchange takes."""
    return _breaches("code", _flat(code_record(content)))


def invoice_breaches(content: InvoiceContent, groups: Mapping[int, str]) -> tuple[Breach, ...]:
    """Fields of the invoice that are longer than AvidXchange takes; the longest of a repeated field counts."""
    member = BatchMember(key=content.key, content=content, image=None)
    return _breaches("invoice", _flat(invoice_record(member, groups, image=None)))


def amount(money: Money) -> msgspec.Raw:
    """Write money as a JSON number with exactly two decimals."""
    return msgspec.Raw(str(money).encode())


def _line(line: CodingLine, groups: Mapping[int, str]) -> Record:
    return {
        "LineNumber": line.number,
        "Amount": amount(line.amount),
        "Description": _text(line.description),
        "PONumber": line.po_number,
        "POLineNumber": line.po_line,
        "Codes": [
            {"GroupName": groups[code.dimension], "CodeValue": code.value}
            for code in line.codes
            if code.dimension in groups
        ],
    }


def _image(member: BatchMember, blobs: BlobStore) -> Record | None:
    if member.image is None:
        return None
    return _image_record(member, base64.b64encode(blobs.get(member.image.digest)))


def _image_record(member: BatchMember, content: bytes) -> Record | None:
    image = member.image
    if image is None:
        return None
    return {
        "FileName": image.file_name[:FILE_NAME_CHARACTERS],
        "ContentType": image.content_type,
        "Sha256": image.digest,
        "Content": msgspec.Raw(b'"' + content + b'"'),
    }


def _address(address: Address | None) -> dict[str, str | None] | None:
    if address is None:
        return None
    return {
        "Line1": _plain(address.line1),
        "Line2": _plain(address.line2),
        "City": _plain(address.city),
        "State": _plain(address.state),
        "PostalCode": _plain(address.postal_code),
        "Country": address.country,
    }


def _parts(address: Mapping[str, str | None] | None) -> Record | None:
    if address is None:
        return None
    parts = {name: _text(address.get(name)) for name in ADDRESS_PARTS}
    return dict(parts) if any(parts.values()) else None


def _plain(personal: Personal | None) -> str | None:
    return None if personal is None else personal.value


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _flat(record: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a record with its dotted name."""
    for name, value in record.items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str):
                yield prefix + name, one
            elif isinstance(one, dict):
                yield from _flat(one, f"{prefix}{name}.")


def _breaches(resource: str, texts: Iterable[tuple[str, str]]) -> tuple[Breach, ...]:
    limits = limits_of(resource)
    longest: dict[str, int] = {}
    for name, text in texts:
        longest[name] = max(longest.get(name, 0), len(text))
    return tuple(
        Breach(field=name, limit=limits[name], length=length)
        for name, length in longest.items()
        if name in limits and length > limits[name]
    )
