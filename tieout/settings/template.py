"""The commented `tieout.toml` that `tieout init` writes: every key with its default, made from the settings' shape."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from tieout.settings.durations import write_duration
from tieout.settings.shape import ConnectionSection, SettingsFile

NAME = "acme"
MANY_DIGITS = 100_000  # from here on digits are grouped
EXAMPLES: dict[str, Any] = {
    "company": 100,
    "divisions": ("AAA", "BBB"),
    "payment_interface": "AVXPAY",
    "bank_id": "USB01",
    "start_date": date(2026, 1, 1),
    "base_url": "https://api.example.com/v1",
    "dimensions": {2: "Cost center", 3: "Building"},
}
_HEAD = """\
# Settings of tieout. Every key stands here with its default; docs/reference/settings.md explains them all.
# Secrets do not belong here: `tieout connection add` takes them, the vault keeps them encrypted.
"""
_CONNECTION = f"""
# A connection: one Infor company and one AvidXchange account. Take the first # off the lines from here to the
# end of the connection, put in your values, then: tieout connection add {NAME} --ionapi FILE.ionapi
"""


def template() -> str:
    """Give the file's text: valid as it is, without a connection."""
    parts = [_HEAD]
    for name, hint in get_type_hints(SettingsFile).items():
        if name == "connections":
            parts.append(_CONNECTION)
            parts.extend(_commented(_connection()))
        else:
            parts.append(f"\n[{name}]\n")
            parts.extend(_keys(hint, off=True))
    return "".join(parts)


def example_connection() -> str:
    """Give the connection of the template without its outer comment marks."""
    return "".join(_connection())


def toml_value(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return f'"{write_duration(value)}"'
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(one) for one in value) + "]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {toml_value(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:_}" if value >= MANY_DIGITS else str(value)


def description(hint: Any) -> str:
    """Give the sentence that explains a key."""
    if get_origin(hint) is not Annotated:
        return ""
    meta = next((extra for extra in get_args(hint)[1:] if isinstance(extra, msgspec.Meta)), None)
    return (meta.description or "") if meta else ""


def _connection() -> Iterator[str]:
    for section, hint in get_type_hints(ConnectionSection).items():
        yield f"[connections.{NAME}.{section}]\n"
        yield from _keys(hint, off=False)


def _keys(section: type[msgspec.Struct], *, off: bool) -> Iterator[str]:
    hints = get_type_hints(section, include_extras=True)
    for field in msgspec.structs.fields(section):
        if isinstance(field.default, msgspec.Struct):
            continue  # a table of its own, explained in the reference
        default = (
            field.default_factory() if field.default is msgspec.NODEFAULT and not field.required else field.default
        )
        shown = EXAMPLES.get(field.name, default)
        live = not off and field.name in EXAMPLES
        if shown is None:
            continue
        line = f"{'' if live else '# '}{field.name} = {toml_value(shown)}"
        yield f"{line:<44}  # {_allowed(hints[field.name])}{description(hints[field.name])}\n"


def _allowed(hint: Any) -> str:
    """Give the words a key takes, where it takes only some."""
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return f"{' | '.join(str(word) for word in get_args(plain))}: " if get_origin(plain) is Literal else ""


def _commented(lines: Iterator[str]) -> Iterator[str]:
    return (f"#{line}" for line in lines)
