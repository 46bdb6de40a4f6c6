"""A deployment: the opened store, the relay, the projections, and the tools of every connection that is set up."""

import contextlib
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from actors.errands.catalogue import UPSERTS
from actors.relay import Relay
from actors.settle import History, appended, settle
from actors.tools import Tools
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from domain.connections.connection import fold
from domain.connections.events import StoreWentBack
from domain.connections.removal import removed_words
from domain.errors import MisconfiguredError, TieoutError
from domain.event import Append
from domain.identifiers import PinnedIdentity, stream_id
from domain.ports.store import Causes
from projections import connections as connection_rows
from projections.catalogue import ALL
from projections.connections import ConnectionRow
from projections.runner import Runner
from tieout.alerts.watch import end_watch
from tieout.observability.log_lines import LogLines
from tieout.observability.runs import Watching
from tieout.observability.tracing import open_tracing
from tieout.schedule.gate import Gate
from tieout.schedule.plan import Plan
from tieout.schedule.planning import plan_of
from tieout.settings import ConnectionSection, Settings, ring_text
from tieout.wiring.remotes import connect
from tieout.wiring.stores import open_url

BATCH_PROCESSING = timedelta(minutes=10)  # the longest a remote may work on a batch after it took it


class Deployment:
    """Everything one process works with; close it when done."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.log, self.work, self.polls = store.log, store.work, store.polls
        self.relay = Relay(store.relay_table)
        self.storage = ProjectionTables(store.database)
        self.runner = Runner(store.log, self.storage, ALL)
        self.gate = Gate(store.log)
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self.watching = Watching(worker=self.worker)
        self.watching.add(LogLines())
        self._tools: dict[UUID, Tools] = {}
        self._let_go: list[Tools] = []
        self._noting = threading.RLock()
        self._noted: dict[UUID, dict[str, int]] = {}
        self.runner.catch_up()

    def connections(self) -> dict[str, ConnectionRow]:
        """Give the connections that were added, by name; removed ones among them, whose history is still read."""
        return {row.name: row for row in connection_rows.listed(self.storage)}

    def standing_connections(self) -> dict[str, ConnectionRow]:
        """Give the connections that were added and not removed, by name: those to work for."""
        return {name: row for name, row in self.connections().items() if not row.state.removed}

    def served_connections(self) -> dict[str, ConnectionRow]:
        """Give the connections somebody works for, by name: standing ones that the settings declare, in their order."""
        rows = self.standing_connections()
        return {name: rows[name] for name in self.settings.connections if name in rows}

    def removed_connections(self) -> dict[str, ConnectionRow]:
        """Give the connections that a person removed, by name: only their history is read."""
        return {name: row for name, row in self.connections().items() if row.state.removed}

    def tools(self, name: str) -> Tools:
        """Give a connection's tools, opened once.

        Raises MisconfiguredError when it was not added, was changed or was removed.
        """
        row = self.connections().get(name)
        section = self.settings.connection(name)
        if row is None:
            raise MisconfiguredError(
                f"connection {name!r} is declared but not added yet: run `tieout connection add {name} --ionapi FILE`"
            )
        if row.state.removed:
            raise MisconfiguredError(removed_words(row.state))
        identity = _pinned(row)
        if identity.id not in self._tools:
            _check_pinned(name, section, identity)
            self._check_overlap(name, identity)
            watch = self.watching.of(name)
            tools = connect(name, self.settings, identity, store=self.store, watch=watch, worker=self.worker)
            self._tools[identity.id] = self._scheduled(tools, plan_of(section.schedule))
        return self._tools[identity.id]

    def _scheduled(self, tools: Tools, plan: Plan) -> Tools:
        """Let a connection's tools keep to its plan, and to a pause."""
        connection = tools.connection
        self.gate.watch(connection, plan)
        return replace(
            tools,
            held_back=lambda name: self.gate.held_back(connection, name),
            next_poll_at=lambda flow, ended: plan.next_due(flow, after=ended, throw=tools.chance()),
        )

    def _check_overlap(self, name: str, identity: PinnedIdentity) -> None:
        """Two connections must never send one division's invoices: neither would find what the other sent.

        One that was removed counts with what it synced: its invoices may still be paid.
        """
        divisions = set(self.settings.connection(name).infor.divisions)
        for other, row in self.connections().items():
            theirs = _pinned(row)
            if other == name or (theirs.tenant, theirs.company) != (identity.tenant, identity.company):
                continue
            removed = row.state.removed
            declared = None if removed else self.settings.connections.get(other)
            shared = divisions & set(declared.infor.divisions if declared else row.state.divisions)
            if shared and removed:
                raise MisconfiguredError(
                    f"{self.settings.file}: connection {name!r} lists division {min(shared)} of company "
                    f"{identity.company}, as {other!r} did before it was removed: what that one sent could be paid a "
                    "second time"
                )
            if shared:
                raise MisconfiguredError(
                    f"{self.settings.file}: connections {name!r} and {other!r} both list division {min(shared)} of "
                    f"company {identity.company}: its invoices could be paid twice; leave it to one of them"
                )

    def find_tools(self, connection: UUID) -> Tools | None:
        """Give the tools of a connection that is open in this process."""
        return self._tools.get(connection)

    def let_go(self, connection: UUID) -> None:
        """Open a connection anew when it is asked for next; errands at work end with the tools they have."""
        with self._noting:
            self.note_calls()
            if (tools := self._tools.pop(connection, None)) is not None:
                self._let_go.append(tools)
                self._noted.pop(connection, None)

    def calls(self, name: str) -> dict[str, int]:
        """Give how many requests a connection has cost so far, by system; what this process sent is noted first."""
        connection = self.tools(name).connection
        self.note_calls()
        return {"infor": 0, "avidxchange": 0, **self.store.calls.totals(connection)}

    def note_calls(self) -> None:
        """Add what this process sent since it noted last."""
        with self._noting:
            for connection, tools in list(self._tools.items()):  # worker threads open others meanwhile
                sent = {"infor": tools.ledger.calls, "avidxchange": tools.payables.calls}
                before = self._noted.get(connection, {})
                self.store.calls.add(connection, {system: n - before.get(system, 0) for system, n in sent.items()})
                self._noted[connection] = sent

    def answer_went_back(self) -> None:
        """Record on every connection that the store went back in time, and hold money writes meanwhile."""
        report = self.store.went_back
        if report is None:
            return
        rows = self.connections()
        now = self.log.now()
        standing = [name for name, row in rows.items() if not row.state.removed]  # a removed one sends nothing
        hold_until = now + max(map(self._longest, standing), default=timedelta(0))
        for row in rows.values():
            fact = StoreWentBack(
                incarnation=report.incarnation, noticed_at=now, hold_until=hold_until, detail=report.detail
            )
            _record_once(self.store, _pinned(row), fact)
        self.store.hold(hold_until, answers=report)
        self.runner.catch_up()

    def declare_restored(self, detail: str) -> datetime | None:
        """Record a restore that the store cannot notice by itself; give until when money writes are held."""
        self.store.declare_restored(detail)
        self.answer_went_back()
        return self.log.hold_until()

    def look_back(self) -> None:
        """Ask again whether the store went back: for processes that live on over a restore or a failover."""
        if self.store.recognise() is not None:
            self.answer_went_back()

    def _longest(self, name: str) -> timedelta:
        section = self.settings.connections.get(name)
        if section is None:
            return timedelta(hours=1)
        sides = (section.infor, section.avidxchange)
        longest = max(timedelta(seconds=side.call_timeout_seconds) + side.settle_window for side in sides)
        return longest + min(BATCH_PROCESSING, longest * 10)

    def give_up_claims(self) -> None:
        """Give back what this process holds, for it ends in the midst of it; see `PendingWork.give_up`.

        Suppliers and codes wait for their lease: a PUT may be on its way, of which the log says nothing.
        """
        self.store.work.give_up(self.worker, but_for=UPSERTS)
        self.store.polls.give_up(self.worker)

    def close(self) -> None:
        """Let everything go."""
        end_watch(self)
        with contextlib.suppress(TieoutError):  # verdict: go on; a count of requests is worth no second fault
            self.note_calls()
        self.watching.close()
        for tools in (*self._tools.values(), *self._let_go):
            for remote in (tools.ledger, tools.payables):
                close = getattr(remote, "close", None)
                if close is not None:
                    close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()


