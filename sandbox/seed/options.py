"""How large the seeded company is, and its source of chance."""

import random
from datetime import date

import msgspec


class SeedOptions(msgspec.Struct, kw_only=True, frozen=True):
    """What to make; the same options always make the same books.

    `suppliers` None means a fifth of the invoices, at least twelve. `big_image` adds one scan over
    7,000,000 bytes.
    """

    seed: int
    invoices: int
    today: date
    suppliers: int | None = None
    divisions: int = 24
    company: int = 100
    big_image: bool = False


def chance(options: SeedOptions, purpose: str) -> random.Random:
    """Give a source of chance of its own for each purpose, so that one does not shift another."""
    return random.Random(f"{options.seed}/{purpose}")  # noqa: S311  # repeatable data, not secrets
