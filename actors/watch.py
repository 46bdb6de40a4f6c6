"""Whoever watches the errands of a connection, to count, time and trace them; nobody, unless the wiring says so."""

from collections.abc import Callable
from typing import Protocol, TypeVar

R = TypeVar("R")


class Watch(Protocol):
    """Watches the runs of one connection's errands and polls. Thread-safe; it never disturbs the work."""

    def run(self, errand: str, work: Callable[[], R]) -> R:
        """Do one batch of an errand, or one poll, and give what it gives; what it raises passes through."""

    def note(self, error: Exception) -> None:
        """Hear of a fault that the run under way gave its verdict to, so that it does not pass for a success."""

    def correlation_id(self) -> str:
        """Give the id of the run under way: 32 hexadecimal digits; "" outside of one."""


class Unwatched:
    """Nobody watches."""

    def run(self, errand: str, work: Callable[[], R]) -> R:  # noqa: ARG002 (the port's signature)
        """Do it."""
        return work()

    def note(self, error: Exception) -> None:
        """Hear nothing."""

    def correlation_id(self) -> str:
        """Know of no run."""
        return ""


UNWATCHED = Unwatched()
