"""Middleware of the broker: only what cannot touch an errand."""
