"""The keys that held work waits for; opened and shut by `routing`, named by the gates in the decisions."""

from domain.identifiers import code_key, supplier_key

FIRST_POSTING = "first-posting"
FORGOTTEN_SOUGHT = "forgotten-sought"  # since the store went back, AvidXchange's changed invoices were read again


def supplier(company: int, number: str) -> str:
    """A supplier that AvidXchange holds as an active vendor."""
    return f"supplier:{supplier_key(company, number)}"


def ledger_code(company: int, dimension: int, value: str) -> str:
    """A code that AvidXchange holds as active."""
    return f"code:{code_key(company, dimension, value)}"


def image(external_id: str) -> str:
    """The invoice's image is in the blob store."""
    return f"image:{external_id}"


def invoice(external_id: str) -> str:
    """The invoice is live at AvidXchange for certain."""
    return f"invoice:{external_id}"


def forgotten(external_id: str) -> str:
    """The invoice, live at AvidXchange and forgotten by a restored store, is known again or no longer live."""
    return f"forgotten:{external_id}"


def posting(key1: str) -> str:
    """The posting is no longer in flight: confirmed, refused, abandoned or settled by a person."""
    return f"posting:{key1}"


def taken_back(key1: str) -> str:
    """The reversal posting is booked in Infor, by us or by hand; one that ended otherwise leaves the key shut."""
    return f"taken-back:{key1}"


def reversed_payment(payment_id: str) -> str:
    """The payment's reversal is done, in M3 by us or by hand."""
    return f"reversed:{payment_id}"
