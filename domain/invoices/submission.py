"""The submission protocol's decisions: the gate, the intent, the outcome, the look-up after a doubt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain import keys
from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.content import CodeRef, InvoiceContent
from domain.invoices.forgotten import hold_after_restore
from domain.invoices.search import judge_found
from domain.invoices.state import DOUBTED_ALONE, Invoice
from domain.ports.answers import Breach, CallAnswer, RecordAnswer, Verdict
from domain.ports.payables import EncodedBatch, InvoiceFound
from domain.rules import Rules

FIELD_TOO_LONG = "FIELD_TOO_LONG"
BATCH_AT_REST = ("", "Closed")  # an unknown batch, and one that creates no more


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice waits for outside its own stream; breaches: limits of AvidXchange it would break.

    supplier_reason and the word beside each shut code say why: `…_NOT_CONFIRMED` passes by itself, the others
    (`SUPPLIER_INACTIVE`, `CODE_BLOCKED` …) take a person. unsought, twins: see `domain.invoices.forgotten`.
    """

    supplier_open: bool
    supplier_reason: str = "SUPPLIER_NOT_CONFIRMED"
    shut_codes: tuple[tuple[CodeRef, str], ...] = ()
    breaches: tuple[Breach, ...] = ()
    unsought: bool = False
    twins: tuple[str, ...] = ()


def gated_codes(content: InvoiceContent, rules: Rules) -> tuple[CodeRef, ...]:
    """Name the codes AvidXchange must hold before the invoice may go: those of configured dimensions."""
    if rules.code_gate_open:
        return ()
    wanted = rules.code_groups
    return tuple(dict.fromkeys(c for line in content.lines for c in line.codes if c.dimension in wanted))


def decide_gate(state: Invoice, key: InvoiceKey, gates: Gates) -> tuple[Event, ...]:
    """Say what keeps a due invoice from going; () when it may go.

    A row that is due without reason (rejected, found different, key changed ...) is held as well, which settles it
    and leaves the invoice's stage as it is.
    """
    content = state.content
    if not state.sendable or content is None:
        return (_held(key, state.stage.upper() or "UNKNOWN", state.reason or "nothing is to be sent"),)
    if state.desk:
        return (_held(key, state.desk, "in doubt again though it was alone in its batch; a person decides"),)
    if content.problems:
        return (_held(key, content.problems[0], "; ".join(map(_problem, content.problems))),)
    if state.image is None and (state.image_missing is None or state.image_missing[1]):
        reason = state.image_missing[0] if state.image_missing else "NO_IMAGE"
        return (_held(key, reason, _image_words(reason), keys.image(key.external_id)),)
    if not gates.supplier_open:
        detail = f"supplier {key.vendor_external_id}: {_words(gates.supplier_reason)}"
        return (_held(key, gates.supplier_reason, detail, keys.supplier(key.company, key.payee)),)
    for code, reason in gates.shut_codes:
        waits_for = keys.ledger_code(key.company, code.dimension, code.value)
        detail = f"dimension {code.dimension}, value {code.value}: {_words(reason)}"
        return (_held(key, reason, detail, waits_for),)
    restored = hold_after_restore(key, unsought=gates.unsought, twins=gates.twins)
    return restored or tuple(_too_long(key, breach) for breach in gates.breaches[:1])


def _problem(word: str) -> str:
    return {
        "DBCR_DISAGREES": "a voucher line's sign and its debit/credit mark disagree",
        "LINES_DO_NOT_SUM": "the coding lines do not sum to the invoice's amount",
        "CODING_UNREADABLE": "Infor's voucher or purchase order lines could not be read",
        "NO_CONTROL_ACCOUNT": "the voucher has no line of the supplier's control account",
    }.get(word, word)


def _image_words(reason: str) -> str:
    return {
        "IMAGE_TOO_LARGE": "its image in Infor Document Management is larger than max_image_bytes",
        "IMAGE_TYPE": "its document in Infor Document Management is neither PDF, PNG, JPEG nor TIFF",
    }.get(reason, "waits for its image in Infor Document Management")


def _words(reason: str) -> str:
    return {
        "SUPPLIER_UNKNOWN": "Infor has not listed it so far",
        "SUPPLIER_INACTIVE": "it is not in use in Infor",
        "SUPPLIER_REFUSED": "AvidXchange refused it",
        "SUPPLIER_EXCLUDED": "AvidXchange excludes it",
        "CODE_UNKNOWN": "Infor has not listed it so far",
        "CODE_BLOCKED": "it is blocked or out of its validity in Infor",
        "CODE_REFUSED": "AvidXchange refused it, or holds it otherwise",
    }.get(reason, "AvidXchange has not confirmed it yet")


