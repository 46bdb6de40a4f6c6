"""What is recorded when Infor is read: eligible or not, changed, at risk, closed; and what its images are."""

import msgspec

from domain.event import Event
from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices import events as e
from domain.invoices.coding import content_digest
from domain.invoices.content import ImageRef, InvoiceContent, LedgerState
from domain.invoices.eligibility import NOT_APPROVED, OF_AMOUNTS, is_settled, risks_of, why_not
from domain.invoices.state import Invoice
from domain.money import Money
from domain.ports.ledger import InvoiceHead
from domain.rules import Rules

IMAGE_TOO_LARGE = "IMAGE_TOO_LARGE"
IMAGE_LOST = "IMAGE_LOST"
CHANGED_IN_INFOR = "CHANGED_IN_INFOR"
_UNSENT = ("", "not_eligible", "waiting", "held", "withdrawn", "key_changed")
_FIRST = ("", "not_eligible", "withdrawn", "key_changed")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll learned of an invoice; ledger None: Infor does not know it; content None: not read this time."""

    head: InvoiceHead
    ledger: LedgerState | None
    content: InvoiceContent | None = None


def needs_content(state: Invoice, head: InvoiceHead, ledger: LedgerState | None, rules: Rules, *, listed: bool) -> bool:
    """Whether voucher and purchase lines must be read to decide.

    listed: the poll listed the invoice as changed; else only what becomes eligible again, could not be sent as it was
    read, or is out there with its content unread or of another gross, is read: Infor lists none whose approval was
    taken back. A head changed two days before we read it (Infor's day is not ours) says nothing new.
    """
    if ledger is None or state.closed:
        return False
    if not state.at_large and state.stage in _UNSENT and why_not(ledger, rules)[0]:
        return state.held_there and _unread(state, ledger.gross)
    if state.stage in _FIRST or _unread(state, ledger.gross) or (state.sendable and _unfit(state, ledger)):
        return True
    known = state.read_at and head.changed and (state.read_at.date() - head.changed).days > 1
    return listed and not known


def decide_reading(state: Invoice, reading: Reading, rules: Rules) -> tuple[Event, ...]:
    """Say what a reading changes; nothing when it says what we know."""
    if state.closed:
        return _reopened(state, reading)
    if state.at_large:
        return (*_changed(state, reading.content, live=True), *_endangered(state, reading))
    if state.held_there:
        return (*_compared_anew(state, reading, rules), *_endangered(state, reading))
    return _unsent(state, reading, rules)


def _unsent(state: Invoice, reading: Reading, rules: Rules) -> tuple[Event, ...]:
    if state.stage not in _UNSENT:
        return _changed(state, reading.content, live=False)
    if reading.ledger is None:
        return _gone(state, reading.head)
    reason, detail = why_not(reading.ledger, rules)
    if reason:
        return _ineligible(state, reading.head, reason, detail)
    return _eligible(state, reading.head.key, reading.content)


def decide_before_sending(
    state: Invoice, key: InvoiceKey, ledger: LedgerState | None, rules: Rules
) -> tuple[Event, ...]:
    """Judge an invoice by what Infor says just before it is sent; () when it may go.

    Another gross than the one read says that the poll has to read the invoice again: it waits for that.
    """
    if state.head is None or state.content is None:
        return ()
    standing = _unsent(state, Reading(head=state.head, ledger=ledger), rules)
    if standing or ledger is None or ledger.gross == state.content.gross:
        return standing
    detail = f"{state.content.gross} was read, Infor says {ledger.gross} now"
    return (e.InvoiceHeld(key=key, reason=CHANGED_IN_INFOR, detail=detail),)


def decide_hold(state: Invoice, key: InvoiceKey, *, reason: str, detail: str) -> tuple[Event, ...]:
    """Hold an invoice for a person, for something found while its batch was put together."""
    return (e.InvoiceHeld(key=key, reason=reason, detail=detail),) if state.sendable else ()


def decide_row(known: InvoiceKey | None, *, row: LedgerRow, key: InvoiceKey) -> tuple[Event, ...]:
    """Name the invoice a ledger row carries, the first time the row is seen."""
    return () if known is not None else (e.LedgerRowNamed(row=row, key=key),)


def decide_key_changed(state: Invoice, *, row: LedgerRow, old: InvoiceKey, new: InvoiceKey) -> tuple[Event, ...]:
    """Say once that a ledger row came back under another key; goes on the old key's stream."""
    if (row.natural_key, new.external_id) in state.moved:
        return ()
    return (e.InvoiceKeyChanged(row=row, old_key=old, new_key=new),)


def stays_tracked(state: Invoice, ledger: LedgerState | None) -> bool:
    """Whether later polls must look at the invoice again: it is out there, or something is outstanding in Infor."""
    if state.closed or not (state.at_large or state.held_there):
        return ledger is not None and not ledger.outstanding.is_zero
    return True


def decide_image(
    state: Invoice, key: InvoiceKey, *, image: ImageRef | None, reason: str, hold: bool, detail: str = ""
) -> tuple[Event, ...]:
    """Record an image search; saying what stands already gives nothing. Too large a one always holds."""
    if image is not None:
        known = state.image == image and not state.image_due
        return () if known else (e.InvoiceImageFetched(key=key, image=image),)
    hold = hold or reason == IMAGE_TOO_LARGE
    if state.image_missing == (reason, hold) and not state.image_due:
        return ()
    return (e.InvoiceImageMissing(key=key, reason=reason, hold=hold, detail=detail),)


def decide_close(state: Invoice, key: InvoiceKey, ledger: LedgerState) -> tuple[Event, ...]:
    """Say what Infor says after a payment of ours; nothing while it is not final.

    Final is: closed (OCUA 0, RECO 1), or something outstanding, and no posting of ours under way. What M3 closed with
    more than we posted is no end while AvidXchange holds it and may pay it still. Of an invoice that the log does not
    know, or that nothing of ours paid (a restored store forgot it after it was claimed), nothing is said: it is not
    ours to close.
    """
    if state.key is None or not state.posted or state.payment_in_flight:
        return ()
    if is_settled(ledger):
        risks = risks_of(ledger, ours=state.posted_total, in_flight=False)
        if "PAID" in risks and (state.at_large or state.held_there):
            return _at_risk(state, key, ledger, risks)
        return (e.InvoiceClosed(key=key),)
    if ledger.outstanding.is_zero:
        return ()
    reopened = (e.InvoiceReopened(key=key, outstanding=ledger.outstanding),) if state.closed else ()
    return (*reopened, e.InvoicePartlyPaid(key=key, outstanding=ledger.outstanding))


def _reopened(state: Invoice, reading: Reading) -> tuple[Event, ...]:
    open_again = reading.ledger is not None and not reading.ledger.outstanding.is_zero
    if not open_again or state.payment_in_flight or reading.ledger is None:
        return ()
    return (e.InvoiceReopened(key=reading.head.key, outstanding=reading.ledger.outstanding),)


def _changed(state: Invoice, content: InvoiceContent | None, *, live: bool) -> tuple[Event, ...]:
    if content is None:
        return ()
    if state.content is None:
        unread = _unread(state, content.gross)
        return (e.InvoiceChangedInInfor(content=content, digest=content_digest(content), live=live),) if unread else ()
    touched = state.posted or state.payment_in_flight
    seen = msgspec.structs.replace(content, discount=state.content.discount) if touched else content
    changed = content_digest(seen)
    if changed == state.digest:
        return ()
    return (e.InvoiceChangedInInfor(content=seen, digest=changed, live=live),)


def _compared_anew(state: Invoice, reading: Reading, rules: Rules) -> tuple[Event, ...]:
    """Say of one that AvidXchange holds otherwise what brings it to its look-up again, whatever M3 does with it."""
    if reading.ledger is not None and not why_not(reading.ledger, rules)[0]:
        return _eligible(state, reading.head.key, reading.content)
    return _changed(state, reading.content, live=False)


def _endangered(state: Invoice, reading: Reading) -> tuple[Event, ...]:
    ledger = reading.ledger
    in_flight = bool(state.payment_in_flight)
    risks = risks_of(ledger, ours=state.posted_total, in_flight=in_flight, before=state.risks)
    closing = state.live and state.posted and not state.payment_in_flight and not risks
    if closing and ledger is not None and is_settled(ledger):
        return (e.InvoiceClosed(key=reading.head.key),)
    return _at_risk(state, reading.head.key, ledger, risks)


def _at_risk(state: Invoice, key: InvoiceKey, ledger: LedgerState | None, risks: tuple[str, ...]) -> tuple[Event, ...]:
    """Raise what is new, and amounts that moved since, but not while a posting of ours moves them."""
    detail = f"PCUA {ledger.paid}, OCUA {ledger.outstanding}" if ledger else "GetInvTotInfo does not know it"
    moved = detail != state.risk_detail and not state.payment_in_flight and not OF_AMOUNTS.isdisjoint(risks)
    if risks == state.risks and not moved:
        return ()
    return (e.InvoiceAtRiskInInfor(key=key, risks=risks, detail=detail),)


def _gone(state: Invoice, head: InvoiceHead) -> tuple[Event, ...]:
    if state.sendable:
        return (e.InvoiceWithdrawnInInfor(key=head.key, detail="Infor does not know the invoice any more"),)
    return ()


def _ineligible(state: Invoice, head: InvoiceHead, reason: str, detail: str) -> tuple[Event, ...]:
    if reason == NOT_APPROVED and state.stage in ("waiting", "held", "withdrawn"):
        withdrawn = e.InvoiceWithdrawnInInfor(key=head.key, detail="the approval was taken back")
        return () if state.stage == "withdrawn" else (withdrawn,)
    if state.stage == "not_eligible" and state.reason == reason:
        return ()
    return (
        e.InvoiceNotEligible(
            key=head.key,
            row=head.row,
            gross=head.gross,
            reason=reason,
            detail=detail,
            voucher=head.voucher,
            series=head.series,
            invoice_date=head.invoice_date,
            due_date=head.due_date,
            accounting_date=head.accounting_date,
        ),
    )


def _eligible(state: Invoice, key: InvoiceKey, content: InvoiceContent | None) -> tuple[Event, ...]:
    if content is None:
        return ()
    if state.stage in _FIRST:
        return (e.InvoiceApproved(content=content, digest=content_digest(content)),)
    changed = _changed(state, content, live=False)
    if changed or state.reason != CHANGED_IN_INFOR:
        return changed
    return (e.InvoiceReleased(key=key, why="Infor says again what was read first"),)


def _unread(state: Invoice, gross: Money) -> bool:
    """Whether Infor says what the log lacks of an invoice that went out: all of it, or its present gross.

    Of one that only the receipt of a forgotten attempt tells of, nobody compared what Infor named with what was sent.
    """
    if state.held_there:
        return state.content is None or state.content.gross != gross
    told_only = state.content is None and state.forgotten is None and bool(state.answered)
    if state.at_large and state.head is not None and not told_only:
        return state.known_gross != gross
    return state.content is None


def _unfit(state: Invoice, ledger: LedgerState) -> bool:
    """Whether the content as we know it cannot be sent, so that each poll reads it again."""
    content = state.content
    if content is None or state.reason == CHANGED_IN_INFOR:
        return True
    return bool(content.problems) or content.gross != ledger.gross
