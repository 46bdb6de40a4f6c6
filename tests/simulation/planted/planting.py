"""Planting a bug: a copy of one of our functions with a line changed, in the place of the original, for a while."""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec

from tieout.simulation.schedule import Profile

ROOMS = ("domain", "actors", "projections", "tieout")


class Change(msgspec.Struct, frozen=True):
    """One change: in `where` (a function, or a method as (class, name)), `old` becomes `new`."""

    where: Any
    old: str
    new: str


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """A planted bug. profiles: where it can show; known: a seed that is known to catch it, tried first."""

    name: str
    changes: tuple[Change, ...] = ()
    swaps: tuple[tuple[Any, str, Any], ...] = ()
    profile: Profile
    known: int | None = None


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Run with the bug in place; every module that knows the function sees the changed one."""
    with ExitStack() as stack:
        for change in bug.changes:
            stack.enter_context(_changed(change))
        for owner, name, value in bug.swaps:
            stack.enter_context(_swapped(owner, name, value))
        yield


@contextmanager
def _changed(change: Change) -> Iterator[None]:
    if isinstance(change.where, tuple):
        owner, name = change.where
        original = inspect.getattr_static(owner, name)
        function = original.fget if isinstance(original, property) else original
        mutated: Any = _mutated(function, change)
        with _swapped(owner, name, property(mutated) if isinstance(original, property) else mutated):
            yield
        return
    mutated = _mutated(change.where, change)
    with ExitStack() as stack:
        for module in list(sys.modules.values()):
            if module.__name__.partition(".")[0] in ROOMS:
                for name, value in list(vars(module).items()):
                    if value is change.where:
                        stack.enter_context(_swapped(module, name, mutated))
                    elif isinstance(value, dict):
                        keys = [key for key, one in value.items() if one is change.where]
                        for key in keys:
                            stack.enter_context(_swapped_item(value, key, mutated))
        yield


def _mutated(function: Callable[..., Any], change: Change) -> Callable[..., Any]:
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(change.old) == 1, f"{function.__qualname__} no longer reads {change.old!r}"
    scope: dict[str, Any] = {}
    code = compile(source.replace(change.old, change.new), inspect.getfile(function), "exec")
    exec(code, function.__globals__, scope)  # noqa: S102 - our own source, changed on purpose
    return scope[function.__name__]  # type: ignore[no-any-return]  # what the source defines under its own name


@contextmanager
def _swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = inspect.getattr_static(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _swapped_item(table: dict[Any, Any], key: Any, value: Any) -> Iterator[None]:
    before = table[key]
    table[key] = value
    try:
        yield
    finally:
        table[key] = before
