"""Send suppliers: up to 100 vendors in one PUT, one PUT in flight per vendor, the newest state always last."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from actors.errands.connections import connection_now
from actors.errands.upserting import Claim, Later, Outcome, keep_rows_on_misconfiguration, look, put_in_halves
from actors.settle import History, appended
from actors.tools import Tools
from domain.errors import MisconfiguredError
from domain.event import Append, Event
from domain.identifiers import supplier_key
from domain.ports.answers import Breach, RecordAnswer, Verdict
from domain.ports.payables import VendorFound
from domain.ports.store import DueRow
from domain.suppliers.decisions import decide_breaches, decide_confirmed, decide_refused
from domain.suppliers.events import SupplierContent
from domain.suppliers.supplier import Supplier, fold

ERRAND = "send_suppliers"
LIMIT = 100
_HELD_ALREADY = RecordAnswer(verdict=Verdict.CONFIRMED)


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed supplier as it is sent: its row, its state and content then, the record's digest."""

    row: DueRow
    state: Supplier
    content: SupplierContent
    digest: str

    @property
    def external_id(self) -> str:
        return supplier_key(self.content.company, self.content.number)


def send_suppliers(tools: Tools) -> int:
    """Send at most one batch of due suppliers; give how many rows were claimed.

    A MisconfiguredError goes up after the rows were postponed; every other error is settled row by row.
    """
    claim = Claim(tools, ERRAND, limit=LIMIT)
    if not claim.rows:
        return 0
    try:
        _send(claim)
    except MisconfiguredError as error:
        keep_rows_on_misconfiguration(claim, error)
        raise
    return len(claim.rows)


def _send(claim: Claim) -> None:
    tools = claim.tools
    outcomes: dict[DueRow, Outcome | None] = dict.fromkeys(claim.rows)
    breaches: dict[UUID, tuple[Breach, ...]] = {}
    to_put: list[_Member] = []
    to_look_up: list[_Member] = []
    members = _members(claim)
    went_back_at = connection_now(tools).went_back_at
    for member in members:
        quiet_from = member.state.quiet_from(claim.flight, went_back_at)
        if over := tools.payables.vendor_breaches(member.content):
            breaches[member.row.aggregate] = over
            outcomes[member.row] = RecordAnswer(verdict=Verdict.REFUSED)
        elif quiet_from is not None and tools.log.now() < quiet_from:
            outcomes[member.row] = Later(wait=quiet_from - tools.log.now(), attempt=False)
        elif member.row.attempts:
            to_look_up.append(member)
        elif member.state.known_digest(went_back_at) == member.digest:
            outcomes[member.row] = _HELD_ALREADY
        else:
            to_put.append(member)
    found = _look_up(claim, to_look_up)
    for member in to_look_up:
        outcome = found.get(member.external_id)
        if outcome is None:
            to_put.append(member)
        else:
            outcomes[member.row] = outcome
    answers = put_in_halves(
        claim,
        [member.content for member in to_put],
        lambda contents: tools.payables.put_vendors(contents, deadline=claim.deadline),
        key=lambda content: supplier_key(content.company, content.number),
    )
    outcomes.update({member.row: answers[member.external_id] for member in to_put})
    _record(claim, members, outcomes, breaches)
    claim.give_back(outcomes)


def _members(claim: Claim) -> list[_Member]:
    """Load what the rows name, inside the claim; rows that have nothing to send are left out."""
    payables = claim.tools.payables
    histories = claim.tools.log.load([row.aggregate for row in claim.rows])
    states = {row: fold(histories[row.aggregate]) for row in claim.rows}
    return [
        _Member(row=row, state=state, content=state.content, digest=payables.vendor_digest(state.content))
        for row, state in states.items()
        if state.content is not None and state.asks
    ]


def _look_up(claim: Claim, members: Sequence[_Member]) -> dict[str, Outcome]:
    """Look vendors up whose last send has an unknown outcome; those that agree need no other."""
    if not members:
        return {}
    found = look(claim, lambda: claim.tools.payables.find_vendors([member.external_id for member in members]))
    if isinstance(found, Later):
        return {member.external_id: found for member in members}
    return {
        member.external_id: _as_answer(found[member.external_id])
        for member in members
        if member.external_id in found and found[member.external_id].record_digest == member.digest
    }


def _as_answer(found: VendorFound) -> RecordAnswer:
    return RecordAnswer(verdict=Verdict.CONFIRMED, item_id=found.vendor_id, status=found.enrolment)


def _record(
    claim: Claim,
    members: Sequence[_Member],
    outcomes: dict[DueRow, Outcome | None],
    breaches: dict[UUID, tuple[Breach, ...]],
) -> None:
    settled = {
        member.row.aggregate: (member, answer)
        for member in members
        if isinstance(answer := outcomes[member.row], RecordAnswer)
    }
    if not settled:
        return

    def decide(history: History) -> list[Append]:
        return [
            appended(history[stream], stream, *_events(fold(history[stream]), member, answer, breaches.get(stream, ())))
            for stream, (member, answer) in settled.items()
        ]

    if not claim.settle(list(settled), decide):
        outcomes.update(dict.fromkeys(outcomes, Later(wait=claim.flight)))


def _events(now: Supplier, member: _Member, answer: RecordAnswer, breaches: Sequence[Breach]) -> tuple[Event, ...]:
    if breaches:
        return decide_breaches(now, sent=member.state, breaches=breaches)
    if answer.verdict is Verdict.REFUSED:
        return decide_refused(now, sent=member.state, code=answer.code, text=answer.text, field=answer.field)
    held = member.state.confirmed if answer is _HELD_ALREADY else None
    return decide_confirmed(
        now,
        sent=member.state,
        vendor_id=held.vendor_id if held else answer.item_id,
        enrolment=held.enrolment if held else answer.status,
        digest=member.digest,
    )
