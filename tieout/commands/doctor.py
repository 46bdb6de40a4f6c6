"""`tieout doctor`: what is wrong with this installation, and how to mend it."""

import os
import platform
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from domain.errors import MisconfiguredError, TieoutError
from tieout import output
from tieout.commands.common import AsJson, settings_of, version_of
from tieout.commands.summary import DONE, LEFT, MISCONFIGURED, NO_ANSWER
from tieout.commands.testing import probe
from tieout.settings import Settings, ring_text, shown_url
from tieout.settings.keys import readable_by_others

if TYPE_CHECKING:
    from tieout.commands.testing import Side
    from tieout.wiring import Deployment

OK, WARN, BAD = "ok", "warn", "bad"
LIBRARIES = ("tieout", "dramatiq", "eventsourcing", "httpx", "msgspec", "cryptography")
CLOCK_TOLERANCE = timedelta(seconds=60)
LOW_DISK_BYTES = 500 * 1024 * 1024


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at; code: the exit code it asks for when it is bad."""

    check: str
    state: str
    text: str
    mend: str = ""
    code: int = DONE


def doctor(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Check settings, keys, store, broker, clocks, both remotes and versions."""
    checks: list[Check] = []
    for check in _all(ctx):
        checks.append(check)
        if not as_json:
            output.write(f"{check.state:<5} {check.check}: {check.text}\n")
            if check.mend:
                output.write(f"      mend: {check.mend}\n")
    if as_json:
        output.emit({"ok": all(check.state != BAD for check in checks), "checks": checks})
    codes = {check.code for check in checks}
    raise typer.Exit(next((code for code in (MISCONFIGURED, NO_ANSWER, LEFT) if code in codes), DONE))


def _all(ctx: typer.Context) -> Iterator[Check]:
    from tieout.wiring import open_deployment

    yield Check(check="versions", state=OK, text=_versions())
    try:
        settings = settings_of(ctx)
    except MisconfiguredError as error:
        yield Check(check="settings", state=BAD, text=str(error), code=MISCONFIGURED)
        return
    yield Check(check="settings", state=OK, text=str(settings.file))
    yield from _keys(settings)
    try:
        deployment = open_deployment(settings)
    except TieoutError as error:
        code = MISCONFIGURED if isinstance(error, MisconfiguredError) else NO_ANSWER
        yield Check(check="store", state=BAD, text=str(error), code=code)
        return
    with deployment:
        yield from _store(deployment)
        yield Check(check="broker", state=OK, text=shown_url(settings.broker_url))
        for name in settings.connections:
            yield from _connection(deployment, name)
        if not settings.connections:
            yield Check(
                check="connections", state=WARN, text="none is declared", mend=f"declare one in {settings.file}"
            )


def _versions() -> str:
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version_of(name)}" for name in LIBRARIES)])


def _keys(settings: Settings) -> Iterator[Check]:
    try:
        ring_text(settings.keys_file, environ=os.environ)
    except MisconfiguredError as error:
        yield Check(check="keys", state=BAD, text=str(error), code=MISCONFIGURED)
        return
    if settings.keys_file.exists() and readable_by_others(settings.keys_file):
        mend = f"chmod 600 {settings.keys_file}"
        yield Check(check="keys", state=WARN, text="the key ring may be read by others on this machine", mend=mend)
    else:
        yield Check(check="keys", state=OK, text="the key ring is there")


def _store(deployment: "Deployment") -> Iterator[Check]:
    url = deployment.settings.store_url
    yield Check(check="store", state=OK, text=f"{shown_url(url)}, {deployment.log.last_position()} events, synced")
    free = shutil.disk_usage(Path(url.removeprefix("sqlite:///")).parent).free
    if free < LOW_DISK_BYTES:
        text = f"{free // 1024**2} MB are free on the store's disk"
        yield Check(check="disk", state=WARN, text=text, mend="make room before the store is full")
    until = deployment.log.hold_until()
    if until is not None:
        text = f"money writes are held until {until.isoformat(timespec='seconds')}: the store was restored or copied"
        yield Check(check="store", state=WARN, text=text, mend="nothing to do, the hold ends by itself")


def _connection(deployment: "Deployment", name: str) -> Iterator[Check]:
    section = deployment.settings.connection(name)
    if not section.infor.payment_methods:
        mend = f"connections.{name}.infor.payment_methods: list the PYME codes that go to AvidXchange"
        yield Check(check=name, state=WARN, text="invoices of every payment method go to AvidXchange", mend=mend)
    if section.infor.payment_posting == "gls840" and not section.infor.bank_id:
        mend = f"connections.{name}.infor.bank_id: name the bank (BKID) of the postings"
        yield Check(check=name, state=WARN, text="postings name no bank", mend=mend)
    try:
        sides = probe(deployment, name)
    except TieoutError as error:
        yield Check(check=name, state=BAD, text=str(error), code=MISCONFIGURED)
        return
    for side, found in sides.items():
        yield _side(f"{name} {side}", found)
    yield from _clock(deployment, name, sides)
    yield from _left(deployment, name)


_MEND = {
    MISCONFIGURED: "correct the setting or credential it names; `tieout connection rotate` replaces credentials",
    NO_ANSWER: "check the address, the network and the remote's own status page; nothing is lost meanwhile",
    LEFT: "ask the tenant's administrator for the transactions, or turn off what needs them",
}


def _side(check: str, found: "Side") -> Check:
    if found.problem:
        state = WARN if found.ok else BAD
        return Check(check=check, state=state, text=found.problem, mend=_MEND.get(found.code, ""), code=found.code)
    return Check(check=check, state=OK, text="answers")


def _clock(deployment: "Deployment", name: str, sides: "dict[str, Side]") -> Iterator[Check]:
    tools = deployment.tools(name)
    hint = tools.payables.now_hint()
    if hint is None or not sides["avidxchange"].ok:
        return
    apart = abs(tools.clock.now() - hint)
    text = f"this clock and AvidXchange's are {apart.total_seconds():.0f} s apart"
    if apart > CLOCK_TOLERANCE:
        yield Check(check=f"{name} clock", state=WARN, text=text, mend="let this machine keep time by NTP")
    else:
        yield Check(check=f"{name} clock", state=OK, text=text)


def _left(deployment: "Deployment", name: str) -> Iterator[Check]:
    from projections import doubts, issues

    connection = deployment.tools(name).connection
    open_issues = len(issues.listed(deployment.storage, connection))
    in_doubt = len(doubts.listed(deployment.storage, connection))
    if open_issues or in_doubt:
        text = f"{open_issues} open issues, {in_doubt} doubts"
        yield Check(check=name, state=WARN, text=text, mend="`tieout issues` and `tieout doubts` list them", code=LEFT)
