"""Fakes of both remotes: they pass the port contract suites of the real adapters (tests/contracts)."""
