"""A person's acts on a connection: its credentials go into the vault, what happened goes into the log."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from actors.settle import History, appended
from domain.connections import connection, persons
from domain.connections.connection import Connection
from domain.errors import MisconfiguredError, RefusedError
from domain.event import Append, Event
from domain.identifiers import PinnedIdentity
from tieout.acts.act import Act
from tieout.schedule.planning import plan_of, rhythms
from tieout.settings import Settings, check_call_timeout

if TYPE_CHECKING:  # acts on streams are usable without the libraries of the store
    from tieout.wiring import AvidTokens, Deployment, IonapiFile

INFOR = "infor"
AVIDXCHANGE = "avidxchange"
Say = Callable[[Connection], tuple[Event, ...]]


def check_addable(deployment: "Deployment", name: str, *, ionapi: "IonapiFile", nothing_by_hand: bool = False) -> None:
    """Raise what `add_connection` would, before anybody is asked for a secret."""
    state = _state(deployment, _identity(deployment.settings, name, ionapi.tenant))
    _say_added(deployment, name, ionapi, (), voucher="somebody" if nothing_by_hand else "")(state)


def add_connection(
    deployment: "Deployment",
    name: str,
    *,
    ionapi: "IonapiFile",
    tokens: "AvidTokens",
    person: str,
    nothing_by_hand: bool = False,
) -> dict[str, str]:
    """Put both credentials into the vault and pin the identity, or take a removed one up again; give fingerprints.

    nothing_by_hand: of a removed one, the person vouches that nobody booked its payments in Infor meanwhile.

    Raises RefusedError when the identity, its name or one of its divisions is taken, MisconfiguredError when the name
    is not declared or the call timeout does not fit the host. Makes no network call. A run that broke off in
    between is simply repeated: until the identity is pinned, what the vault holds counts for nothing.
    """
    check_addable(deployment, name, ionapi=ionapi, nothing_by_hand=nothing_by_hand)
    identity = _identity(deployment.settings, name, ionapi.tenant)
    again = _state(deployment, identity).removed
    vault = deployment.store.credentials
    marks = {
        INFOR: vault.replace(name, INFOR, ionapi.secret),
        AVIDXCHANGE: vault.replace(name, AVIDXCHANGE, tokens.secret),
    }
    act = Act(log=deployment.log, connection=identity.id, person=person, reason="connection add")
    _decide(act, _say_added(deployment, name, ionapi, tuple(marks.items()), voucher=person if nothing_by_hand else ""))
    deployment.runner.catch_up()
    if again:  # its rows went with the removal, and a process that never missed it makes none
        plan = plan_of(deployment.settings.connection(name).schedule)
        deployment.polls.ensure(identity.id, rhythms(plan, at=deployment.log.now()))
    return marks


def rotate(
    deployment: "Deployment",
    name: str,
    *,
    ionapi: "IonapiFile | None",
    ask_tokens: "Callable[[], AvidTokens | None]",
    person: str,
) -> tuple[str, ...]:
    """Replace credentials by newer ones of the same identity; give the systems whose credentials changed.

    ask_tokens: called once everything else is checked; None leaves AvidXchange's as they are. Raises RefusedError
    for another tenant, company or organisation.
    """
    pinned = pinned_identity(deployment, name)
    identity = _identity(deployment.settings, name, ionapi.tenant if ionapi else pinned.tenant)
    act = Act(log=deployment.log, connection=pinned.id, person=person, reason="connection rotate")
    before = _state(deployment, pinned)
    persons.decide_rotated(before, identity=identity, fingerprints=())
    if ionapi is not None:
        _check_host(deployment.settings, name, ionapi)
    tokens = ask_tokens()
    secrets = {INFOR: ionapi.secret if ionapi else None, AVIDXCHANGE: tokens.secret if tokens else None}
    vault = deployment.store.credentials
    marks = tuple((system, vault.replace(name, system, secret)) for system, secret in secrets.items() if secret)
    try:
        _decide(act, lambda state: persons.decide_rotated(state, identity=identity, fingerprints=marks))
    except RefusedError:
        if _state(deployment, pinned).removed:  # while the tokens were asked for: the vault shall hold nothing of it
            vault.remove(name)
        raise
    deployment.runner.catch_up()
    return tuple(system for system, mark in marks if (system, mark) not in before.fingerprints)


def pinned_identity(deployment: "Deployment", name: str) -> PinnedIdentity:
    """Give the identity of an added connection, also of a removed one. Raises MisconfiguredError."""
    row = deployment.connections().get(name)
    if row is None or row.state.identity is None:
        deployment.settings.connection(name)
        how = f"run `tieout connection add {name} --ionapi FILE`"
        raise MisconfiguredError(f"connection {name!r} is declared but not added yet: {how}")
    return row.state.identity


def pause(act: Act, *, until: datetime | None, now: datetime) -> bool:
    """Pause the connection; tell whether that changed anything."""
    return _decide(
        act, lambda state: persons.decide_paused(state, person=act.person, reason=act.reason, until=until, now=now)
    )


def resume(act: Act) -> bool:
    """Resume the connection; tell whether that changed anything."""
    return _decide(act, lambda state: persons.decide_resumed(state, person=act.person))


def approve_first_posting(act: Act) -> bool:
    """Let the other postings follow the first one; tell whether that changed anything."""
    return _decide(
        act, lambda state: persons.decide_first_posting_approved(state, person=act.person, reason=act.reason)
    )


def say_restore_point(act: Act, moment: datetime, *, now: datetime) -> bool:
    """Record which moment's state the store was set back to; tell whether that changed anything."""
    return _decide(
        act,
        lambda state: persons.decide_restore_point(state, person=act.person, reason=act.reason, moment=moment, now=now),
    )


def note_tested(act: Act, fact: Event) -> None:
    """Record what a test of both remotes showed."""
    _decide(act, lambda _: (fact,))


def _say_added(
    deployment: "Deployment", name: str, ionapi: "IonapiFile", marks: persons.Fingerprints, *, voucher: str
) -> Say:
    _check_host(deployment.settings, name, ionapi)
    divisions = deployment.settings.connection(name).infor.divisions
    others = [row.state for row in deployment.connections().values()]

    def say(state: Connection) -> tuple[Event, ...]:
        if marks and state.name == name and set(marks) <= set(state.fingerprints):
            return ()  # an unknown commit was ours
        return persons.decide_added(
            state,
            name=name,
            identity=_identity(deployment.settings, name, ionapi.tenant),
            divisions=divisions,
            fingerprints=marks,
            others=others,
            nothing_by_hand=voucher,
        )

    return say


def _check_host(settings: Settings, name: str, ionapi: "IonapiFile") -> None:
    seconds = settings.connection(name).infor.call_timeout_seconds
    check_call_timeout(seconds, ionapi.gateway, key=f"{settings.file}: connections.{name}.infor")


def _identity(settings: Settings, name: str, tenant: str) -> PinnedIdentity:
    section = settings.connection(name)
    organisation = section.avidxchange.organisation or section.avidxchange.base_url
    return PinnedIdentity(tenant, section.infor.company, organisation)


def _state(deployment: "Deployment", identity: PinnedIdentity) -> Connection:
    act = Act(log=deployment.log, connection=identity.id, person="", reason="")
    stream: UUID = act.stream("connection", "")
    return connection.fold(act.log.load([stream])[stream])


def _decide(act: Act, say: Say) -> bool:
    stream = act.stream("connection", "")

    def decide(history: History) -> list[Append]:
        return [appended(history[stream], stream, *say(connection.fold(history[stream])))]

    return bool(act.settle([stream], decide))
