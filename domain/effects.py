"""What an event makes of the table of due work: the few words `routing` answers in."""

from datetime import datetime
from uuid import UUID

import msgspec


class Due(msgspec.Struct, frozen=True):
    """The errand is due for the aggregate, at once (`at` None) or at a time; it moves a row that is there."""

    errand: str
    aggregate: UUID
    at: datetime | None = None


class Wait(msgspec.Struct, frozen=True):
    """The errand is due for the aggregate once `key` opens (at once when it is open already)."""

    errand: str
    aggregate: UUID
    key: str


class Done(msgspec.Struct, frozen=True):
    """The errand has nothing left to do for the aggregate.

    up_to_version: only when the row was made by an event of at most this version (a newer change stays due);
    None deletes the row whatever made it.
    """

    errand: str
    aggregate: UUID
    up_to_version: int | None = None


class Open(msgspec.Struct, frozen=True):
    """The key is confirmed: rows waiting on it are due at once, later holds on it as well."""

    key: str


class Shut(msgspec.Struct, frozen=True):
    """The key is no longer confirmed: later holds on it wait."""

    key: str


class Wake(msgspec.Struct, frozen=True):
    """Rows waiting on the key are due at once, to decide anew; the key stays as it is."""

    key: str


Effect = Due | Wait | Done | Open | Shut | Wake


class Change(msgspec.Struct, frozen=True):
    """An effect with what it comes from: the event's connection, its version in its stream, its recorded time."""

    connection: UUID
    version: int
    at: datetime
    effect: Effect
