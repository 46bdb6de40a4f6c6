"""What is decided about a ledger code: what a poll saw, what AvidXchange holds or answered, what a person ordered."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from domain.event import Event
from domain.identifiers import code_key
from domain.ledger_codes.events import (
    CodeContent,
    CodeFact,
    LedgerCodeBlocked,
    LedgerCodeChanged,
    LedgerCodeConfirmed,
    LedgerCodeRecorded,
    LedgerCodeRefused,
    LedgerCodeRetryOrdered,
    LedgerCodesListed,
    LedgerCodesOnlyThere,
)
from domain.ledger_codes.ledger_code import LedgerCode, code_digest
from domain.ports.answers import Breach

MISSING = "MISSING_AT_AVIDXCHANGE"
INACTIVE = "INACTIVE_AT_AVIDXCHANGE"
ACTIVE = "ACTIVE_AT_AVIDXCHANGE"
DESCRIBED = "DESCRIBED_OTHERWISE"  # the code itself agrees: invoices may name it
_DIFFERENCES = {
    MISSING: "AvidXchange does not have the code",
    INACTIVE: "AvidXchange has the code, but not as active",
    ACTIVE: "AvidXchange has the code as active, Infor does not",
    DESCRIBED: "AvidXchange describes the code otherwise",
}


def content_of(
    facts: Sequence[CodeFact],
    *,
    company: int,
    dimension: int,
    value: str,
    group: str,
    divisions: Sequence[str],
    today: date,
) -> CodeContent:
    """Make a code's content of Infor's rows (contract infor.md, 5.3).

    Rows of divisions that are not configured are left out. Active while any row is open today; the description is
    the company's, else that of the first configured division that has one.
    """
    order = {division: place for place, division in enumerate(("", *divisions))}
    kept = sorted((fact for fact in facts if fact.division in order), key=lambda fact: order[fact.division])
    return CodeContent(
        company=company,
        dimension=dimension,
        value=value,
        group=group,
        description=next((fact.description for fact in kept if fact.description), ""),
        active=any(_open(fact, today) for fact in kept),
        facts=tuple(kept),
    )


def decide_seen(
    state: LedgerCode, content: CodeContent, *, push: bool, went_back_at: datetime | None = None
) -> tuple[Event, ...]:
    """Record what Infor says; nothing when it says the same and nothing is left to send.

    push: codes are written to AvidXchange at all. What is sent already in the same words is not asked for again.
    went_back_at: when the store went back: what may have been sent since its backup is sent anew, as it is now.
    """
    to_send = push and (state.may_be_other(went_back_at) or _wants_sending(state, content))
    if state.content is None:
        return (LedgerCodeRecorded(content=content, to_send=to_send),)
    if state.content == content and not to_send:
        return ()
    if state.content.active and not content.active:
        return (LedgerCodeBlocked(content=content, to_send=to_send),)
    return (LedgerCodeChanged(content=content, to_send=to_send),)


def decide_gone(state: LedgerCode, *, push: bool, went_back_at: datetime | None = None) -> tuple[Event, ...]:
    """The value vanished from Infor: it counts as blocked; nothing when it was not in use anyway."""
    if state.content is None or not (state.content.active or state.may_be_other(went_back_at)):
        return ()
    gone = msgspec.structs.replace(state.content, active=False, facts=())
    return decide_seen(state, gone, push=push, went_back_at=went_back_at)


def decide_listed(known: frozenset[str], listed: frozenset[str], *, dimension: int) -> tuple[Event, ...]:
    """Record which values came and went since the last list."""
    if known == listed:
        return ()
    added, gone = sorted(listed - known), sorted(known - listed)
    return (LedgerCodesListed(dimension=dimension, added=tuple(added), gone=tuple(gone)),)


def decide_only_there(
    known: tuple[str, ...], listed: frozenset[str], active_there: Iterable[str], *, dimension: int, group: str
) -> tuple[Event, ...]:
    """Record which codes AvidXchange alone has as active, when they are others than those `known` so far."""
    values = tuple(sorted(set(active_there) - listed))
    if values == known:
        return ()
    return (LedgerCodesOnlyThere(dimension=dimension, group=group, values=values),)


def decide_confirmed(state: LedgerCode, *, sent: LedgerCode) -> tuple[Event, ...]:
    """AvidXchange holds what was `sent`; a code blocked meanwhile (`state` is as of now) stays shut."""
    if sent.content is None or state.content is None or state.settled >= sent.version:
        return ()
    return (
        LedgerCodeConfirmed(
            key=_key(sent.content),
            digest=code_digest(sent.content),
            of_version=sent.version,
            opens_gate=sent.content.active and state.content.active,
        ),
    )


def decide_refused(
    state: LedgerCode, *, sent: LedgerCode, code: str, text: str, field: str = "", breach: Breach | None = None
) -> tuple[Event, ...]:
    """Record AvidXchange's refusal of what was `sent`, or our own (`breach`) of what would have been."""
    if sent.content is None or state.settled >= sent.version:
        return ()
    return (
        LedgerCodeRefused(
            key=_key(sent.content),
            code=code,
            text=text,
            of_version=sent.version,
            field=breach.field if breach else field,
            limit=breach.limit if breach else None,
            length=breach.length if breach else None,
        ),
    )


