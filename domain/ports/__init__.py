"""Ports: the roles the domain needs played; adapters and fakes play them and pass the same contract suites."""

from domain.ports.ledger import LedgerSystem
from domain.ports.payables import PayablesSystem
from domain.ports.store import BlobStore, EventLog, PollBook, WorkQueue

__all__ = ["BlobStore", "EventLog", "LedgerSystem", "PayablesSystem", "PollBook", "WorkQueue"]
