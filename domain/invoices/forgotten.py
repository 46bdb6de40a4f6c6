"""What a restored store forgot: invoices live at AvidXchange under names of ours that Infor never named to us.

Mostly the next poll of Infor lists such an invoice again, and it is found by the look-up before its first send. When
M3 corrected its key meanwhile, it comes back as another one that no look-up by name connects with the first.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain import keys
from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.content import InvoiceContent
from domain.invoices.state import MAY_BE_FORGOTTEN, Forgotten, Invoice
from domain.ports.payables import InvoiceFound

FORGOTTEN_NOT_SOUGHT = "FORGOTTEN_NOT_SOUGHT"
_ALIKE = 2  # of vendor, number and gross: M3 corrects one of them and leaves the others
_NAMED = 5  # of further ones, in a sentence
_ABOUT = timedelta(days=1)  # Infor's day is not ours


def decide_forgotten(state: Invoice, key: InvoiceKey, reported: Sequence[InvoiceFound]) -> tuple[Event, ...]:
    """Record what AvidXchange reports under a name that Infor never named; () when it says what we know.

    Of one that Infor named since, only its end counts: a look-up finds it while it is live.
    """
    if not state.unnamed and not state.is_forgotten:
        return ()
    live = [found for found in reported if found.live and state.unnamed]
    known = state.forgotten.avid_invoice_id if state.forgotten else ""
    ended = [found for found in reported if found.avid_invoice_id == known and not found.live]
    if not live and not ended:
        return ()
    found = (live or ended)[-1]
    if found.live and state.forgotten == as_forgotten(found):
        return ()
    return (
        s.InvoiceFoundForgotten(
            key=key,
            avid_invoice_id=found.avid_invoice_id,
            vendor_external_id=found.vendor_external_id,
            invoice_number=found.invoice_number,
            gross=found.gross,
            status=found.status,
            live=found.live,
        ),
    )


def as_forgotten(there: InvoiceFound | s.InvoiceFoundForgotten) -> Forgotten:
    """Keep of a record at AvidXchange, reported or recorded, what is compared with invoices of Infor."""
    return Forgotten(
        avid_invoice_id=there.avid_invoice_id,
        vendor_external_id=there.vendor_external_id,
        invoice_number=there.invoice_number,
        gross=there.gross,
    )


def may_be(
    state: Invoice, key: InvoiceKey, forgotten: Mapping[str, Invoice], *, went_back_at: datetime
) -> tuple[str, ...]:
    """Name the forgotten invoices that this one, first seen since the store first went back, may be under another key.

    forgotten: by ExternalId; the most alike is named first. Two of vendor, number and gross make a likeness; of what
    stood in Infor's books when the store last went back one is enough, for two may have been corrected at once. It may
    be any forgotten one of its own division, which no correction changes, though nothing agrees any more; so may what
    was seen between two restores, for the second forgets what the first one had to say of it. One that was held as a
    likeness stays one, whatever M3 changes about it. One that AvidXchange holds under its own name is found by its
    look-up.
    """
    if state.content is None or state.distinct or state.forgotten is not None:
        return ()
    booked = state.content.accounting_date
    stood = booked is None or booked <= (went_back_at + _ABOUT).date()
    found: dict[str, tuple[bool, int]] = {}
    for name, other in forgotten.items():
        there = other.forgotten if other.is_forgotten and not other.sendable else None  # that one is looked up itself
        if there is None or name == key.external_id:
            continue
        equal = _equal(there, key, state.content)
        if name == state.resembles or equal >= _enough(stood=stood, at_home=_is_of(name, key.division)):
            found[name] = (name != state.resembles, -equal)
    return tuple(sorted(found, key=lambda name: (found[name], name)))


def _is_of(name: str, division: str) -> bool:
    key = InvoiceKey.parse(name)
    return key is not None and key.division == division


def _enough(*, stood: bool, at_home: bool) -> int:
    if not stood:
        return _ALIKE
    return 0 if at_home else 1


def hold_after_restore(key: InvoiceKey, *, unsought: bool, twins: Sequence[str]) -> tuple[Event, ...]:
    """Hold what a restored store cannot know to be unsent: until AvidXchange was read again, or for a person."""
    if unsought:
        detail = "the store went back in time: AvidXchange's changes since then are read first"
        return (e.InvoiceHeld(key=key, reason=FORGOTTEN_NOT_SOUGHT, detail=detail, waits_for=keys.FORGOTTEN_SOUGHT),)
    if not twins:
        return ()
    first, *rest = twins
    detail = f"AvidXchange holds {first}, which the restored store forgot: it may be this invoice under another key"
    if rest:
        more = "" if len(rest) <= _NAMED else f" and {len(rest) - _NAMED} more"
        detail += f"; it may also be {', '.join(rest[:_NAMED])}{more}"
    return (e.InvoiceHeld(key=key, reason=MAY_BE_FORGOTTEN, detail=detail, waits_for=keys.forgotten(first)),)


def _equal(there: Forgotten, key: InvoiceKey, content: InvoiceContent) -> int:
    pairs = (
        (there.vendor_external_id, key.vendor_external_id),
        (there.invoice_number, key.number),
        (there.gross, content.gross),
    )
    return sum(theirs == ours for theirs, ours in pairs)