def decide_breaches(state: LedgerCode, *, sent: LedgerCode, breaches: Sequence[Breach]) -> tuple[Event, ...]:
    """Refuse what is over AvidXchange's limits, before sending; the first field is named, the text names all."""
    text = "; ".join(str(breach) for breach in breaches)
    return decide_refused(state, sent=sent, code="FIELD_TOO_LONG", text=text, breach=breaches[0])


def decide_verified(
    state: LedgerCode, *, active_there: bool | None, described_there: str | None = None
) -> tuple[Event, ...]:
    """Compare a code with AvidXchange's list (`gl_accounts = verify`), recording changes only.

    active_there: None when AvidXchange does not have it; described_there: None when that is not compared. Another
    description is a difference that shuts no gate. A row of due work (`state.asks`) is settled either way.
    """
    if state.content is None:
        return ()
    if state.content.active:
        difference = MISSING if active_there is None else "" if active_there else INACTIVE
    else:
        difference = ACTIVE if active_there else ""
    if difference:
        return _differs(state, difference, _DIFFERENCES[difference])
    settled = not state.asks and state.gate_open == state.content.active
    if state.content.active and described_there not in (None, state.content.description):
        agrees = () if settled else (_agrees(state, state.content),)
        text = f"{_DIFFERENCES[DESCRIBED]}: {described_there!r}, Infor {state.content.description!r}"
        return (*agrees, *_differs(state, DESCRIBED, text))
    return () if state.refused is None and settled else (_agrees(state, state.content),)


def _differs(state: LedgerCode, difference: str, text: str) -> tuple[Event, ...]:
    said = state.refused is not None and (state.refused.code, state.refused.text) == (difference, text)
    if state.content is None or (said and not state.asks):
        return ()
    return (
        LedgerCodeRefused(
            key=_key(state.content),
            code=difference,
            text=text,
            of_version=state.version,
            shuts_gate=difference != DESCRIBED,
        ),
    )


def _agrees(state: LedgerCode, content: CodeContent) -> LedgerCodeConfirmed:
    # Without a digest: nothing was sent.
    return LedgerCodeConfirmed(key=_key(content), digest="", of_version=state.version, opens_gate=content.active)


def decide_retry(state: LedgerCode, person: str, reason: str) -> tuple[Event, ...]:
    """A person sends (or, with `verify`, compares) a refused code again; nothing when there is nothing to retry."""
    if state.retry_ordered or state.refused is None:
        return ()
    return (LedgerCodeRetryOrdered(person=person, reason=reason),)


def _wants_sending(state: LedgerCode, content: CodeContent) -> bool:
    if not content.active and not state.asked_digest:
        return False  # never active: it does not go out
    if code_digest(content) != state.asked_digest:
        return True
    if state.refused is not None:
        return state.refused.code in _DIFFERENCES  # found by `verify`; now that codes are pushed, it is mended
    return content.active and not state.gate_open and not state.asks


def _key(content: CodeContent) -> str:
    return code_key(content.company, content.dimension, content.value)


def _open(fact: CodeFact, today: date) -> bool:
    begun = fact.valid_from is None or fact.valid_from <= today
    ended = fact.valid_to is not None and fact.valid_to < today
    return begun and not ended and not fact.blocked
