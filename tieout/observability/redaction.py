"""What may stand in a log line: values by their type, keys by their name, texts without what looks like a secret."""

import dataclasses
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from domain.event import Personal

HIDDEN = "…"
LONGEST_TEXT = 8192  # characters of one text; what is longer is cut
DEEPEST = 8  # levels of things within things
_SECRET = re.compile(
    r"passw(or)?d|passphrase|secret|token|authori[sz]ation|cookie|credential|bearer|api_?key|private_?key|key_?ring"
    r"|account_?key|access_?key|signing_?key|^ring$|tieout_keys|^saak$|^sask$|tax_?id|(^|_)e_?mail(_address)?$|phone"
)
_ABOUT_ONE = re.compile(r"_(header|url|path|seconds|type|fingerprint|fingerprints|times)$")
_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=://)([^/\s:@]*):[^\s\"'<>]{1,512}(?=@)"), rf"\1:{HIDDEN}"),  # the password of a URL
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
)


def is_secret_name(name: str) -> bool:
    """Whether a key, field or header of this name holds a secret or personal data, not merely something about one."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")
    return _SECRET.search(plain) is not None and _ABOUT_ONE.search(plain) is None


def scrubbed(text: str) -> str:
    """Give a text without passwords of URLs and credentials of headers, cut to a length that can be logged."""
    for pattern, instead in _IN_TEXT:
        text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}{HIDDEN}"


def redacted(value: Any, *, depth: int = 0) -> Any:
    """Give what may be shown of a value: numbers, times and ids as they are, everything else judged by its type."""
    if depth > DEEPEST:
        return HIDDEN
    match value:
        case str():
            return scrubbed(value)
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case Personal() | BaseException() | type():
            return scrubbed(f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value))
        case Mapping():
            return {str(key): _named(str(key), inner, depth) for key, inner in value.items()}
        case _ if (fields := _fields(value)) is not None:
            shown = ", ".join(f"{name}={_named(name, inner, depth)!r}" for name, inner in fields)
            return f"{type(value).__name__}({shown})"
        case list() | tuple() | AbstractSet():
            return [redacted(inner, depth=depth + 1) for inner in value]
        case None | bool() | int() | float():
            return value
        case _:
            return scrubbed(str(value) if type(value).__module__ in _PLAIN else repr(value))


_PLAIN = frozenset({"datetime", "decimal", "uuid", "pathlib"})


def _named(name: str, value: Any, depth: int) -> Any:
    return HIDDEN if is_secret_name(name) else redacted(value, depth=depth + 1)


def _fields(value: Any) -> Iterator[tuple[str, Any]] | None:
    """Give the fields of a struct, dataclass or named tuple; None for other things, and for those with own words."""
    if isinstance(value, msgspec.Struct):
        own_words = type(value).__repr__ is not msgspec.Struct.__repr__
        return None if own_words else ((name, getattr(value, name)) for name in value.__struct_fields__)
    if dataclasses.is_dataclass(value):
        return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return zip(value._fields, value, strict=True)
    return None


_MADE = frozenset({"message", "asctime"})  # what another handler's formatter left on the record, unredacted


class RedactingHandler(logging.Handler):
    """Writes each record as a line, after the arguments of its message were redacted by type.

    write: takes the finished text without its line break.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; other handlers see it as it was."""
        try:
            own = logging.makeLogRecord(record.__dict__ | {"args": _arguments(record.args)})
            for made in _MADE.intersection(own.__dict__):
                delattr(own, made)
            self._write(self.format(own))
        except Exception:  # noqa: BLE001 (the library's own rule for handlers: a log line must not end the work)
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the base class calls it so)
        """Verdict: go on, and say that a line was lost; the base class would print its arguments."""
        self._write(f"a log line of {record.name} could not be written ({record.pathname}:{record.lineno})")


def _arguments(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {key: _named(str(key), value, 0) for key, value in given.items()}
    return tuple(redacted(one) for one in given) if isinstance(given, tuple) else given
