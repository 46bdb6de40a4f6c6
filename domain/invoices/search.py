"""What a look-up at AvidXchange means for an invoice; the same judgement before a first send and in doubt."""

from collections.abc import Sequence

from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.state import Invoice
from domain.ports.payables import InvoiceFound


def judge_found(
    state: Invoice, key: InvoiceKey, found: Sequence[InvoiceFound], *, attempt_id: str
) -> tuple[Event, ...]:
    """Judge what was found under the invoice's ExternalId; () when nothing of it counts.

    Ids tied to earlier attempts are ignored. attempt_id: the doubted attempt, "" before a first send.
    """
    counting = [f for f in found if f.avid_invoice_id not in state.ignored_ids]
    live = [f for f in counting if f.live]
    if len(live) > 1:
        return (s.InvoiceFoundTwice(key=key, avid_invoice_ids=tuple(sorted(f.avid_invoice_id for f in live))),)
    if live:
        return _one(state, key, live[0], attempt_id)
    return tuple(_rejected(key, dead) for dead in counting[-1:])


def decide_status(state: Invoice, key: InvoiceKey, found: InvoiceFound) -> tuple[Event, ...]:
    """Say what a reported status changes for an invoice that is live for certain."""
    if not state.live or found.avid_invoice_id != state.avid_invoice_id:
        return ()
    if not found.live:
        return (_rejected(key, found),)
    if found.status == state.avid_status:
        return ()
    return (
        e.InvoiceStatusReported(
            key=key,
            avid_invoice_id=found.avid_invoice_id,
            status=found.status,
            status_reason=found.status_reason,
        ),
    )


def wants_second_look(state: Invoice, found: InvoiceFound) -> bool:
    """Whether a reported record calls for reading all records of its ExternalId."""
    if state.found_twice or _is_end_of_different(state, found) or _has_no_id(state):
        return True
    known = state.dead_ids | state.ignored_ids | {state.avid_invoice_id}
    unlike = found.avid_invoice_id == state.different_id and state.stage == "different"  # else it may agree by now
    stranger = found.avid_invoice_id not in known and not unlike
    return (state.live or state.held_there or _is_thought_absent(state)) and stranger and found.live


def decide_second_look(state: Invoice, key: InvoiceKey, found: Sequence[InvoiceFound]) -> tuple[Event, ...]:
    """Say whether there are two live ones, one again after a person voided the other, or one a lost store forgot."""
    live = sorted((f for f in found if f.live), key=lambda f: f.avid_invoice_id)
    ids = tuple(f.avid_invoice_id for f in live)
    if len(live) > 1:
        return () if ids == state.twice_ids else (s.InvoiceFoundTwice(key=key, avid_invoice_ids=ids),)
    if state.held_there:
        ended = tuple(_rejected(key, dead) for dead in found if _is_end_of_different(state, dead))
        if ended:
            return (*ended, *judge_found(state, key, live, attempt_id=""))
        return () if state.stage == "different" else _agreeing(state, key, live)
    if _has_no_id(state):
        return _agreeing(state, key, found)
    if not state.found_twice:
        unknown = _is_thought_absent(state) or _is_another(state, live)
        return judge_found(state, key, live, attempt_id="") if unknown else ()
    if live:
        return _one(state, key, live[0], "")
    return tuple(_rejected(key, dead) for dead in found[-1:])


def _is_thought_absent(state: Invoice) -> bool:
    """Whether the log believes AvidXchange does not hold it; after a restored backup it may hold it all the same.

    One that Infor never named to this store is no such one: what is found of it is a forgotten one.
    """
    return state.key is not None and not state.unnamed and not state.at_large and state.stage != "different"


def _has_no_id(state: Invoice) -> bool:
    """Whether a person said that AvidXchange holds it, and not under which id: no status there is known to be its."""
    return state.live and not state.avid_invoice_id and not state.found_twice and not state.closed


def _agreeing(state: Invoice, key: InvoiceKey, found: Sequence[InvoiceFound]) -> tuple[Event, ...]:
    """Judge what was found, and say nothing when it differs: that is known, or a person saw another one."""
    judged = judge_found(state, key, found, attempt_id="")
    return () if any(isinstance(event, s.InvoiceFoundDifferent) for event in judged) else judged


def _is_end_of_different(state: Invoice, found: InvoiceFound) -> bool:
    """Whether the one that AvidXchange held otherwise than we know the invoice is dead."""
    return state.held_there and found.avid_invoice_id == state.different_id and not found.live


def _is_another(state: Invoice, live: Sequence[InvoiceFound]) -> bool:
    """Whether Infor names an invoice that a restored store forgot, and it is live as another one than a receipt said.

    The receipt's is not live then, or there would be two: nobody else would ever put the log right.
    """
    return state.is_forgotten and not state.unnamed and any(f.avid_invoice_id not in state.ids for f in live)


def _one(state: Invoice, key: InvoiceKey, found: InvoiceFound, attempt_id: str) -> tuple[Event, ...]:
    difference = _difference(state, key, found)
    if difference:
        field, ours, theirs = difference
        return (
            s.InvoiceFoundDifferent(
                key=key, avid_invoice_id=found.avid_invoice_id, field=field, ours=ours, theirs=theirs
            ),
        )
    live = s.InvoiceFoundByLookup(
        key=key, attempt_id=attempt_id, avid_invoice_id=found.avid_invoice_id, status=found.status
    )
    return (live, *_changed_since(state, attempt_id))


def _difference(state: Invoice, key: InvoiceKey, found: InvoiceFound) -> tuple[str, str, str] | None:
    """Compare with what was sent, with what would be, and with how Infor named it: a gross may be any of the three.

    A restored store knows an older attempt than the last, or none, and Infor may have shown it otherwise since.
    """
    pairs = [
        ("VendorExternalId", key.vendor_external_id, found.vendor_external_id),
        ("InvoiceNumber", key.number, found.invoice_number),
    ]
    known = [one.gross for one in (state.sent_content, state.content, state.head) if one is not None]
    if known and found.gross not in known:
        pairs.append(("GrossAmount", str(known[0]), str(found.gross)))
    return next((pair for pair in pairs if pair[1] != pair[2]), None)


def _changed_since(state: Invoice, attempt_id: str) -> tuple[Event, ...]:
    """Say of one thought not to be live, and found as it was sent, that Infor shows it otherwise meanwhile.

    Of one that is doubted it was said when Infor showed it.
    """
    sent = state.attempt.content if state.attempt else None
    if attempt_id or sent is None or state.content is None or state.content == sent:
        return ()
    return (e.InvoiceChangedInInfor(content=state.content, digest=state.digest, live=True),)


def _rejected(key: InvoiceKey, found: InvoiceFound) -> Event:
    return e.InvoiceRejectedByAvid(
        key=key,
        avid_invoice_id=found.avid_invoice_id,
        status=found.status,
        status_reason=found.status_reason,
    )
