"""All checks in order: what everything else rests on comes first."""

import os
import platform
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from domain.errors import MisconfiguredError, TieoutError
from tieout.commands.common import version_of
from tieout.diagnosis.brokers import broker_checks
from tieout.diagnosis.check import MISCONFIGURED, NO_ANSWER, Check, bad, fine, warn
from tieout.diagnosis.clocks import pod_clocks
from tieout.diagnosis.network import network_checks
from tieout.diagnosis.remotes import connection_checks, removed_checks, shared_credentials
from tieout.diagnosis.stores import store_checks
from tieout.settings import Settings, ring_text
from tieout.settings.keys import left_open, ring_place

if TYPE_CHECKING:
    from tieout.wiring import Deployment

LIBRARIES = ("tieout", "dramatiq", "eventsourcing", "httpx", "msgspec", "cryptography")


def diagnose(load: Callable[[], Settings], *, ask_remotes: bool = True) -> Iterator[Check]:
    """Look at everything; what cannot be looked at because something before it is bad is left out."""
    from tieout.wiring import open_deployment

    yield fine("versions", versions())
    try:
        settings = load()
    except MisconfiguredError as error:
        yield bad("settings", str(error))
        return
    yield fine("settings", str(settings.file))
    yield from _ring(settings)
    yield from network_checks(settings)
    yield from broker_checks(settings.broker_url)
    try:
        deployment = open_deployment(settings)
    except TieoutError as error:
        yield bad("store", str(error), code=_code(error))
        return
    with deployment:
        try:
            yield from _deployed(deployment, ask_remotes=ask_remotes)
        except TieoutError as error:
            # Verdict: stop; the store went away while it was looked at.
            yield bad("store", str(error), code=_code(error))


def versions() -> str:
    """Name the versions of what matters."""
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version_of(name)}" for name in LIBRARIES)])


def _deployed(deployment: "Deployment", *, ask_remotes: bool) -> Iterator[Check]:
    yield from store_checks(deployment)
    yield from pod_clocks(deployment)
    yield from _vault(deployment)
    yield from _alerts(deployment)
    removed = deployment.removed_connections()
    for name in deployment.settings.connections if ask_remotes else ():
        if name not in removed:
            yield from connection_checks(deployment, name)
    yield from removed_checks(deployment, removed)
    yield from shared_credentials(deployment)
    if not deployment.settings.connections:
        yield warn("connections", "none is declared", f"declare one in {deployment.settings.file}")


def _ring(settings: Settings) -> Iterator[Check]:
    try:
        ring_text(settings.keys_file, environ=os.environ)
        place = ring_place(settings.keys_file, environ=os.environ)
    except MisconfiguredError as error:
        yield bad("keys", str(error))
        return
    if left_open(place):
        text = "the key ring may be read by others on this machine"
        yield warn("keys", text, f"chmod 600 {place.file}")
    else:
        yield fine("keys", f"the key ring is there: {place.name}")


def _vault(deployment: "Deployment") -> Iterator[Check]:
    from tieout.wiring.keyring import key_uses

    uses = key_uses(deployment)
    missing = [use for use in uses if not use.in_ring]
    older = [use for use in uses if use.in_ring and not use.newest and use.credentials + use.data_keys]
    for use in missing:
        text = f"{use.credentials} credentials and {use.data_keys} data keys lie under key {use.id}, not in the ring"
        yield bad("keys in use", text, "put that key back into the ring, behind the newest one")
    if older:
        text = f"a rotation is unfinished: something still lies under {', '.join(use.id for use in older)}"
        yield warn("keys in use", text, "`tieout keys rotate` goes on with it")
    if not missing and not older:
        yield fine("keys in use", f"everything lies under the newest key, {uses[0].id}")


def _alerts(deployment: "Deployment") -> Iterator[Check]:
    from tieout.wiring.alerting import alert_book, senders_of

    try:
        channels = [sender.name for sender in senders_of(deployment.settings)]
    except MisconfiguredError as error:
        yield bad("alerts", str(error))
        return
    failing = [one for one in alert_book(deployment).entries() if one.last_error and one.channel in channels]
    if not channels:
        mend = "set alerts.webhook or alerts.mail_to, then `tieout alerts --test`"
        yield warn("alerts", "nobody is told when something needs a person", mend)
    elif failing:
        text = f"{len(failing)} alerts could not be told: {failing[0].last_error}"
        yield warn("alerts", text, "`tieout alerts --test` tries the channels")
    else:
        yield fine("alerts", f"told by {' and '.join(channels)}")


def _code(error: TieoutError) -> int:
    return MISCONFIGURED if isinstance(error, MisconfiguredError) else NO_ANSWER
