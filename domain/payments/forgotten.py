"""What may be booked of a payment without a word in this log, and what a person must look for in M3.

A store that went back in time forgot what it booked; while a connection is removed, people book by hand.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.identifiers import InvoiceKey, PinnedIdentity, key1
from domain.payments.events import PaymentContent
from domain.payments.payment import Payment
from domain.postings.posting import Posting, is_absent_since, is_forgotten

REMOTE_TIME = "%Y-%m-%dT%H:%M:%S"  # as LastModifiedDate is written, UTC


def may_be_forgotten(content: PaymentContent, unsure_before: datetime | None) -> bool:
    """Whether it may have been booked before that moment; a later change of it proves nothing."""
    if unsure_before is None:
        return False
    dates = (content.settled_date, content.payment_date)
    known_then = any(date_ is not None and date_ <= unsure_before.date() for date_ in dates)
    return known_then or content.modified <= unsure_before.strftime(REMOTE_TIME)


def forgotten_postings(
    state: Payment, postings: Mapping[str, Posting], identity: PinnedIdentity, unsure_before: datetime | None
) -> tuple[str, ...]:
    """Give the KEY1s of postings that nobody looks for by himself, and that may be booked all the same.

    postings: of its legs, by KEY1. A leg that was held or refused may have been let go; one that was found absent may
    have had a next generation; a payment without legs may have been planned.
    """
    if unsure_before is None:
        return ()
    if not state.legs:
        return _first_generation(state, identity, unsure_before)
    found: list[str] = []
    for leg in state.legs:
        posting = postings[leg.posting]
        if posting.phase in ("held", "refused") and is_forgotten(posting, unsure_before):
            found.append(leg.posting)
        if posting.phase == "settled_absent" and not is_absent_since(posting, unsure_before):
            found.append(_key1(state, identity, leg.division, state.generation + 1))
    return tuple(found)


def _first_generation(state: Payment, identity: PinnedIdentity, unsure_before: datetime) -> tuple[str, ...]:
    reports = [content for content in (state.content, state.settled) if content is not None]
    if not any(may_be_forgotten(content, unsure_before) for content in reports):
        return ()
    read = (InvoiceKey.parse(paid.invoice_external_id) for content in reports for paid in content.remittances)
    divisions = sorted({key.division for key in read if key is not None})
    return tuple(_key1(state, identity, division, 1) for division in divisions)


def _key1(state: Payment, identity: PinnedIdentity, division: str, generation: int) -> str:
    payment_id = state.content.payment_id if state.content is not None else ""
    return key1(identity, payment_id=payment_id, division=division, generation=generation, kind="T")
