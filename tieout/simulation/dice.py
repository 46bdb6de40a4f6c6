"""Chance that replays: every throw is a function of the seed and of what is thrown for, never of throws before it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


class Dice:
    """Throws for one seed; `sides` name what is thrown for, so that leaving one throw out changes no other."""

    def __init__(self, seed: int) -> None:
        self._seed = _mixed(seed + _GOLDEN)
        self._names: dict[str, int] = {}

    def number(self, *sides: str | int) -> int:
        """Give 64 even bits."""
        value = self._seed
        for side in sides:
            # `_mixed`, written out: a tenth of a run is spent here.
            value = (value ^ (self._named(side) if isinstance(side, str) else side * _GOLDEN + 1)) & _MASK
            value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
            value ^= value >> 31
        return value

    def chance(self, *sides: str | int) -> float:
        """Give a number in [0, 1)."""
        return self.number(*sides) / (_MASK + 1)

    def below(self, end: int, *sides: str | int) -> int:
        """Give a whole number from 0 up to, not including, `end`."""
        return self.number(*sides) % end

    def pick(self, choices: Sequence[T], *sides: str | int) -> T:
        """Pick one."""
        return choices[self.number(*sides) % len(choices)]

    def span(self, longest: timedelta, *sides: str | int) -> timedelta:
        """Give a span up to `longest`, now and then exactly none or all of it: bounds are where faults live."""
        number = self.number(*sides)
        if number % 5 == 0:
            return timedelta()
        if number % 5 == 1:
            return longest
        return timedelta(milliseconds=number // 7 % (int(longest.total_seconds() * 1000) + 1))

    def _named(self, side: str) -> int:
        known = self._names.get(side)
        if known is None:
            known = self._names[side] = int.from_bytes(side.encode()[:40], "big") & _MASK ^ len(side)
        return known


def _mixed(value: int) -> int:
    """Mix 64 bits (the finalizer of splitmix64, a published constant set)."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
