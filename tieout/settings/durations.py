"""Durations as people write them: an integer and s, m, h or d."""

import re
from datetime import timedelta

_SHAPE = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta | None:
    """Read "15m"; None when it is no duration."""
    found = _SHAPE.fullmatch(text.strip())
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else None


def write_duration(duration: timedelta) -> str:
    """Write a duration in the largest unit that keeps it whole."""
    seconds = int(duration.total_seconds())
    unit = next((unit for unit in "dhm" if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"
