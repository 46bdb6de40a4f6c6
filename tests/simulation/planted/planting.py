"""Planting a bug: a copy of one of our functions with a line changed, in the place of the original, for a while."""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec

from tieout.simulation.checkers.violation import Violation
from tieout.simulation.engine import Engine
from tieout.simulation.faults import CELLS, Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile, Schedule, draw

ROOMS = ("domain", "actors", "projections", "tieout")
JUDGES = "tieout.simulation"  # its checkers, eyes on the wire, fakes and people keep the functions as they are


class Change(msgspec.Struct, frozen=True):
    """One change: in `where` (a function, or a method as (class, name)), `old` becomes `new`."""

    where: Any
    old: str
    new: str


class Plant(msgspec.Struct, frozen=True, kw_only=True):
    """What is planted: lines of functions, attributes, entries of tables."""

    changes: tuple[Change, ...] = ()
    swaps: tuple[tuple[Any, str, Any], ...] = ()
    items: tuple[tuple[dict[Any, Any], Any, Any], ...] = ()


class Bug(Plant, frozen=True, kw_only=True):
    """A planted bug, and where to look for it.

    breaks: the invariants it is bound to break, by what it does: one of them is to be met first; focus: the step and
    fault that bring it out; happening, then: what must happen once, and after it.
    """

    name: str
    breaks: tuple[str, ...]
    profile: Profile
    focus: tuple[str, Fault] | None = None
    happening: Happening | None = None
    then: Happening | None = None

    def schedule(self, seed: int) -> Schedule:
        """Draw a schedule that leans to where the bug shows."""
        drawn = draw(seed, profile=self.profile)
        if self.focus is not None:
            drawn = msgspec.structs.replace(drawn, focus=CELLS.index(self.focus))
        if self.happening is not None:
            happenings = {2 + seed % 30: self.happening}
            if self.then is not None:
                happenings[8 + seed % 30 + seed % 7 * 6] = self.then
            drawn = msgspec.structs.replace(drawn, happenings=happenings)
        return drawn


def first_violation(bug: Bug, seed: int) -> Violation | None:
    """Play a schedule with the bug in place; give what it broke first, None when nothing."""
    with planted(bug):
        return next(iter(Engine(bug.schedule(seed)).run()), None)


def first_catch(bug: Bug, *, until: int) -> int | None:
    """Give the first seed below `until` that breaks what the bug must break, and nothing at all without the bug."""
    for seed in range(until):
        broken = first_violation(bug, seed)
        if broken is not None and broken.invariant in bug.breaks and not Engine(bug.schedule(seed)).run():
            return seed
    return None


@contextmanager
def planted(bug: Plant) -> Iterator[None]:
    """Run with the bug in place; every module that is judged and knows the function sees the changed one."""
    with ExitStack() as stack:
        for change in bug.changes:
            stack.enter_context(_changed(change))
        for owner, name, value in bug.swaps:
            stack.enter_context(_swapped(owner, name, value))
        for table, key, value in bug.items:
            stack.enter_context(_swapped_item(table, key, value))
        yield


@contextmanager
def _changed(change: Change) -> Iterator[None]:
    if isinstance(change.where, tuple):
        owner, name = change.where
        original = inspect.getattr_static(owner, name)
        with _swapped(owner, name, _mutated(original, change)):
            yield
        return
    mutated = _mutated(change.where, change)
    with ExitStack() as stack:
        for module in list(sys.modules.values()):
            if _is_ours(module.__name__):
                for name, value in list(vars(module).items()):
                    if value is change.where:
                        stack.enter_context(_swapped(module, name, mutated))
                    elif isinstance(value, dict):
                        keys = [key for key, one in value.items() if one is change.where]
                        for key in keys:
                            stack.enter_context(_swapped_item(value, key, mutated))
        yield


def _is_ours(module: str) -> bool:
    """Whether a module is of the code that is judged: a bug must not blind its own judges."""
    return module.partition(".")[0] in ROOMS and module != JUDGES and not module.startswith(f"{JUDGES}.")


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
