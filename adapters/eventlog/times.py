"""Times in the store's tables: UTC texts of one width, so that their order as texts is their order in time."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Write a time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def stamp_or_none(moment: datetime | None) -> str | None:
    """Write a time that may be missing."""
    return None if moment is None else stamp(moment)


def moment(text: str) -> datetime:
    """Read a time."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """Read a time that may be missing."""
    return None if text is None else moment(text)
