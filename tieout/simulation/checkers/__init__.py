"""Checkers: the invariants I1 to I14 over the log, both remotes' books and the projections."""