def decide_start(
    state: Invoice,
    key: InvoiceKey,
    *,
    encoded: EncodedBatch,
    position: int,
    members: int,
    attempt_id: str,
    incarnation: UUID,
    deadline: datetime,
    settle: timedelta,
) -> s.InvoiceSubmissionStarted:
    """Make the intent of one member of a batch."""
    return s.InvoiceSubmissionStarted(
        key=key,
        batch=encoded.batch,
        position=position,
        members=members,
        attempt=state.attempts + 1,
        attempt_id=attempt_id,
        record_digest=encoded.record_digests[key.external_id],
        batch_digest=encoded.digest,
        image=state.image.digest if state.image else "",
        deadline=deadline,
        look_at=deadline + settle,
        incarnation=incarnation,
    )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The owner's answer on one member of its batch; incarnation: the store's at the time of the answer."""

    attempt_id: str
    members: int
    whole: bool
    answer: RecordAnswer
    look_at: datetime
    retry_at: datetime
    incarnation: UUID


def outcome_of(call: CallAnswer, external_id: str) -> tuple[RecordAnswer, bool]:
    """Give the verdict on one record, and whether it is the whole call's; a missing record is in doubt."""
    if call.verdict is Verdict.CONFIRMED:
        missing = RecordAnswer(verdict=Verdict.DOUBT, text="the answer lacks this record")
        return call.records.get(external_id, missing), False
    return RecordAnswer(verdict=call.verdict, code=call.code, text=call.text), True


def decide_outcome(state: Invoice, key: InvoiceKey, outcome: Outcome) -> tuple[Event, ...]:
    """Record the owner's answer, in time or late; saying it again gives nothing.

    Late is: somebody doubted the attempt meanwhile, or the store is another incarnation. A late receipt is
    attributed; a late refusal counts only for the doubted attempt itself, in the same store.
    """
    if outcome.attempt_id in state.answered:
        return ()
    attempt = state.attempt
    ours = attempt is not None and attempt.attempt_id == outcome.attempt_id
    same = attempt is not None and ours and attempt.incarnation == outcome.incarnation
    verdict = outcome.answer.verdict
    if same and state.stage == "sending":
        return (_in_time(key, outcome),)
    if verdict is Verdict.DOUBT:
        return ()
    late = s.InvoiceAnsweredLate(
        key=key,
        attempt_id=outcome.attempt_id,
        verdict=verdict.value,
        avid_invoice_id=outcome.answer.item_id,
        text=outcome.answer.text,
    )
    if verdict is Verdict.CONFIRMED:
        return (late, *_attributed(state, key, outcome, ours=ours))
    if same and state.stage == "doubt":
        return (late, _in_time(key, outcome))
    return (late,)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look-up after a doubt, by the store's clock: the batch was read first, its members after it."""

    batch_status: str
    found: tuple[InvoiceFound, ...]
    begun_at: datetime
    answered_at: datetime


def decide_look(
    state: Invoice, key: InvoiceKey, look: Look, *, lag: timedelta, margin: timedelta, went_back_at: datetime | None
) -> tuple[Event, ...]:
    """Say what a look-up means for an invoice in doubt; () when it may be repeated as if it had not been.

    Two conclusive empty look-ups prove absence: the first not before the settle window ended, the second begun one
    lag after the first was answered, both begun after the store last went back.
    """
    attempt = state.attempt
    if attempt is None or not state.in_doubt or look.begun_at < max(attempt.look_at, state.look_at or attempt.look_at):
        return ()
    doubted = _nobody_answered(state)
    judged = judge_found(state, key, look.found, attempt_id=attempt.attempt_id)
    if judged:
        return (*doubted, *judged)
    if look.batch_status not in BATCH_AT_REST:
        restart = state.empty_look is not None
        again = _looked(attempt.attempt_id, look, conclusive=False, look_at=look.answered_at + lag + margin)
        return (*doubted, again) if restart else doubted
    if _second(state, look, lag, went_back_at):
        return _absent(state, key)
    return (*doubted, _looked(attempt.attempt_id, look, conclusive=True, look_at=look.answered_at + lag + margin))


