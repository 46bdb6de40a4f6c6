"""What a person may order for an invoice: send it again, settle its doubt, release a hold."""

from domain.errors import RefusedError
from domain.event import Event
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.state import Invoice

POSTED = "posted"
ABSENT = "absent"


def decide_resubmission(state: Invoice, *, person: str, reason: str) -> tuple[Event, ...]:
    """Order a rejected, voided, refused, different or held invoice again.

    The ids AvidXchange rejected or voided are ignored from here on; one that still lives there is not, so that it
    is found and nothing doubles. Raises RefusedError when sending again could double or makes no sense.
    """
    if state.found_twice:
        raise RefusedError("AvidXchange holds the invoice twice: void one there, the next poll notices", code="TWICE")
    if state.in_doubt:
        raise RefusedError("the last submission is in doubt: it is looked up, or resolve the doubt", code="IN_DOUBT")
    if state.live or state.closed:
        raise RefusedError("AvidXchange holds the invoice already", code="LIVE")
    if state.content is None or state.stage not in ("refused", "rejected", "void", "different", "held", "waiting"):
        stage = state.phase.replace("_", " ") or "unknown"
        raise RefusedError(f"the invoice is {stage}: there is nothing to send", code="NOTHING_TO_SEND")
    return (s.InvoiceResubmissionOrdered(person=person, reason=reason, ignore_ids=tuple(sorted(state.dead_ids))),)


def decide_doubt_resolution(
    state: Invoice, *, resolution: str, person: str, reason: str, avid_invoice_id: str = ""
) -> tuple[Event, ...]:
    """Settle a doubt by a person's word: `posted` (it is at AvidXchange) or `absent`.

    Raises RefusedError when nothing is in doubt or the word is another one.
    """
    if resolution not in (POSTED, ABSENT):
        raise RefusedError(f"an invoice's doubt is resolved as posted or absent, not {resolution}", code="RESOLUTION")
    if not state.in_doubt or state.attempt is None or state.key is None:
        raise RefusedError("the invoice is not in doubt", code="NOT_IN_DOUBT")
    return (
        s.InvoiceDoubtResolved(
            key=state.key,
            attempt_id=state.attempt.attempt_id,
            resolution=resolution,
            person=person,
            reason=reason,
            avid_invoice_id=avid_invoice_id,
        ),
    )


def decide_release(state: Invoice, *, person: str, reason: str) -> tuple[Event, ...]:
    """Let a held invoice try its gate again. Raises RefusedError when it is not held."""
    if state.stage != "held" or state.key is None:
        raise RefusedError("the invoice is not held", code="NOT_HELD")
    return (e.InvoiceReleased(key=state.key, why=f"{person}: {reason}"),)
