"""Projections: what is true now, folded from the log; one file per question."""