def _second(state: Invoice, look: Look, lag: timedelta, went_back_at: datetime | None) -> bool:
    first = state.empty_look
    if first is None or look.begun_at <= first.answered_at + lag:
        return False
    return went_back_at is None or first.begun_at > went_back_at


def _absent(state: Invoice, key: InvoiceKey) -> tuple[Event, ...]:
    attempt_id, members = (state.attempt.attempt_id, state.attempt.members) if state.attempt else ("", 1)
    absent = s.InvoiceAbsentAfterSettling(attempt_id=attempt_id, members=members)
    alone_again = members == 1 and state.doubts > 1
    desk = _held(key, DOUBTED_ALONE, "two doubts, the last one alone in its batch; a person decides")
    return (absent, desk) if alone_again else (absent,)


def _nobody_answered(state: Invoice) -> tuple[Event, ...]:
    if state.stage != "sending" or state.attempt is None:
        return ()
    attempt = state.attempt
    return (s.InvoiceSubmissionDoubted(attempt_id=attempt.attempt_id, why="nobody answered", look_at=attempt.look_at),)


def _looked(attempt_id: str, look: Look, *, conclusive: bool, look_at: datetime) -> Event:
    return s.InvoiceLookedUp(
        attempt_id=attempt_id,
        begun_at=look.begun_at,
        answered_at=look.answered_at,
        conclusive=conclusive,
        batch_status=look.batch_status,
        look_at=look_at,
    )


def _in_time(key: InvoiceKey, outcome: Outcome) -> Event:
    answer = outcome.answer
    match answer.verdict:
        case Verdict.CONFIRMED:
            return _receipt(key, outcome)
        case Verdict.REFUSED:
            return s.InvoiceSubmissionRefused(
                key=key,
                attempt_id=outcome.attempt_id,
                code=answer.code,
                text=answer.text,
                whole_batch=outcome.whole,
                members=outcome.members,
                field=answer.field,
            )
        case Verdict.NOT_SENT:
            return s.InvoiceNotSent(attempt_id=outcome.attempt_id, why=answer.text, retry_at=outcome.retry_at)
        case _:
            return s.InvoiceSubmissionDoubted(
                attempt_id=outcome.attempt_id, why=answer.text or answer.code or "no answer", look_at=outcome.look_at
            )


def _attributed(state: Invoice, key: InvoiceKey, outcome: Outcome, *, ours: bool) -> tuple[Event, ...]:
    """A late receipt says that the invoice is there; beside another one it is there twice."""
    item_id = outcome.answer.item_id
    if item_id in state.ids:
        return ()
    if state.live or (state.stage == "sending" and not ours) or state.found_twice:
        known = {*state.twice_ids, *([state.avid_invoice_id] if state.avid_invoice_id else [])}
        return (s.InvoiceFoundTwice(key=key, avid_invoice_ids=tuple(sorted({*known, item_id}))),)
    return (_receipt(key, outcome), *_unlike_what_was_sent(state, ours=ours))


def _unlike_what_was_sent(state: Invoice, *, ours: bool) -> tuple[Event, ...]:
    """Say of one that a late receipt names that Infor may show it otherwise than it was sent.

    What an attempt sent that the log does not know, nobody knows. Of one in doubt it was said when Infor showed it, and
    of one that nobody has read in Infor so far it is said when somebody does.
    """
    as_sent = ours and (state.in_doubt or state.content == state.sent_content)
    if state.content is None or as_sent:
        return ()
    return (e.InvoiceChangedInInfor(content=state.content, digest=state.digest, live=True),)


def _receipt(key: InvoiceKey, outcome: Outcome) -> Event:
    return s.InvoiceSubmitted(
        key=key,
        attempt_id=outcome.attempt_id,
        avid_invoice_id=outcome.answer.item_id,
        status=outcome.answer.status,
    )


def _held(key: InvoiceKey, reason: str, detail: str, waits_for: str | None = None) -> Event:
    return e.InvoiceHeld(key=key, reason=reason, detail=detail, waits_for=waits_for)


def _too_long(key: InvoiceKey, breach: Breach) -> Event:
    return s.InvoiceSubmissionRefused(
        key=key,
        attempt_id="",
        code=FIELD_TOO_LONG,
        text=str(breach),
        field=breach.field,
        limit=breach.limit,
        length=breach.length,
    )


__all__: Sequence[str] = [
    "Gates",
    "Look",
    "Outcome",
    "decide_gate",
    "decide_look",
    "decide_outcome",
    "decide_start",
    "gated_codes",
    "outcome_of",
]
