"""Connections: a pinned identity, its credentials' fingerprints, its pauses, its store's incarnations."""
