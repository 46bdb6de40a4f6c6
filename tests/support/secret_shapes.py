"""Every shape in the tree that carries a secret or personal data, found by walking it, each with canaries inside."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec

from domain.event import Personal
from tests.tidy.tree import ROOMS
from tieout.observability.redaction import is_secret_name

OURS = tuple(room for room in ROOMS if room != "sandbox")
CANARY = "canary-that-sang"
TELLS_NOTHING = (int, bool, float, timedelta, datetime, date, type(None))
Shape = type[Any]


@cache
def carriers() -> tuple[Shape, ...]:
    """Give the structs, dataclasses and named tuples with a secret in a field of theirs, at any depth.

    The sandbox is left out: its secrets are pretend, and it prints them for whoever plays with it.
    """
    return tuple(shape for shape in _shapes() if any(_bears(name, kind) for name, kind in _hints(shape).items()))


def made(shape: Shape) -> Any:
    """Make one with a canary in every field that holds a secret; nothing in the others."""
    values = {name: _canary(name, kind) for name, kind in _hints(shape).items()}
    if issubclass(shape, msgspec.Struct | tuple):
        return shape(**values)
    empty = object.__new__(shape)  # a dataclass: what its own steps would make of a canary is not looked at
    for name, value in values.items():
        object.__setattr__(empty, name, value)
    return empty


@cache
def _shapes() -> tuple[Shape, ...]:
    found: dict[str, Shape] = {}
    for module in _modules():
        for thing in vars(module).values():
            if isinstance(thing, type) and thing.__module__.partition(".")[0] in ROOMS and _has_fields(thing):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return tuple(found[name] for name in sorted(found))


def _modules() -> Iterator[Any]:
    for room in OURS:
        package = importlib.import_module(room)
        yield package
        for one in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not one.name.endswith("__main__"):
                yield importlib.import_module(one.name)


def _has_fields(thing: Shape) -> bool:
    return issubclass(thing, msgspec.Struct) or dataclasses.is_dataclass(thing) or hasattr(thing, "_fields")


def _hints(shape: Shape) -> dict[str, Any]:
    if issubclass(shape, msgspec.Struct):
        names = set(shape.__struct_fields__)
    elif dataclasses.is_dataclass(shape):
        names = {field.name for field in dataclasses.fields(shape)}
    else:
        names = set(shape._fields)
    try:
        hints = get_type_hints(shape)
    except (NameError, TypeError):  # a hint that only a type checker can read
        hints = {}
    return {name: hints.get(name, Any) for name in sorted(names)}


def _bears(name: str, kind: Any, seen: frozenset[Any] = frozenset()) -> bool:
    if kind is Personal or (is_secret_name(name) and _holds_text(kind)):
        return True
    inner = _inner(kind)
    return (
        any(
            one not in seen and any(_bears(n, k, seen | {one}) for n, k in _hints(one).items())
            for one in inner
            if one is not Personal
        )
        or Personal in inner
    )


def _holds_text(kind: Any) -> bool:
    """Whether a field of this kind can hold a secret: a count, a span or one of our own shapes by itself cannot."""
    return not _inner(kind) and not all(leaf in TELLS_NOTHING for leaf in _leaves(kind))


def _leaves(kind: Any) -> list[Any]:
    parts = get_args(kind)
    return [leaf for one in parts for leaf in _leaves(one)] if parts else [kind]


def _inner(kind: Any) -> list[Shape]:
    """Give the shapes a hint is made of: `tuple[Token, ...] | None` holds `Token`."""
    if isinstance(kind, type) and not get_args(kind):
        return [kind] if kind.__module__.partition(".")[0] in ROOMS and _has_fields(kind) else []
    return [shape for one in get_args(kind) for shape in _inner(one)]


def _canary(name: str, kind: Any) -> Any:
    inner = _inner(kind)
    if Personal in inner:
        return Personal(CANARY)
    if is_secret_name(name) and _holds_text(kind):
        return CANARY
    bearers = [one for one in inner if one in carriers()]
    return made(bearers[0]) if bearers else None