def open_deployment(settings: Settings, *, environ: dict[str, str] | None = None) -> Deployment:
    """Open the store the settings name; connections are opened when they are asked for."""
    environment = dict(os.environ) if environ is None else environ
    store = open_url(settings.store_url, ring_text(settings.keys_file, environ=environment))
    # A ring in a file is read again where `tieout keys` may have changed it under a running process.
    store.credentials.ring.follow(lambda: ring_text(settings.keys_file, environ=environment))
    try:
        deployment = Deployment(settings, store)
        tracing = open_tracing(environment, worker=deployment.worker)
        if tracing is not None:
            deployment.watching.add(tracing, close=tracing.close)
        deployment.answer_went_back()
    except BaseException:
        store.close()
        raise
    return deployment


def _pinned(row: ConnectionRow) -> PinnedIdentity:
    if row.state.identity is None:
        raise MisconfiguredError(f"connection {row.name!r} has no pinned identity: add it again")
    return row.state.identity


def _check_pinned(name: str, section: ConnectionSection, identity: PinnedIdentity) -> None:
    """The settings may change, the identity may not: ids of every record derive from it."""
    organisation = section.avidxchange.organisation or section.avidxchange.base_url
    for what, pinned, now in (
        ("infor.company", identity.company, section.infor.company),
        ("avidxchange.organisation", identity.organisation, organisation),
    ):
        if pinned != now:
            raise MisconfiguredError(
                f"connections.{name}.{what} is {now}, but the connection was pinned to {pinned} when it was added: "
                "put it back, or declare a new connection"
            )


def _record_once(store: Store, identity: PinnedIdentity, fact: StoreWentBack) -> None:
    stream = stream_id(identity.id, "connection", "")

    def decide(history: History) -> Sequence[Append]:
        known = any(
            isinstance(r.event, StoreWentBack) and r.event.incarnation == fact.incarnation for r in history[stream]
        )
        return [] if known or not fold(history[stream]).name else [appended(history[stream], stream, fact)]

    causes = Causes(connection=identity.id, correlation_id=f"store-went-back:{fact.incarnation}")
    settle(store.log, [stream], decide, causes=causes)
