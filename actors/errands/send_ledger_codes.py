"""Send ledger codes: up to 500 differences in one PUT; with `verify` compare only, with `off` nothing.

Only plain code values are written, so that clerks code to valid accounts; the ledger's structure never is.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from actors.errands.connections import connection_now
from actors.errands.poll_ledger_codes import verified
from actors.errands.polling import long_wait
from actors.errands.upserting import Claim, Later, Outcome, keep_rows_on_misconfiguration, look, put_in_halves
from actors.settle import History, appended
from actors.tools import Tools
from domain.errors import MisconfiguredError, RefusedError
from domain.event import Append, Event
from domain.ledger_codes.decisions import decide_breaches, decide_confirmed, decide_refused
from domain.ledger_codes.events import CodeContent
from domain.ledger_codes.ledger_code import LedgerCode, code_digest, fold
from domain.ports.answers import Breach, RecordAnswer, Verdict
from domain.ports.payables import CodeFound
from domain.ports.store import DueRow

ERRAND = "send_ledger_codes"
LIMIT = 500
MEND = 'the account does not let codes be written: set gl_accounts = "verify"'
FORBIDDEN = 403
_AGREES = RecordAnswer(verdict=Verdict.CONFIRMED)
Lists = dict[str, dict[str, CodeFound] | Later]


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed code as it is sent: its row, its state and content then."""

    row: DueRow
    state: LedgerCode
    content: CodeContent


def send_ledger_codes(tools: Tools) -> int:
    """Settle at most one batch of due ledger codes; give how many rows were claimed.

    A MisconfiguredError goes up after the rows were postponed; every other error is settled row by row.
    """
    claim = Claim(tools, ERRAND, limit=LIMIT)
    if not claim.rows:
        return 0
    try:
        if tools.rules.gl_accounts == "push":
            _push(claim)
        elif tools.rules.gl_accounts == "verify":
            _verify(claim)
        else:
            # Left from before the setting changed; when codes are pushed again they are sent.
            claim.give_back(dict.fromkeys(claim.rows, Later(wait=long_wait(tools), attempt=False)))
    except MisconfiguredError as error:
        keep_rows_on_misconfiguration(claim, error)
        raise
    return len(claim.rows)


def _push(claim: Claim) -> None:
    tools = claim.tools
    outcomes: dict[DueRow, Outcome | None] = dict.fromkeys(claim.rows)
    breaches: dict[UUID, tuple[Breach, ...]] = {}
    to_put: list[_Member] = []
    members = _members(claim)
    went_back_at = connection_now(tools).went_back_at
    lists = _lists(claim, {m.content.group for m in members if _needs_list(m, went_back_at)})
    for member in members:
        quiet_from = member.state.quiet_from(claim.flight, went_back_at)
        if over := tools.payables.code_breaches(member.content):
            breaches[member.row.aggregate] = over
            outcomes[member.row] = RecordAnswer(verdict=Verdict.REFUSED)
        elif quiet_from is not None and tools.log.now() < quiet_from:
            outcomes[member.row] = Later(wait=quiet_from - tools.log.now(), attempt=False)
        elif _needs_list(member, went_back_at):
            outcomes[member.row] = _compared(member, lists[member.content.group])
        elif member.state.known_digest(went_back_at) == code_digest(member.content):
            outcomes[member.row] = _AGREES
        if outcomes[member.row] is None:
            to_put.append(member)
    answers = put_in_halves(
        claim,
        [member.content for member in to_put],
        partial(_put, claim),
        key=lambda content: (content.group, content.value),
    )
    outcomes.update({member.row: answers[member.content.group, member.content.value] for member in to_put})
    _record_answers(claim, members, outcomes, breaches)
    claim.give_back(outcomes)


def _put(claim: Claim, contents: Sequence[CodeContent]) -> dict[tuple[str, str], RecordAnswer]:
    try:
        return claim.tools.payables.put_codes(contents, deadline=claim.deadline)
    except RefusedError as error:
        if error.status != FORBIDDEN or "gl_accounts" in str(error):
            raise
        raise RefusedError(f"{error}: {MEND}", code=error.code, status=error.status) from error


def _members(claim: Claim) -> list[_Member]:
    """Load what the rows name, inside the claim; rows that have nothing to send are left out."""
    histories = claim.tools.log.load([row.aggregate for row in claim.rows])
    states = {row: fold(histories[row.aggregate]) for row in claim.rows}
    return [
        _Member(row=row, state=state, content=state.content)
        for row, state in states.items()
        if state.content is not None and state.asks
    ]


def _needs_list(member: _Member, went_back_at: datetime | None) -> bool:
    """Whether AvidXchange's list is read first: never agreed before, forgotten, or the last outcome is unknown."""
    state = member.state
    forgotten = state.known_digest() != state.known_digest(went_back_at)
    return member.row.attempts > 0 or forgotten or state.confirmed is None or not state.confirmed.digest


def _lists(claim: Claim, groups: set[str]) -> Lists:
    payables = claim.tools.payables
    return {group: look(claim, partial(payables.list_codes, group)) for group in sorted(groups)}


def _compared(member: _Member, there: dict[str, CodeFound] | Later) -> Outcome | None:
    """Compare a code with AvidXchange's list; None when it has to be sent."""
    if isinstance(there, Later):
        return there
    found, content = there.get(member.content.value), member.content
    if found is None:
        return None if content.active else _AGREES  # one that is not in use need not be there
    agrees = (found.description, found.active) == (content.description, content.active)
    return _AGREES if agrees else None


def _record_answers(
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

    def decide(history: History) -> list[Append]:
        return [
            appended(history[stream], stream, *_events(fold(history[stream]), member, answer, breaches.get(stream, ())))
            for stream, (member, answer) in settled.items()
        ]

    if not claim.settle(list(settled), decide):
        outcomes.update(dict.fromkeys(outcomes, Later(wait=claim.flight)))


def _events(now: LedgerCode, member: _Member, answer: RecordAnswer, breaches: Sequence[Breach]) -> tuple[Event, ...]:
    if breaches:
        return decide_breaches(now, sent=member.state, breaches=breaches)
    if answer.verdict is Verdict.REFUSED:
        return decide_refused(now, sent=member.state, code=answer.code, text=answer.text, field=answer.field)
    return decide_confirmed(now, sent=member.state)


def _verify(claim: Claim) -> None:
    """Settle rows left from before codes were only compared, and those a person asked for."""
    outcomes: dict[DueRow, Outcome | None] = dict.fromkeys(claim.rows)
    members = _members(claim)
    lists = _lists(claim, {member.content.group for member in members})
    compared: dict[UUID, CodeFound | None] = {}
    for member in members:
        there = lists[member.content.group]
        if isinstance(there, Later):
            outcomes[member.row] = there
            continue
        compared[member.row.aggregate] = there.get(member.content.value)
        outcomes[member.row] = _AGREES

    def decide(history: History) -> list[Append]:
        return [
            appended(history[stream], stream, *verified(fold(history[stream]), found))
            for stream, found in compared.items()
        ]

    if not claim.settle(list(compared), decide):
        outcomes.update(dict.fromkeys(outcomes, Later(wait=claim.flight)))
    claim.give_back(outcomes)
