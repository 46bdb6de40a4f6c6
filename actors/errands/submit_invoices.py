"""Submit invoices to AvidXchange: gate, look, intent, one POST wrapped in nothing, outcome (docs/reliability.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from actors.errands.claims import claim, done, giving_back
from actors.errands.failing import unanswered, worked
from actors.errands.submission_gate import Candidate, look_before, pass_gate, supplier_stream
from actors.errands.tracking import tracked_again
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.errors import HeldError, MalformedError
from domain.event import Append
from domain.identifiers import InvoiceKey, batch_id
from domain.invoices.decisions import IMAGE_LOST, IMAGE_TOO_LARGE, decide_hold
from domain.invoices.invoice import fold
from domain.invoices.state import BATCH_LIMIT
from domain.invoices.submission import Outcome, decide_outcome, decide_start, outcome_of
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.payables import EncodedBatch
from domain.ports.store import Causes, MoneyGuard
from domain.suppliers import supplier

CALLS = 2  # of each remote a batch waits for; a lease that runs out is safe, intents are compare-and-set


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: its members in order of position and its two deadlines, by the store's clock and by ours."""

    members: tuple[Candidate, ...]
    encoded: EncodedBatch
    attempt_id: str
    incarnation: UUID
    deadline: datetime
    own_deadline: datetime
    settle: timedelta


def submit_invoices(tools: Tools) -> int:
    """Submit at most one batch; give how many rows were claimed."""
    lease = (tools.rules.avidxchange.call_timeout + tools.rules.infor.call_timeout) * CALLS
    rows = claim(tools, "submit_invoices", limit=BATCH_LIMIT, lease=lease)
    if not rows:
        return 0
    with giving_back(tools, rows):
        _refuse_while_held(tools)
        incarnation = tools.log.incarnation()  # before any look-up: a store that goes back voids them
        batch, rest = fill_batch(tools, pass_gate(tools, rows))
        done(tools, [candidate.row for candidate in rest])
        members = look_before(tools, batch) if batch else []
        if members:
            if not tools.held_back("submit_invoices"):  # asked again: the looks before may have taken minutes
                _send(tools, members, incarnation)
            done(tools, [candidate.row for candidate in members])
    return len(rows)


