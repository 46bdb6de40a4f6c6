"""The fakes of flow 4's tests: they check every send against the protocol, and let tests step in around it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from domain.identifiers import InvoiceKey
from domain.payments.events import PaymentContent
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.ledger import StepCommand
from domain.postings import posting
from domain.postings.evidence import PaymentRows
from tests.support.payments_world import WINDOWS
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.fakes.payables import FakePayables

if TYPE_CHECKING:
    from tests.unit.actors.postings.postings_world import World

SETTLE = WINDOWS.settle


class CrashError(Exception):
    """The process dies here; no code of ours knows this error."""


class Crasher:
    """Counts the places a process may die at, and dies at the chosen one, once."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.seen: list[str] = []

    def __call__(self, place: str) -> None:
        self.seen.append(place)
        if len(self.seen) == self.at:
            raise CrashError(place)


class WatchedLedger(FakeLedger):
    """The fake ledger; checks every send against the protocol, and lets tests step in around it."""

    def __init__(self, world: "World", **options: Any) -> None:
        super().__init__(now=world.now, **options)
        self.world = world
        self.steps: list[tuple[datetime, str, tuple[str, ...]]] = []  # (when, step, KEY1s) per call on the wire
        self.parms: dict[tuple[str, int], set[str]] = {}
        self.before_step: dict[str, Callable[[], object]] = {}
        self.after_step: dict[str, Callable[[], object]] = {}
        self.after_look: list[Callable[[], object]] = []
        self.after_prepare: list[Callable[[], object]] = []
        self._uncertain: dict[str, datetime] = {}

    def prepare(self) -> None:
        self.world.crasher("prepare")
        super().prepare()
        while self.after_prepare:
            self.after_prepare.pop()()

    def take_steps(self, commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        step = commands[0].step
        self.world.crasher(f"before {step}")
        self.before_step.pop(step, lambda: None)()
        if self.world.now() < deadline:
            for command in commands:
                self._watch(command)
        keys = tuple(dict.fromkeys(command.key1 for command in commands))
        self._uncertain.update(dict.fromkeys(keys, deadline + SETTLE))
        begun = self.world.now()
        answer = super().take_steps(commands, deadline=deadline)
        if answer.verdict is not Verdict.NOT_SENT:
            self.steps.append((begun, step, keys))
        self.world.crasher(f"after {step}")
        self.after_step.pop(step, lambda: None)()
        for key in keys:
            mine = [r for k, r in answer.records.items() if k.split("/")[0] == key]
            if answer.verdict is not Verdict.DOUBT and all(r.verdict is not Verdict.DOUBT for r in mine):
                self._uncertain.pop(key, None)
        return answer

    def open_batches(self, keys: Sequence[tuple[str, str]]) -> frozenset[str]:
        self.world.crasher("look at GLS840")
        return super().open_batches(keys)

    def payment_rows(self, keys: Sequence[InvoiceKey], *, since: date) -> PaymentRows:
        self.world.crasher("read back")
        rows = super().payment_rows(keys, since=since)
        while self.after_look:
            self.after_look.pop()()
        return rows

    def _watch(self, command: StepCommand) -> None:
        """What the protocol forbids, whoever sends."""
        now = self.world.now()
        state = self.world.posting(command.key1)
        handed_over = state.handed_over_at is not None
        assert handed_over == (command.step == "UpdBatch"), "no step of the chain after the handover intent"
        assert now >= self._uncertain.get(command.key1, now), "nothing goes out before deadline + settle window"
        assert not posting.is_forgotten(state, self.world.unsure_before()), "only look-ups are left"
        if command.step == "AddBatchLine":
            self.parms.setdefault((command.key1, command.line), set()).add(command.parm)
            assert len(self.parms[command.key1, command.line]) == 1, "the first intent froze every byte"
        again = any(step == "UpdBatch" and command.key1 in keys for _, step, keys in self.steps)
        if command.step == "UpdBatch" and again:
            assert self.open_batches([(command.division, command.key1)]), "again only while GLS840 shows it"


class WatchedPayables(FakePayables):
    """The fake payables; a process may die at its look-ups too."""

    world: "World"
    after_payments: Callable[[], object] | None = None

    def payments_by_id(self, payment_ids: Sequence[str]) -> dict[str, PaymentContent]:
        self.world.crasher("read payments")
        found = super().payments_by_id(payment_ids)
        after, self.after_payments = self.after_payments, None
        if after is not None:
            after()
        return found
