"""Settings as facts: an auditor can tell by which rules a record was handled."""

from collections.abc import Mapping

from domain.connections.connection import Connection
from domain.connections.events import SettingsChanged
from domain.identifiers import digest


def decide_settings(state: Connection, settings: Mapping[str, str]) -> tuple[SettingsChanged, ...]:
    """Give the change against the last recorded settings, nothing when they are the same."""
    now = tuple(sorted(settings.items()))
    mark = digest(repr(now).encode())
    if mark == state.settings_digest:
        return ()
    before = dict(state.settings)
    diff = tuple(
        f"{key}: {before.get(key, '(none)')} -> {settings.get(key, '(none)')}"
        for key in sorted(before.keys() | settings.keys())
        if before.get(key) != settings.get(key)
    )
    return (SettingsChanged(digest=mark, diff=diff, settings=now),)
