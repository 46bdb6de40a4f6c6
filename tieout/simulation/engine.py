"""The engine: processes, relay and the world, interleaved as one seed says; faults first, then calm, then judgement."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from actors.errands.catalogue import ERRANDS, POLLS
from actors.relay import Relay, RelayStore
from domain.errors import TieoutError
from domain.ports.ledger import StepCommand
from domain.ports.payables import EncodedBatch
from tieout.simulation import watch
from tieout.simulation.beginnings import prepare
from tieout.simulation.bells import Bells
from tieout.simulation.boundary import Call, Port
from tieout.simulation.checkers.catalogue import judge_before_help, judge_end
from tieout.simulation.checkers.violation import Violation
from tieout.simulation.clocks import ProcessClock
from tieout.simulation.faults import CELLS, DOORBELL, LEADS, NESTING, STEPS, Crash, Fault
from tieout.simulation.happened import Happened, drawn
from tieout.simulation.happenings import Happening
from tieout.simulation.people import look_after
from tieout.simulation.processes import Process, give_birth
from tieout.simulation.schedule import CALL_TIMEOUT, LAG, SETTLE, Schedule
from tieout.simulation.state import States, state_of
from tieout.simulation.trace import Trace
from tieout.simulation.world import FLOWS, World
from tieout.simulation.world_events import happen

DEEPEST = 2
FOCUS_RATE = 0.5
MOST_STEPS = 400
MOST_ROUNDS = 60
MOST_TURNS = 4  # of people, each with a calm before it
POLLED_ROUNDS = 3  # the first ones of a calm, then one of so many
QUIET = timedelta(minutes=25)  # longer than patience, settle window and search lag together
ROUND = timedelta(minutes=6)
STORE_STEPS = ("append in", "claim", "release", "postpone", "poll claim", "poll finish", "poll fail", "relay")


class Engine:
    """One run of one schedule. Implements what the boundary asks of the world around it (`Wire`)."""

    def __init__(self, schedule: Schedule, *, trace: Trace | None = None) -> None:
        self.schedule = schedule
        self.trace = trace
        self.world = World(schedule)
        self.time, self.dice, self.call_timeout = self.world.time, self.world.dice, CALL_TIMEOUT
        self.violations: list[Violation] = []
        self._happened = Happened(self.world.ledger)
        self.made: dict[int, Fault] = {}  # by crossing: what was drawn
        self.strikes: dict[int, Fault] = {}  # and what of it struck
        self.occurred: dict[int, Happening] = {}
        self.steps_at: dict[int, str] = {}  # the step of every crossing of the turbulence
        self.states: set[States] | None = None  # distinct states met at crossings, when somebody counts them
        self.ambiguous = 0
        self.crossings = self._begun = 0
        self.turbulent = False
        self.calm_since: datetime | None = None
        self.steps = 0
        self._stack: list[tuple[int, str]] = []
        self.processes = [
            give_birth(self.world, self, slot, 1, self.at_work) for slot in range(1, schedule.workers + 1)
        ]
        self._focus = CELLS[schedule.focus]
        self._bells = Bells(self, rate=FOCUS_RATE if self._focus[0] == DOORBELL else schedule.rate)
        self._moves: tuple[Callable[[], None], ...] = (
            *(self._bells.ring,) * 10,
            *(self._relay_step,) * 4,
            *(self._pass_time,) * 4,
            self._bells.ring_for_any,
            self._project,
        )

    def run(self) -> list[Violation]:
        """Play the schedule; give what it broke."""
        prepare(self)
        self._begun = self.crossings
        self.turbulent = True
        while self.turbulent and self.steps < MOST_STEPS and not self.violations:
            self._step()
        self.turbulent = False
        self.calm_since = self.time.now
        if not self.violations:
            self._come_to_rest()
        if not self.violations:
            self.violations.extend(judge_end(self.world))
        return self.violations

    @property
    def hits(self) -> Counter[tuple[str, Fault]]:
        """How often each fault struck at each step."""
        crossed = Counter((self.steps_at[number], fault) for number, fault in self.strikes.items())
        return crossed + self._bells.hits

    @property
    def happened(self) -> Counter[tuple[Happening, str]]:
        """How often what was done to the world, by the errand that was at work."""
        return self._happened.counts()

    # What the boundary asks.

    def cross(self, worker: str, step: str) -> tuple[int, Fault | None]:
        """Count a crossing; during the turbulence the world moves and faults strike."""
        self.crossings += 1
        number = self.crossings - self._begun
        if not self.turbulent:
            return number, None
        if number > self.schedule.crossings:
            self.turbulent = False
            return number, None
        self.steps_at[number] = step
        if self.states is not None:
            self.states.add(state_of(self.world))
        happening = drawn(self.world, self._focus[0], number)
        if happening is not None:
            done = self._happen(worker, number, happening)
            if done and happening is Happening.RESTORED and step.startswith(STORE_STEPS):
                raise Crash  # a restored database ends every transaction that was open on it
        fault = self._fault(number, step)
        if fault is None or (fault in NESTING and len(self._stack) > DEEPEST) or self._lacks_others(fault):
            return number, None
        self.made[number] = fault
        self._note(worker, f"{step}: {fault.value}")
        return number, fault

    def struck(self, number: int) -> None:
        """Count the fault of a crossing."""
        self.strikes[number] = self.made[number]

    def others_work(self, worker: str, number: int) -> None:
        """Let one to three errands of other processes run; when none is due, one of them polls."""
        self._note(worker, "waits while others work")
        restores, idle = len(self.world.restored_at), self.crossings
        self.world.store.drain()
        for turn in range(1 + self.dice.below(3, "others", number)):
            self._work_somewhere("others", number, turn)
        if self.crossings == idle:
            self._poll_somewhere(number)
        if self.crossings > idle:
            self.struck(number)
        self._lose_connection(number, restores)

    def stall(self, worker: str, number: int) -> None:
        """Let every deadline and settle window pass, while others work."""
        whole = CALL_TIMEOUT + SETTLE + LAG * 3 + self.dice.span(timedelta(minutes=8), "stall", number)
        self._note(worker, f"stalls for {whole.total_seconds():.0f} s")
        self.struck(number)
        restores = len(self.world.restored_at)
        for turn in range(6):
            self.time.pass_by(whole / 6)
            self.world.store.drain()
            for again in range(3):
                self._work_somewhere("stall", number, turn * 3 + again)
        self._lose_connection(number, restores)

    def take_late(self, number: int, call: Call, *, slowly: bool = False) -> None:
        """Let a call be taken after its sender gave up; slowly: all that comes of it takes as long as it may."""
        flight = CALL_TIMEOUT if slowly else self.dice.span(CALL_TIMEOUT, "late", number)

        def arrive() -> None:
            self.world.slow = slowly
            call()
            self.world.slow = False

        self.time.later(self.time.now + flight, arrive)

    def _lose_connection(self, number: int, restores: int) -> None:
        """A statement under way on a database that is restored meanwhile is never carried out on the new one."""
        if len(self.world.restored_at) > restores and self.steps_at.get(number, "").startswith(STORE_STEPS):
            raise Crash

    def pause(self, number: int) -> None:
        """Let the time of a call pass: mostly next to none."""
        if number % 4 == 0:
            self.time.pass_by(timedelta(milliseconds=self.dice.below(3000, "pause", number)))

    def wait_out(self, step: str) -> None:
        """Let a call's timeout pass; a store answers or fails at once."""
        if not step.startswith("append"):
            self.time.pass_by(CALL_TIMEOUT)

    def clock(self, worker: str) -> ProcessClock:
        """Give a process's clocks."""
        slot = int(worker[1:].split(".", maxsplit=1)[0])
        return self.processes[slot - 1].clock

    def saw_batch(self, worker: str, encoded: EncodedBatch) -> None:
        """Judge a batch on the wire."""
        self._note(worker, f"sends {encoded.batch}: {', '.join(encoded.record_digests)}")
        self.violations.extend(watch.judge_batch(self.world, worker, encoded))

    def saw_steps(self, worker: str, commands: Sequence[StepCommand]) -> None:
        """Judge steps on the wire."""
        self._note(worker, f"sends {commands[0].step}: {', '.join(command.key for command in commands)}")
        self.violations.extend(watch.judge_steps(self.world, worker, commands))

    def was_ambiguous(self) -> None:
        """Count a write whose outcome its sender cannot know."""
        self.ambiguous += 1

    def at_work(self) -> str:
        """Name the errand at work."""
        return self._stack[-1][1] if self._stack else "nothing"

    # What the seed does.

    def _happen(self, worker: str, number: int, happening: Happening) -> bool:
        """Let it happen; give whether there was something for it to happen to: nothing else counts."""
        self.occurred[number] = happening
        where = self.at_work()
        self._happened.counts()
        self._note(worker, f"meanwhile: {happening.value}")
        done = happen(self, happening, number)
        if done:
            self._happened.note(happening, where)
        else:
            self._note(worker, f"not counted, for it found nothing to happen to: {happening.value}")
        return done

    def _fault(self, number: int, step: str) -> Fault | None:
        possible = STEPS[step]
        if self.time.now < self.world.storm_until and Fault.TOO_MANY in possible:
            return Fault.TOO_MANY
        if self.schedule.faults is not None:
            fault = self.schedule.faults.get(number)
            return fault if fault in possible else None
        throw = self.dice.chance("fault", number)
        lead = LEADS.get(self._focus[0])
        if lead is not None and step == lead[0] and self.dice.chance("lead", number) < FOCUS_RATE:
            return lead[1]
        if step == self._focus[0] and self.dice.chance("focus", number) < FOCUS_RATE:
            return self._focus[1]
        return self.dice.pick(possible, "which fault", number) if throw < self.schedule.rate else None

    def _step(self) -> None:
        self.steps += 1
        self.dice.pick(self._moves, "step", self.steps)()

    def _project(self) -> None:
        self.world.runner.step(limit=1 + self.dice.below(20, "page", self.steps))

    def _relay_step(self) -> None:
        page = self.dice.pick((1, 3, 1000), "relay page", self.steps)
        port = Port(self, self.processes[0].name, self.world.store.work, {"apply": "relay"})
        try:
            Relay(cast(RelayStore, port), page=page).step()
        except (Crash, TieoutError) as died:
            self._note("relay", f"ends: {type(died).__name__}")

    def _pass_time(self) -> None:
        due = self._next_due()
        small = self.dice.span(timedelta(seconds=90), "time", self.steps)
        far = due is not None and self.dice.below(2, "far", self.steps)
        self.time.pass_by(max(due - self.time.now, timedelta(seconds=1)) if far and due is not None else small)

    def _next_due(self) -> datetime | None:
        store = self.world.store
        times = [store.work.next_due_at(self.world.connection), self.time.next_arrival()]
        times += [row.next_poll_at for row in store.polls.rows(self.world.connection)]
        return min((each for each in times if each is not None), default=None)

    def _work_somewhere(self, *sides: str | int) -> None:
        """Run one due errand or poll on a process that is free."""
        process = self.idle(*sides)
        due = self.due(*sides) if process is not None else []
        if due:
            self.run_on(process, self.dice.pick(due, "due", *sides))

    def due(self, *sides: str | int) -> list[str]:
        """Name what is due; of the polls only where nothing else is, or one time in five."""
        now = self.time.now
        due = sorted(errand for _, errand in self.world.store.work.due_counts(now))
        if not due or self.dice.below(5, "poll", *sides) == 0:
            due += [f"poll_{flow}" for _, flow in self.world.store.polls.due(now)]
        return due

    def _poll_somewhere(self, number: int) -> None:
        """Let a free process run a poll that nobody is at, as one that was asked for."""
        polls, now = self.world.store.polls, self.time.now
        rows = polls.rows(self.world.connection)
        free = [row.flow for row in rows if row.claimed_until is None or row.claimed_until <= now]
        if free:
            flow = self.dice.pick(free, "others poll", number)
            polls.poke(self.world.connection, (flow,), now)
            self.run_on(self.idle("others poll", number), f"poll_{flow}")

    def _lacks_others(self, fault: Fault) -> bool:
        """Whether others are to work, and every process is at work already."""
        return fault in (Fault.OTHERS_BEFORE, Fault.OTHERS_AFTER) and self.idle("anybody") is None

    def idle(self, *sides: str | int) -> Process | None:
        """Pick a process that is free."""
        busy = {slot for slot, _ in self._stack}
        free = [process for process in self.processes if process.slot not in busy]
        return self.dice.pick(free, "process", *sides) if free else None

    def run_on(self, process: Process | None, name: str) -> int:
        """Run an errand or poll on a process; one that dies is born again, under another name."""
        if process is None:
            return 0
        self._stack.append((process.slot, name))
        self._note(process.name, f"begins {name}")
        try:
            errand: Any = ERRANDS.get(name) or POLLS[name]
            return int(errand(process.tools))
        except Crash:
            self._note(process.name, f"dies in {name}")
            self.renew(process)
        except TieoutError as error:
            self.world.messages.append(f"{name} ends: {type(error).__name__}: {error}")
            self._note(process.name, self.world.messages[-1])
        except Exception as error:  # noqa: BLE001 - a fault of ours is a finding, whatever it is
            self.violations.append(Violation("no fault of ours", f"{name}: {type(error).__name__}: {error}"))
        finally:
            self._stack.pop()
        return 0

    def renew(self, process: Process) -> None:
        """Let a process be born again."""
        births = process.births + 1
        reborn = give_birth(self.world, self, process.slot, births, self.at_work, clock=process.clock)
        self.processes[process.slot - 1] = reborn

    # Calm.

    def calm(self, *, rounds: int, quiet_for: timedelta = QUIET) -> None:
        """Work without faults, until nothing new was said for a while."""
        news = self.time.now
        for round_ in range(rounds):
            before = self.world.store.log.last_position()
            if round_ % POLLED_ROUNDS == 0:
                self._poll_everything()
            self._work_off()
            if self.world.store.log.last_position() != before:
                news = self.time.now
            if self.violations or self.time.now - news > quiet_for:
                break
            self._advance(at_least=timedelta(seconds=1) * min(2**round_, 240))
        self.world.runner.catch_up()

    def _poll_everything(self) -> None:
        self.world.store.polls.poke(self.world.connection, FLOWS, self.time.now)
        for flow in FLOWS:
            self.run_on(self.processes[0], f"poll_{flow}")

    def _advance(self, *, at_least: timedelta) -> None:
        due = self.world.store.work.next_due_at(self.world.connection)
        wait = ROUND if due is None else min(max(due - self.time.now, at_least), ROUND)
        self.time.pass_by(wait)

    def _work_off(self) -> None:
        for _ in range(80):
            self.world.store.drain()
            due = sorted({errand for _, errand in self.world.store.work.due_counts(self.time.now)})
            if not due:
                return
            for name in due:
                self.run_on(self.processes[0], name)
        self.violations.append(Violation("I4", f"the errands never come to rest: {due}"))

    def _come_to_rest(self) -> None:
        """Stop the faults, let people see to what waits for them, and work until nothing changes any more."""
        self._note("world", "calm from here on")
        for process in list(self.processes):
            self.renew(process)
            self.processes[process.slot - 1].clock.skew = timedelta()
        self.world.ledger.closed_until = None
        self.world.storm_until = self.time.now
        for turn in range(MOST_TURNS):
            self.calm(rounds=MOST_ROUNDS)
            if turn == 0:
                self.violations.extend(judge_before_help(self.world))
            if self.violations or not look_after(self, turn):
                return
        self.calm(rounds=MOST_ROUNDS)  # the last word of a person has its effect, too

    def note_of(self, who: str, text: str) -> None:
        """Note a line of the trace."""
        self._note(who, text)

    def _note(self, who: str, text: str) -> None:
        if self.trace is not None:
            self.trace.note(self.time.now, who, text)
