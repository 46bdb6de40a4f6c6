"""What a payment seen at AvidXchange adds to what we know of it."""

import msgspec

from domain.event import Event
from domain.payments import events as e
from domain.payments.payment import Payment

BOOK_FIELDS = (
    "method",
    "number",
    "amount",
    "payment_date",
    "settled_date",
    "vendor_external_id",
    "remittances",
    "replaces_payment_id",
)


def decide_report(state: Payment, content: e.PaymentContent) -> tuple[Event, ...]:
    """Give the facts a report adds; seeing the same thing twice adds nothing."""
    facts: list[Event] = []
    if content.card_number_dropped and not state.card_number_dropped:
        facts.append(e.PaymentCardNumberDropped(payment_id=content.payment_id))
    if state.content is None or _without_noise(state.content) != _without_noise(content):
        facts.extend(_facts(state, content))
    return tuple(facts)


def decide_replaced(state: Payment, by_payment_id: str, *, reported: bool = False) -> tuple[Event, ...]:
    """Note on a payment that a reissue replaces it; reported: the payment itself is first seen together with it."""
    if (state.content is None and not reported) or state.replaced_by == by_payment_id:
        return ()
    return (e.PaymentReplaced(by_payment_id=by_payment_id),)


def book_changes(old: e.PaymentContent, new: e.PaymentContent) -> tuple[str, ...]:
    """Name the fields that matter for the books and differ."""
    return tuple(name for name in BOOK_FIELDS if getattr(old, name) != getattr(new, name))


def _facts(state: Payment, content: e.PaymentContent) -> tuple[Event, ...]:
    if content.standing == "unknown":
        return (e.PaymentStatusUnknown(content=content, field="status"),)
    if content.standing == "reversed":
        return _reversed(state, content)
    if state.is_reversed:
        return (e.PaymentChangedAfterSettling(content=content, changes=("status",)),)
    if "METHOD_UNKNOWN" in content.problems and not _has_postings(state) and not _has_no_method_yet(content):
        return (e.PaymentStatusUnknown(content=content, field="method"),)
    if content.standing == "open":
        return _open(state, content)
    return _settled(state, content)


def _reversed(state: Payment, content: e.PaymentContent) -> tuple[Event, ...]:
    if state.is_reversed:
        return (e.PaymentCleared(content=content),)
    return (e.PaymentReversed(content=content, kind=content.status, return_code=content.return_code),)


def _open(state: Payment, content: e.PaymentContent) -> tuple[Event, ...]:
    if state.settled is not None:
        return (e.PaymentChangedAfterSettling(content=content, changes=("status",)),)
    return (e.PaymentReported(content=content),)


def _settled(state: Payment, content: e.PaymentContent) -> tuple[Event, ...]:
    if state.settled is None:
        return (e.PaymentSettled(content=content),)
    changes = book_changes(state.settled, content)
    if not changes and state.phase != "unknown":
        # A payment that went back to open and is settled again says what we planned from: nothing to redo.
        return (e.PaymentCleared(content=content),)
    if _has_postings(state):
        return (e.PaymentChangedAfterSettling(content=content, changes=changes),)
    return (e.PaymentSettled(content=content),)


def _has_postings(state: Payment) -> bool:
    """Whether something was planned, also while a leg proved absent waits to be planned anew."""
    return state.phase == "planned" or bool(state.legs)


def _has_no_method_yet(content: e.PaymentContent) -> bool:
    """Whether AvidXchange has still to choose how it pays: a method that is named must be known, at any standing."""
    return content.standing == "open" and not content.method


def _without_noise(content: e.PaymentContent) -> e.PaymentContent:
    return msgspec.structs.replace(content, modified="", card_number_dropped=False)
