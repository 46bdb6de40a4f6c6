"""Chance for back-off: an ordinary random number, good enough to spread retries."""

import random


def chance() -> float:
    """Give a number in [0, 1)."""
    return random.random()  # noqa: S311 - jitter, not a secret
