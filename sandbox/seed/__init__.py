"""Seeded, realistic books of a property manager in the USA."""

from sandbox.seed.options import SeedOptions
from sandbox.seed.property_manager import seed_infor

__all__ = ["SeedOptions", "seed_infor"]
