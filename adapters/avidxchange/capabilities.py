"""What AvidXchange takes and gives, declared as data: sizes of calls, limits of fields, what it cannot do."""

import msgspec

MOST_VENDORS = 100
MOST_CODES = 500
MOST_INVOICES = 50
IDS_A_CALL = 50
VENDOR_IDS_A_CALL = 100
LONGEST_WINDOW_DAYS = 30
LONGEST_QUERY_CHARACTERS = 6000  # gateways commonly refuse request lines above 8 KB
CHECK_NUMBER_CHARACTERS = 15
ACH_TRACE_DIGITS = 15
ENVELOPE_BYTES = 512  # kept free in a body for the batch's own id and brackets


class FieldLimit(msgspec.Struct, frozen=True):
    """The most characters a field takes; field: the name AvidXchange uses, a dot between levels."""

    resource: str
    field: str
    limit: int


LIMITS: tuple[FieldLimit, ...] = (
    FieldLimit("vendor", "ExternalId", 100),
    FieldLimit("vendor", "Name", 255),
    FieldLimit("vendor", "NameOnCheck", 255),
    FieldLimit("vendor", "TaxId", 50),
    FieldLimit("vendor", "Phone", 20),
    FieldLimit("vendor", "Email", 255),
    *(
        FieldLimit("vendor", f"{address}.{part}", limit)
        for address in ("Address", "RemitToAddress")
        for part, limit in (
            ("Line1", 255),
            ("Line2", 255),
            ("City", 50),
            ("State", 50),
            ("PostalCode", 20),
            ("Country", 50),
        )
    ),
    FieldLimit("code", "GroupName", 50),
    FieldLimit("code", "CodeValue", 50),
    FieldLimit("code", "Description", 50),
    FieldLimit("invoice", "ExternalId", 100),
    FieldLimit("invoice", "VendorExternalId", 100),
    FieldLimit("invoice", "InvoiceNumber", 50),
    FieldLimit("invoice", "EntityCode", 50),
    FieldLimit("invoice", "PONumbers", 50),
    FieldLimit("invoice", "Lines.Description", 255),
    FieldLimit("invoice", "Lines.PONumber", 50),
    FieldLimit("invoice", "Lines.POLineNumber", 50),
    FieldLimit("invoice", "Lines.Codes.CodeValue", 50),
)
FILE_NAME_CHARACTERS = 255

WEBHOOKS = False  # everything is polled
IDEMPOTENCY_KEYS = False  # ExternalId is searchable, but not enforced unique
IMAGE_TYPES = ("application/pdf", "image/png", "image/jpeg", "image/tiff")


def limits_of(resource: str) -> dict[str, int]:
    """Give a resource's limits by field."""
    return {one.field: one.limit for one in LIMITS if one.resource == resource}
