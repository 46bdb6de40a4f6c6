"""Wiring: the one place that imports adapters and hands them to the rooms that only know their roles."""

from tieout.wiring.credentials import AvidTokens, IonapiFile, read_ionapi
from tieout.wiring.deployment import Deployment, open_deployment
from tieout.wiring.remotes import connect, rules_of
from tieout.wiring.stores import create_store, holds_store, migrate_store, new_ring

__all__ = [
    "AvidTokens",
    "Deployment",
    "IonapiFile",
    "connect",
    "create_store",
    "holds_store",
    "migrate_store",
    "new_ring",
    "open_deployment",
    "read_ionapi",
    "rules_of",
]
