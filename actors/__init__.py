"""Actors: when something happens; the errands do the work, a thin Dramatiq shell rings them."""
