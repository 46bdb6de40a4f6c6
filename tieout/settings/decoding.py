"""From the tables of a TOML file to typed settings; every complaint names the file and the full key."""

import difflib
import types
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.errors import MisconfiguredError
from tieout.schedule import cron
from tieout.schedule.plan import Rhythm
from tieout.settings.durations import parse_duration
from tieout.settings.shape import OFF_AT_ZERO, SettingsFile


class Place(msgspec.Struct, frozen=True):
    """A key of the file: what complaints name."""

    file: Path
    key: str = ""

    def under(self, name: str) -> "Place":
        """Go one key down."""
        return Place(self.file, f"{self.key}.{name}" if self.key else name)

    def wrong(self, text: str) -> MisconfiguredError:
        """Make the complaint."""
        return MisconfiguredError(f"{self.file}: {self.key} {text}")


def decode(content: Mapping[str, Any], file: Path) -> SettingsFile:
    """Check and convert a whole file. Raises MisconfiguredError, one sentence."""
    settings: SettingsFile = _section(SettingsFile, content, Place(file))
    return settings


def _section(cls: type[msgspec.Struct], table: Any, place: Place) -> Any:
    if not isinstance(table, Mapping):
        raise place.wrong("must be a table")
    hints = get_type_hints(cls, include_extras=True)
    for name in table:
        if name not in hints:
            raise MisconfiguredError(f"{place.file}: unknown key {place.under(name).key}{_nearest(name, hints)}")
    values = {name: _value(hints[name], table[name], place.under(name)) for name in table}
    for field in msgspec.structs.fields(cls):
        if field.required and field.name not in values:
            raise place.under(field.name).wrong(f"is missing: {_description(hints[field.name])}")
    return cls(**values)


def _value(hint: Any, value: Any, place: Place) -> Any:
    plain, meta = _plain(hint)
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return _section(plain, value, place)
    arguments = get_args(plain)
    inner = _plain(arguments[-1])[0] if get_origin(plain) is dict else None
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        if not isinstance(value, Mapping):
            raise place.wrong("must be a table")
        return {name: _section(inner, table, place.under(name)) for name, table in value.items()}
    if get_origin(plain) is tuple and isinstance(arguments[0], type) and issubclass(arguments[0], msgspec.Struct):
        if not isinstance(value, list):
            raise place.wrong("must be a list of tables")
        return tuple(_section(arguments[0], one, place.under(str(at))) for at, one in enumerate(value, start=1))
    if plain is timedelta:
        return _duration(value, place, off=bool(meta and meta.extra and meta.extra.get(OFF_AT_ZERO)))
    if plain == Rhythm:
        return _rhythm(value, place)
    return _leaf(hint, value, place, expected(plain, meta))


def _leaf(hint: Any, value: Any, place: Place, wanted: str) -> Any:
    if isinstance(value, datetime):  # TOML has times too; a date is wanted wherever one is
        raise place.wrong(f"must be {wanted}, it is a time")
    try:
        return msgspec.convert(value, hint, str_keys=True)
    except msgspec.ValidationError:
        raise place.wrong(f"must be {wanted}, it is {_shown(value)}") from None


def _duration(value: Any, place: Place, *, off: bool) -> timedelta:
    duration = parse_duration(value) if isinstance(value, str) else None
    if duration is None or not (duration or off):
        raise place.wrong(f'must be a duration such as "15m" (s, m, h or d), it is {_shown(value)}')
    return duration


def _rhythm(value: Any, place: Place) -> timedelta | str:
    """Read an interval, or a cron expression without needless blanks."""
    duration = parse_duration(value) if isinstance(value, str) else None
    if duration:
        return duration
    if isinstance(value, str) and value.strip() in cron.NICKNAMES:
        raise place.wrong(f'must be five fields: write "{cron.NICKNAMES[value.strip()]}" for {value.strip()}')
    if not isinstance(value, str) or len(value.split()) < cron.LIKELY_FIELDS:
        text = f'must be an interval such as "15m", or a cron expression such as {cron.EXAMPLE}'
        raise place.wrong(f"{text}, it is {_shown(value)}")
    wrong = cron.complaint(value)
    if wrong:
        raise place.wrong(f"{wrong}: {_shown(value)}; for example {cron.EXAMPLE}")
    return " ".join(value.split())


def expected(plain: Any, meta: msgspec.Meta | None) -> str:
    """Say what a key takes, in words that complete "must be …"."""
    origin = get_origin(plain)
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(plain))
    if origin in (Union, types.UnionType):
        return expected(next(part for part in get_args(plain) if part is not type(None)), meta)
    if origin is tuple:
        return "a list of texts" if meta is None or not meta.min_length else "a list of texts, at least one"
    if origin is dict:
        return "a table"
    words = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
    return words.get(plain, "a date such as 2026-01-31") + _bounds(meta)


def _bounds(meta: msgspec.Meta | None) -> str:
    if meta is None:
        return ""
    said = [
        (meta.ge, "at least {}"),
        (meta.gt, "above {}"),
        (meta.le, "at most {}"),
        (meta.min_length, "not empty"),
        (meta.max_length, "at most {} characters"),
    ]
    parts = [text.format(bound) for bound, text in said if bound is not None]
    return f" ({', '.join(parts)})" if parts else ""


def _plain(hint: Any) -> tuple[Any, msgspec.Meta | None]:
    if get_origin(hint) is Annotated:
        plain, *extras = get_args(hint)
        return plain, next((extra for extra in extras if isinstance(extra, msgspec.Meta)), None)
    return hint, None


def _description(hint: Any) -> str:
    meta = _plain(hint)[1]
    return (meta.description if meta else None) or "see docs/reference/settings.md"


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"


def _shown(value: Any) -> str:
    """Show a wrong value, but never one that may be a secret."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 30 and "@" not in value else "another text"  # noqa: PLR2004 (longer ones may be pasted tokens)
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return _shown_list(value)
    return str(value)


def _shown_list(value: list[Any]) -> str:
    if not value:
        return "an empty list"
    odd = next((one for one in value if not isinstance(one, str)), None)
    return "a list" if odd is None else f"a list with {_shown(odd)} in it"
