"""`tieout sync`: poll now, work until nothing is due within the wait, then end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from actors.broker import make_broker
from actors.engine import Engine
from actors.errands.catalogue import FLOWS
from actors.errands.failing import ALIKE, CALLS, failures
from actors.hands import THREADS
from actors.shell import FindTools
from domain.errands.decisions import STOP, failure
from domain.errands.events import ErrandFailed
from domain.errors import ConflictError, MisconfiguredError, StoreError, TieoutError
from domain.identifiers import stream_id
from domain.polls.events import PollFailed
from domain.ports.store import PollRow
from tieout.schedule.gate import connection_state
from tieout.schedule.planning import moved, plan_of, rhythms
from tieout.settings import ConnectionSection
from tieout.wiring import Deployment
from tieout.wiring.settings_log import record_settings, schedule_changed

PHASES = (("suppliers", "ledger_codes"), ("invoices",), ("payments",))
POLL_TRIES = 3
STORE_TRIES = 3
LOOK_BACK_SECONDS = 60.0  # a store that fails over under a sync is answered, or its work would be held without end
ERRANDS_UNANSWERED = 6  # errands that met a store without an answer before a sync stops trying
FOR_EVER = timedelta(days=3650)
NOTICE_SECONDS = 5.0  # a sync that waits longer than that in one place says for what
Progress = Callable[[str, int], None]
Say = Callable[[str], None]


@dataclass
class Outcome:
    """How a connection's sync ended.

    no_answer: sentences of polls and errands that never got a usable answer; to_mend: sentences of what a person must
    configure; unexpected: faults of ours.
    """

    name: str
    seconds: float = 0.0
    paused: str = ""
    no_answer: list[str] = field(default_factory=list)
    to_mend: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


@dataclass
class _Running:
    """One sync under way."""

    deployment: Deployment
    engine: Engine
    names: dict[UUID, str]
    deadline: datetime
    progress: Progress
    say: Say
    store_faults: int = 0
    looked_back_at: float = field(default_factory=time.monotonic)
    attempts: dict[tuple[UUID, str], int] = field(default_factory=dict)
    silent: set[UUID] = field(default_factory=set)  # a poll of theirs gave up: the next ones are tried once
    told: set[str] = field(default_factory=set)  # what was said, by what it is about: each is said once

    def pump(self, polls: frozenset[str]) -> None:
        """One round; a poll that gave up is not rung again.

        Raises StoreError, or ConflictError, when the store gave this loop no answer three times in a row, or the
        errands none so often that waiting will not help (a full disk).
        """
        try:
            self.look_back()
            rows = [row for connection in self.names for row in self.deployment.polls.rows(connection)]
            chosen = {(row.connection, row.flow) for row in rows if row.flow in polls and not self.gave_up(row)}
            self.engine.pump(self.names, polls=chosen)
            self.store_faults = 0
        except (ConflictError, StoreError):
            self.store_faults += 1
            if self.store_faults == STORE_TRIES:
                raise
        unanswered = [error for _, _, error in list(self.engine.faults) if isinstance(error, StoreError)]
        if len(unanswered) >= ERRANDS_UNANSWERED:
            raise unanswered[-1]
        self.engine.wait()

    def look_back(self) -> None:
        """Ask now and then whether the store went back under this sync."""
        if time.monotonic() - self.looked_back_at >= LOOK_BACK_SECONDS:
            self.looked_back_at = time.monotonic()
            self.deployment.look_back()

    def tell(self, about: str, text: str) -> None:
        """Say something once, unless it was said of the same before."""
        if about not in self.told:
            self.told.add(about)
            self.say(text)

    def is_late(self) -> bool:
        """Whether the wait is over."""
        return self.deployment.log.now() >= self.deadline

    def gave_up(self, row: PollRow) -> bool:
        """Whether a poll failed too often, or will not be due again within the wait."""
        before = self.attempts.get((row.connection, row.flow), 0)
        tries = row.attempts - before if row.attempts >= before else row.attempts
        most = 1 if row.connection in self.silent else POLL_TRIES
        return tries > 0 and (tries >= most or row.next_poll_at > self.deadline)


def sync(
    deployment: Deployment,
    names: Sequence[str],
    *,
    flows: Sequence[str],
    wait_seconds: float,
    progress: Progress = lambda _text, _left: None,
    say: Say = lambda _text: None,
) -> list[Outcome]:
    """Sync connections side by side; give how each of them ended. Raises MisconfiguredError and StoreError.

    progress: called every round; say: called once for each thing that is waited for longer than a moment.
    """
    began = deployment.log.now()
    open_tools = {deployment.tools(name).connection: name for name in names}
    outcomes = {connection: Outcome(name=name) for connection, name in open_tools.items()}
    running = {c: n for c, n in open_tools.items() if not _paused(deployment, c, outcomes[c])}
    set_out(deployment, running)
    engine = make_engine(deployment)
    state = _Running(deployment, engine, running, began + timedelta(seconds=wait_seconds), progress, say)
    with deployment.gate.ordered():
        engine.start()
        try:
            for phase in PHASES:
                chosen = [flow for flow in phase if flow in flows]
                if chosen and running:
                    _run_phase(state, frozenset(poll for flow in chosen for poll in FLOWS[flow]))
            _work_off(state)
        finally:
            engine.stop()
    deployment.relay.drain()
    deployment.runner.catch_up()
    for connection, outcome in outcomes.items():
        outcome.seconds = (deployment.log.now() - began).total_seconds()
        _judge(state, connection, outcome, flows)
    return list(outcomes.values())


def make_engine(deployment: Deployment, *, find_tools: FindTools | None = None, threads: int = THREADS) -> Engine:
    """Make the engine of this process over a deployment; it rings within the process, whatever the broker."""
    return Engine(
        broker=make_broker("memory://"),
        relay=deployment.relay,
        work=deployment.work,
        polls=deployment.polls,
        now=deployment.log.now,
        find_tools=find_tools or deployment.find_tools,
        threads=threads,
        held_back=deployment.gate.held_back,
    )


def pause_of(deployment: Deployment, connection: UUID) -> str:
    """Why a connection is paused, "" when it is not."""
    state = connection_state(deployment.log, connection)
    return (state.pause_reason or "paused") if state.is_paused(deployment.log.now()) else ""


def _paused(deployment: Deployment, connection: UUID, outcome: Outcome) -> bool:
    outcome.paused = pause_of(deployment, connection)
    return bool(outcome.paused)


def set_out(deployment: Deployment, running: dict[UUID, str]) -> None:
    """Record changed settings, make missing poll rows, and free held rows whose key opened unnoticed."""
    for connection, name in running.items():
        deployment.gate.watch(connection, plan_of(deployment.settings.connection(name).schedule))
        _ensure_polls(deployment, connection, deployment.settings.connection(name))
        record_settings(deployment.log, connection, deployment.settings.connection(name))
    deployment.work.sweep()


def _ensure_polls(deployment: Deployment, connection: UUID, section: ConnectionSection) -> None:
    """Make missing rows; under a changed schedule the next times are found anew, before the change is recorded."""
    plan = plan_of(section.schedule)
    changed = schedule_changed(deployment.log, connection, section)
    rows = deployment.polls.rows(connection) if changed else []
    tools = deployment.find_tools(connection)
    throw = tools.chance() if tools else 0.0
    next_times = moved(plan, rows, throw=throw)
    deployment.polls.ensure(connection, rhythms(plan, at=deployment.log.now()), moved=next_times)


def _run_phase(state: _Running, polls: frozenset[str]) -> None:
    """Poll, and work until nothing is due at once; what is due later is worked off at the end."""
    deployment = state.deployment
    for connection in state.names:
        state.attempts.update({(connection, r.flow): r.attempts for r in deployment.polls.rows(connection)})
        deployment.polls.poke(connection, polls, deployment.log.now())
    while True:
        state.pump(polls)
        if all(_phase_is_over(state, connection, polls) for connection in state.names):
            break
        state.progress("polling " + ", ".join(sorted(polls)), _left(state))
    rows = [row for connection in state.names for row in deployment.polls.rows(connection)]
    state.silent.update(row.connection for row in rows if row.flow in polls and state.gave_up(row))


def _phase_is_over(state: _Running, connection: UUID, polls: frozenset[str]) -> bool:
    now = state.deployment.log.now()
    for row in state.deployment.polls.rows(connection):
        if row.flow not in polls or state.gave_up(row):
            continue
        if row.claimed_by is None and state.deployment.gate.held_back(connection, f"poll_{row.flow}"):
            continue  # paused meanwhile
        failing = row.attempts > state.attempts.get((connection, row.flow), 0)
        elsewhere = row.claimed_by not in (None, state.deployment.worker) and state.is_late()
        if failing and row.last_error:
            name = state.names[connection]
            state.tell(name, f"{name}: {row.last_error}; waiting to try again")
        if not elsewhere and (row.claimed_by is not None or row.next_poll_at <= now or failing):
            return False
    return state.engine.is_quiet(connection) or _only_faults_left(state, connection, now)


def _work_off(state: _Running) -> None:
    """Work until nothing falls due within the wait; what is due is done, however long it takes."""
    began = time.monotonic()
    while True:
        state.pump(frozenset())
        if all(_work_is_over(state, connection) for connection in state.names):
            return
        left = _left(state)
        state.progress("waiting for what is due", left)
        if time.monotonic() - began >= NOTICE_SECONDS:
            end = f"{state.deadline:%Y-%m-%dT%H:%M:%SZ}"
            known = f" ({left} of it now known)" if left else ""
            state.tell("due", f"waiting for work that falls due until {end}{known}; --wait says how long")


def _work_is_over(state: _Running, connection: UUID) -> bool:
    if state.engine.is_quiet(connection, until=state.deadline):
        return True
    return state.is_late() and _only_faults_left(state, connection, state.deadline)


def _only_faults_left(state: _Running, connection: UUID, until: datetime) -> bool:
    """Whether nobody is at work here, and all that falls due until then is work that failed by a fault of ours.

    Its rows come back with the end of their lease, as often as they are tried: what is mended takes them up.
    """
    at_fault = {
        name for name, owner, error in state.engine.faults if owner == connection and not isinstance(error, TieoutError)
    }
    if not at_fault or not state.engine.bell.is_silent:
        return False
    left = {errand for owner, errand in state.deployment.work.backlog(until) if owner == connection}
    return bool(left) and left <= at_fault


def _left(state: _Running) -> int:
    return sum(state.deployment.work.due_counts(state.deadline).values())


def _judge(state: _Running, connection: UUID, outcome: Outcome, flows: Sequence[str]) -> None:
    outcome.paused = outcome.paused or pause_of(state.deployment, connection)
    wanted = {poll for flow in flows for poll in FLOWS[flow]}
    for row in state.deployment.polls.rows(connection):
        if row.flow in wanted and row.attempts > 0 and row.last_error:
            sentences = outcome.to_mend if _must_be_mended(state, connection, row.flow) else outcome.no_answer
            sentences.append(row.last_error)
    failing = _failing(state, connection, flows)
    for failed in failing.values():
        (outcome.to_mend if failed.verdict == STOP else outcome.no_answer).append(failed.text)
    for name, owner, error in state.engine.faults:
        if owner == connection and isinstance(error, MisconfiguredError):
            if ALIKE.get(name, name) in failing:
                continue  # said already
            outcome.to_mend.append(str(error))
        elif owner == connection and not isinstance(error, TieoutError):
            outcome.unexpected.append(f"{type(error).__name__}: {error}")


def _failing(state: _Running, connection: UUID, flows: Sequence[str]) -> dict[str, ErrandFailed]:
    """Give the failures that stand of errands which have something left to do, however late it is due."""
    wanted = {errand: failures(connection, errand) for errand, call in CALLS.items() if call.flow in flows}
    histories = state.deployment.log.load(list(wanted.values()))
    left = state.deployment.work.due_counts(state.deployment.log.now() + FOR_EVER)
    busy = {ALIKE.get(errand, errand) for owner, errand in left if owner == connection}
    stand = {errand: failure(histories[stream]) for errand, stream in wanted.items() if errand in busy}
    return {errand: failed for errand, failed in stand.items() if failed is not None}


def _must_be_mended(state: _Running, connection: UUID, flow: str) -> bool:
    """Whether the poll's last failure asks for a person: the stream of failures says so by its verdict."""
    stream = stream_id(connection, "poll", f"{flow}:failures")
    history = state.deployment.log.load([stream])[stream]
    last = history[-1].event if history else None
    return isinstance(last, PollFailed) and last.verdict == "stop"
