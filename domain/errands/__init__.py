"""Errands: whether what they ask a remote for works, one short stream per errand that ever failed for long."""
