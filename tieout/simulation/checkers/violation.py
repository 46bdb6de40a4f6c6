"""What a checker says when an invariant does not hold."""

from typing import NamedTuple


class Violation(NamedTuple):
    """A broken invariant and what shows it."""

    invariant: str
    text: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.invariant}: {self.text}"
