"""A trace a person can read: when, who, what; one line per thing that happened."""

from datetime import datetime


class Trace:
    """Notes lines, oldest first."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, now: datetime, who: str, text: str) -> None:
        """Note one thing."""
        self.lines.append(f"{now:%Y-%m-%d %H:%M:%S}  {who:<10} {text}")
