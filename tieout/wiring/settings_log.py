"""Records the settings of a connection whenever they differ from those recorded last."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from actors.settle import History, appended, settle
from domain.connections.connection import fold
from domain.connections.settings import decide_settings
from domain.event import Append
from domain.identifiers import stream_id
from domain.ports import EventLog
from domain.ports.store import Causes
from tieout.settings import ConnectionSection

_SCHEDULE = "schedule."


def record_settings(log: EventLog, connection: UUID, section: ConnectionSection) -> None:
    """Append SettingsChanged when something changed; nothing else."""
    stream = stream_id(connection, "connection", "")
    settings = dict(_flat("", msgspec.to_builtins(section)))

    def decide(history: History) -> list[Append]:
        return [appended(history[stream], stream, *decide_settings(fold(history[stream]), settings))]

    settle(log, [stream], decide, causes=Causes(connection=connection, correlation_id="settings"))


def schedule_changed(log: EventLog, connection: UUID, section: ConnectionSection) -> bool:
    """Whether the schedule differs from the one that was recorded last."""
    stream = stream_id(connection, "connection", "")
    before = {key: value for key, value in fold(log.load([stream])[stream]).settings if key.startswith(_SCHEDULE)}
    now = dict(_flat("", msgspec.to_builtins(section)))
    return before != {key: value for key, value in now.items() if key.startswith(_SCHEDULE)}


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    else:
        yield prefix, str(value)