def fill_batch(tools: Tools, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Choose one batch: as many as the oldest one's limit allows, of those that may stand in a batch of that size.

    The body's limit in bytes holds too; an invoice that breaks it alone is held.
    """
    batch: list[Candidate] = []
    rest: list[Candidate] = []
    room = tools.payables.body_limit
    for candidate in candidates:
        limit = batch[0].state.batch_limit if batch else candidate.state.batch_limit
        size = tools.payables.encoded_size(candidate.member)
        if size > tools.payables.body_limit:
            _hold(tools, candidate, IMAGE_TOO_LARGE, "larger than a whole request to AvidXchange")
        elif len(batch) < limit <= candidate.state.batch_limit and size <= room:
            batch.append(candidate)
            room -= size
        else:
            rest.append(candidate)
    return batch, rest


def _send(tools: Tools, members: Sequence[Candidate], incarnation: UUID) -> None:
    """Intent, POST, outcome. Everything that can fail harmlessly (token, budget, bytes) comes before the intent."""
    ordered = tuple(sorted(members, key=lambda c: c.key))
    batch = batch_id([(c.key.external_id, c.state.attempts + 1) for c in ordered])
    try:
        encoded = tools.payables.encode_batch(batch, [c.member for c in ordered])
    except MalformedError:
        if not _hold_lost_images(tools, ordered):
            raise
        return  # the others are due again
    tools.payables.prepare()
    windows = tools.rules.avidxchange
    own_clock = tools.clock.now()  # read first: our own deadline is never the later one
    sending = Sending(
        members=ordered,
        encoded=encoded,
        attempt_id=tools.new_id(),
        incarnation=incarnation,
        deadline=tools.log.now() + windows.call_timeout,
        own_deadline=own_clock + windows.call_timeout,
        settle=windows.settle,
    )
    if _intend(tools, sending):
        answer = tools.payables.send_batch(encoded, deadline=sending.own_deadline)
        _conclude(tools, sending, answer)
        _tell(tools, sending, answer)


def _tell(tools: Tools, sending: Sending, answer: CallAnswer) -> None:
    """Say that batches are not taken any more, or are again; a doubt is settled by itself and says neither."""
    tries = max(member.state.unsent for member in sending.members) + 1
    if answer.verdict is Verdict.NOT_SENT:
        unanswered(tools, "submit_invoices", answer.text, tries=tries, to_mend=answer.to_mend)
    elif answer.verdict is not Verdict.DOUBT:
        worked(tools, "submit_invoices", tries=tries)


def _intend(tools: Tools, sending: Sending) -> bool:
    """Append the intents of all members in one transaction; True when the log shows that they are ours.

    An invoice that changed since it was encoded stops the whole batch, and so does a supplier whose gate shut since:
    its members are due again. The suppliers must stand as they were read when the intents are written.
    """
    streams = [c.row.aggregate for c in sending.members]
    payees = list(dict.fromkeys(supplier_stream(tools, c.key) for c in sending.members))

    def decide(history: History) -> list[Append]:
        states = [fold(history[stream]) for stream in streams]
        if not all(supplier.fold(history[payee]).gate_open for payee in payees):
            return []
        if [state.version for state in states] != [c.state.version for c in sending.members]:
            return []
        facts = []
        for position, (member, state) in enumerate(zip(sending.members, states, strict=True), start=1):
            intent = decide_start(
                state,
                member.key,
                encoded=sending.encoded,
                position=position,
                members=len(streams),
                attempt_id=sending.attempt_id,
                incarnation=sending.incarnation,
                deadline=sending.deadline,
                settle=sending.settle,
            )
            facts.append(appended(history[member.row.aggregate], member.row.aggregate, intent))
        return facts

    guard = MoneyGuard(incarnation=sending.incarnation)
    causes = _causes(tools, sending)
    if settle(tools.log, [*streams, *payees], decide, causes=causes, guard=guard, unmoved=payees):
        return True
    histories = tools.log.load(streams)  # nothing appended now: by an append whose answer was lost, or not at all
    attempts = [fold(histories[stream]).attempt for stream in streams]
    return all(attempt is not None and attempt.attempt_id == sending.attempt_id for attempt in attempts)


def _conclude(tools: Tools, sending: Sending, answer: CallAnswer) -> None:
    """Append what the answer means for each member, in one transaction.

    One that a late receipt names may have been dropped from what polls look at, for it was thought absent and over.
    """
    streams = [c.row.aggregate for c in sending.members]

    def decide(history: History) -> list[Append]:
        now, incarnation = tools.log.now(), tools.log.incarnation()
        facts: list[Append] = []
        come_back: list[InvoiceKey] = []
        for member in sending.members:
            past = history[member.row.aggregate]
            state = fold(past)
            record, whole = outcome_of(answer, member.key.external_id)
            outcome = Outcome(
                attempt_id=sending.attempt_id,
                members=len(streams),
                whole=whole,
                answer=record,
                look_at=sending.deadline + sending.settle,
                retry_at=now + tools.backoff(state.unsent, retry_after=answer.retry_after),
                incarnation=incarnation,
            )
            events = decide_outcome(state, member.key, outcome)
            facts.append(appended(past, member.row.aggregate, *events))
            come_back += [member.key] if events and not state.at_large and state.key is not None else []
        return [*facts, *tracked_again(tools, come_back)]

    causes = _causes(tools, sending)
    settle(tools.log, streams, decide, causes=causes)


def _causes(tools: Tools, sending: Sending) -> Causes:
    correlation_id = tools.correlation_id(unwatched=sending.encoded.batch)
    return tools.causes(correlation_id, causation_id=sending.attempt_id)


def _hold_lost_images(tools: Tools, members: Sequence[Candidate]) -> bool:
    """Hold the members whose image is missing or damaged in our own store; False when all are sound."""
    lost = [member for member in members if not _image_is_sound(tools, member)]
    for member in lost:
        _hold(tools, member, IMAGE_LOST, "the image is missing or damaged in the store: restore it, then release")
    return bool(lost)


def _image_is_sound(tools: Tools, member: Candidate) -> bool:
    try:
        if member.state.image is not None:
            tools.blobs.get(member.state.image.digest)
    except MalformedError:
        return False
    return True


def _refuse_while_held(tools: Tools) -> None:
    until = tools.log.hold_until()
    if until is not None and tools.log.now() < until:
        raise HeldError(f"money writes are held until {until.isoformat()}")


def _hold(tools: Tools, candidate: Candidate, reason: str, detail: str) -> None:
    """Hold one invoice for a person; its neighbours go on."""
    stream = candidate.row.aggregate

    def decide(history: History) -> list[Append]:
        held = decide_hold(fold(history[stream]), candidate.key, reason=reason, detail=detail)
        return [appended(history[stream], stream, *held)]

    settle(tools.log, [stream], decide, causes=tools.causes(tools.correlation_id()))
    done(tools, [candidate.row])
