"""What a person may order for a connection: add it, renew its credentials, pause and resume it, trust its postings.

How one is removed stands in `removal.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.connections.connection import Connection
from domain.connections.events import (
    ConnectionAdded,
    ConnectionPaused,
    ConnectionResumed,
    CredentialsImported,
    CredentialsRotated,
    FirstPostingApproved,
    NothingBookedByHand,
    RestorePointDeclared,
)
from domain.connections.removal import check_not_removed
from domain.errors import RefusedError
from domain.event import Event
from domain.identifiers import PinnedIdentity

Fingerprints = Sequence[tuple[str, str]]  # (system, fingerprint of its credentials)


def decide_added(
    state: Connection,
    *,
    name: str,
    identity: PinnedIdentity,
    divisions: tuple[str, ...],
    fingerprints: Fingerprints,
    others: Iterable[Connection],
    nothing_by_hand: str = "",
) -> tuple[Event, ...]:
    """Pin a new connection's identity, or take up a removed one. others: every connection added before.

    nothing_by_hand: who vouches that nobody booked its payments in Infor while it was removed, "" for nobody. Raises
    RefusedError when the name, or a division of the same tenant and company, is taken, or a word is given that only
    a removed one asks for; a removed connection keeps both, for what it sent may still be paid.
    """
    if state.removed and state.name != name:
        text = f"this Infor company and AvidXchange organisation were connection {state.name!r}"
        raise RefusedError(f"{text}, which was removed: add it again under that name", code="OTHER_NAME")
    if state.identity is not None and not state.removed:
        text = f"this Infor company and AvidXchange organisation are connection {state.name!r} already"
        raise RefusedError(f"{text}; `tieout connection rotate {state.name}` replaces credentials", code="EXISTS")
    if nothing_by_hand and not state.removed:
        text = f"{name} was never removed: there was no time in which its payments were booked by hand"
        raise RefusedError(f"{text}; leave --nothing-by-hand out", code="NEVER_REMOVED")
    for other in others:
        check_overlap(other, name=name, identity=identity, divisions=divisions)
    return (
        ConnectionAdded(name=name, identity=identity, divisions=divisions),
        *((NothingBookedByHand(person=nothing_by_hand),) if nothing_by_hand else ()),
        *(CredentialsImported(system=system, fingerprint=mark) for system, mark in fingerprints),
    )


def check_overlap(other: Connection, *, name: str, identity: PinnedIdentity, divisions: tuple[str, ...]) -> None:
    """Raise RefusedError when another connection has the name or syncs one of the divisions."""
    if other.identity is None or other.identity == identity:
        return
    if other.name == name:
        pinned = f"pinned to {described(other.identity)}, not to {described(identity)}"
        text = f"connection {name!r} {'was removed, and is' if other.removed else 'is'} {pinned}"
        raise RefusedError(f"{text}: declare the new one under another name", code="NAME_TAKEN")
    same_books = (other.identity.tenant, other.identity.company) == (identity.tenant, identity.company)
    shared = sorted(set(divisions) & set(other.divisions))
    if same_books and shared:
        where = f"division {', '.join(shared)} of company {identity.company}"
        if other.removed:
            text = f"connection {other.name!r}, which was removed, has synced {where}"
            raise RefusedError(f"{text}: what it sent could be paid a second time", code="DIVISION_TAKEN")
        text = f"connection {other.name!r} syncs {where} already"
        raise RefusedError(f"{text}: two connections would pay the same invoices", code="DIVISION_TAKEN")


def decide_rotated(state: Connection, *, identity: PinnedIdentity, fingerprints: Fingerprints) -> tuple[Event, ...]:
    """Record newer credentials of the same identity; those with an unchanged fingerprint are left out.

    Raises RefusedError when the connection was never added or the credentials are another tenant's or company's.
    """
    if state.identity is None:
        raise RefusedError("the connection was never added: `tieout connection add`", code="UNKNOWN")
    check_not_removed(state)
    if state.identity != identity:
        text = (
            f"the connection is pinned to {described(state.identity)}, these credentials are of {described(identity)}"
        )
        raise RefusedError(f"{text}: add them as another connection", code="OTHER_IDENTITY")
    known = set(state.fingerprints)
    return tuple(
        CredentialsRotated(system=system, fingerprint=mark)
        for system, mark in fingerprints
        if (system, mark) not in known
    )


def decide_paused(
    state: Connection, *, person: str, reason: str, until: datetime | None, now: datetime
) -> tuple[Event, ...]:
    """Stop polling and sending; nothing when it is paused alike already.

    Raises RefusedError for a time gone by, and when the connection was removed.
    """
    check_not_removed(state)
    if until is not None and until <= now:
        raise RefusedError("a pause must end in the future", code="PAST")
    if state.is_paused(now) and state.paused_until == until:
        return ()
    return (ConnectionPaused(person=person, reason=reason, until=until),)


def decide_resumed(state: Connection, *, person: str) -> tuple[Event, ...]:
    """Poll and send again; nothing when it is not paused. Raises RefusedError when the connection was removed."""
    check_not_removed(state)
    return (ConnectionResumed(person=person),) if state.paused else ()


def decide_first_posting_approved(state: Connection, *, person: str, reason: str) -> tuple[Event, ...]:
    """Let the other postings follow the first one; nothing when a person approved it already.

    Raises RefusedError while no posting has gone first.
    """
    if not state.first_posting:
        raise RefusedError("no posting has gone first yet: there is nothing to approve", code="NO_FIRST_POSTING")
    return () if state.first_posting_approved else (FirstPostingApproved(person=person, reason=reason),)


def decide_restore_point(
    state: Connection, *, person: str, reason: str, moment: datetime, now: datetime
) -> tuple[Event, ...]:
    """Say which moment's state the store was set back to; nothing when it is known to go back as far already.

    Raises RefusedError for a time still to come.
    """
    if moment > now:
        raise RefusedError("the time of the backup is still to come", code="FUTURE")
    known = state.first_went_back_at
    if known is not None and known <= moment:
        return ()
    return (RestorePointDeclared(person=person, reason=reason, set_back_to=moment),)


def described(identity: PinnedIdentity) -> str:
    """Name an identity for a sentence."""
    return f"tenant {identity.tenant}, company {identity.company}, organisation {identity.organisation}"
