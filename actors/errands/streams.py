"""Which stream a record's facts are in: the one place that says it for the errands."""

from uuid import UUID

from domain.identifiers import InvoiceKey, stream_id


def connection_stream(connection: UUID) -> UUID:
    """The stream of the connection itself."""
    return stream_id(connection, "connection", "")


def invoice_stream(connection: UUID, key: InvoiceKey) -> UUID:
    """The stream of an invoice."""
    return stream_id(connection, "invoice", key.external_id)


def posting_stream(connection: UUID, key1: str) -> UUID:
    """The stream of a posting."""
    return stream_id(connection, "posting", key1)
