"""The writes that have a deadline, as the wire treats them: two that must not happen twice, and the upserts."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from adapters.preparation import Preparation
from domain.ledger_codes.events import CodeContent
from domain.ports.answers import CallAnswer, RecordAnswer, Verdict
from domain.ports.ledger import StepCommand
from domain.ports.payables import EncodedBatch
from domain.suppliers.events import SupplierContent
from tieout.simulation.boundary import Port, Site, after, guarded
from tieout.simulation.clocks import ProcessClock, Time
from tieout.simulation.dice import Dice
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.fakes.payables import FakePayables
from tieout.simulation.fakes.payables_faults import UNBOUND, in_time
from tieout.simulation.faults import NESTING, WRITE, Crash, Fault
from tieout.wiring.encodings import Deadline

SETBACK = timedelta(hours=1)
# What befalls bytes that go out, and their answer; the others strike when they kill, stall, or let others work.
_OF_ANSWERS = frozenset(WRITE) - NESTING - {Fault.CRASH_BEFORE, Fault.CRASH_AFTER}
LAST_MOMENT = timedelta(milliseconds=1)  # before a deadline
Records = dict[str, RecordAnswer]

LEDGER_CALLS = {
    name: name
    for name in (
        "server_time",
        "changed_suppliers",
        "supplier_details",
        "codes",
        "invoice_heads",
        "ledger_states",
        "voucher_lines",
        "po_lines",
        "find_image",
        "stream_image",
        "open_batches",
        "payment_rows",
    )
}
PAYABLES_CALLS = {
    name: name
    for name in (
        "find_vendors",
        "list_codes",
        "find_batches",
        "find_invoices",
        "changed_invoices",
        "payments",
        "payments_by_id",
    )
}


class Wire(Site, Protocol):
    """What a money write needs of the world: its time, its dice, its clocks, and eyes on the wire."""

    time: Time
    dice: Dice
    call_timeout: timedelta

    def clock(self, worker: str) -> ProcessClock:
        """Give a process's clocks."""

    def saw_batch(self, worker: str, encoded: EncodedBatch) -> None:
        """Judge a batch whose first byte goes out now."""

    def saw_steps(self, worker: str, commands: Sequence[StepCommand]) -> None:
        """Judge steps whose first byte goes out now."""

    def was_ambiguous(self) -> None:
        """Count a write whose outcome its sender cannot know."""


class MoneyPort(Port):
    """A port with a money write; its deadline is bound by the adapters' own code."""

    def __init__(
        self, site: Wire, worker: str, fake: Any, methods: dict[str, str], *, step: str, clock: ProcessClock
    ) -> None:
        super().__init__(site, worker, fake, methods)
        self._wire, self._prepare, self._clock = site, step, clock
        self._preparation = Preparation(clock, timeout_seconds=site.call_timeout.total_seconds())

    def prepare(self) -> None:
        """Have token and budget ready, and note the clocks: no clock that is set later lengthens a deadline."""
        guarded(self._wire, self._worker, self._prepare, self._inner.prepare)
        self._preparation.done()

    def seconds_left(self, deadline: datetime) -> Callable[[], float]:
        """Bound a deadline as it stands now; give what tells the seconds left until then."""
        bound = self._preparation.deadline(deadline)
        return lambda: bound.left(self._clock)


class PayablesPort(MoneyPort):
    """AvidXchange as one process sees it."""

    def __init__(self, site: Wire, worker: str, fake: FakePayables, clock: ProcessClock) -> None:
        super().__init__(site, worker, fake, PAYABLES_CALLS, step="payables.prepare", clock=clock)
        self._fake = fake

    def put_vendors(self, contents: Sequence[SupplierContent], *, deadline: datetime) -> Any:
        """Upsert vendors."""
        return self._upsert("put_vendors", lambda: self._fake.put_vendors(contents, deadline=UNBOUND), deadline)

    def put_codes(self, contents: Sequence[CodeContent], *, deadline: datetime) -> Any:
        """Upsert codes."""
        return self._upsert("put_codes", lambda: self._fake.put_codes(contents, deadline=UNBOUND), deadline)

    def _upsert(self, step: str, arrive: Callable[[], Any], deadline: datetime) -> Any:
        """Send what was not held up past its deadline, as it stood when the call began; it may arrive behind it."""
        bound = Deadline.at(deadline, self._clock)

        def go_out() -> None:
            in_time(seconds_left=bound.left(self._clock))

        return guarded(self._wire, self._worker, step, arrive, go_out=go_out)

    def send_batch(self, encoded: EncodedBatch, *, deadline: datetime) -> CallAnswer:
        """POST a batch."""

        def arrive() -> Records:
            self._fake.received.append(encoded)
            self._fake.sends.update(encoded.record_digests.keys())
            return self._fake.receive(encoded, at=self._wire.time.now)

        def go_out() -> None:
            self._wire.saw_batch(self._worker, encoded)

        sending = _Sending("send_batch", list(encoded.record_digests), arrive, go_out)
        return _write_once(self._wire, self._worker, sending, self.seconds_left(deadline))


class LedgerPort(MoneyPort):
    """Infor as one process sees it."""

    def __init__(self, site: Wire, worker: str, fake: FakeLedger, clock: ProcessClock) -> None:
        super().__init__(site, worker, fake, LEDGER_CALLS, step="ledger.prepare", clock=clock)
        self._fake = fake

    def take_steps(self, commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        """Send steps of the GLS840 chain."""

        def go_out() -> None:
            self._wire.saw_steps(self._worker, commands)

        sending = _Sending(
            commands[0].step,
            [command.key for command in commands],
            lambda: self._fake.carry_out(commands),
            go_out,
        )
        return _write_once(self._wire, self._worker, sending, self.seconds_left(deadline))


class _Sending:
    """One write: its records' keys, what it does on arrival, what is checked when it goes out."""

    def __init__(self, step: str, keys: list[str], arrive: Callable[[], Records], go_out: Callable[[], None]) -> None:
        self.step, self.keys, self.arrive, self.go_out = step, keys, arrive, go_out


def _write_once(wire: Wire, worker: str, sending: _Sending, seconds_left: Callable[[], float]) -> CallAnswer:
    number, fault = wire.cross(worker, sending.step)
    if fault is Fault.CRASH_BEFORE:
        wire.struck(number)
        raise Crash
    if fault is Fault.OTHERS_BEFORE:
        wire.others_work(worker, number)
    if fault is Fault.CLOCK_BACK:
        wire.clock(worker).skew -= SETBACK
    if fault in (Fault.STALL_BEFORE, Fault.CLOCK_BACK):
        wire.stall(worker, number)
    if fault is Fault.STALL_SHORT:
        wire.struck(number)
        wire.others_work(worker, number)
    if fault in (Fault.STALL_SHORT, Fault.SENT_LATE):
        _dawdle(wire, number, seconds_left())
    if seconds_left() <= 0:
        return CallAnswer(verdict=Verdict.NOT_SENT, code="deadline", text="the deadline has passed")
    sending.go_out()
    if fault in _OF_ANSWERS:
        wire.struck(number)
    wire.pause(number)
    answer = _answer(wire, sending, number, fault)
    if answer.verdict is Verdict.DOUBT or any(r.verdict is Verdict.DOUBT for r in answer.records.values()):
        wire.was_ambiguous()
    if fault is not None:
        if fault in (Fault.CRASH_AFTER, Fault.STALL_AFTER):
            wire.was_ambiguous()
        after(wire, worker, number, fault)
    return answer


def _dawdle(wire: Wire, number: int, seconds: float) -> None:
    """Let time pass before the first byte, up to the last moment of a deadline that is `seconds` away."""
    longest = max(timedelta(seconds=seconds) - LAST_MOMENT, timedelta())
    wire.time.pass_by(wire.dice.span(longest, "dawdle", number))


def _answer(wire: Wire, sending: _Sending, number: int, fault: Fault | None) -> CallAnswer:
    done = bool(wire.dice.below(2, "done", number))
    match fault:
        case Fault.REQUEST_LOST:
            return _no_answer(wire, sending)
        case Fault.RESPONSE_LOST:
            sending.arrive()
            return _no_answer(wire, sending)
        case Fault.TAKEN_LATE | Fault.SENT_LATE:
            # Every second one of those sent late needs all the time it may: to be taken, to be worked on, to show.
            wire.take_late(number, sending.arrive, slowly=fault is Fault.SENT_LATE and done)
            return CallAnswer(verdict=Verdict.DOUBT, code="NO_ANSWER", text="no answer in time")
        case Fault.GATEWAY | Fault.HTML:
            if done:
                sending.arrive()
            return CallAnswer(verdict=Verdict.DOUBT, code="UNREADABLE", text=fault.value)
        case Fault.TOO_MANY:
            return CallAnswer(verdict=Verdict.NOT_SENT, code="HTTP_429", text="answered 429", retry_after=45.0)
        case Fault.UNAUTHORIZED:
            return CallAnswer(verdict=Verdict.NOT_SENT, code="HTTP_401", text="answered 401")
        case Fault.REFUSED:
            # A handover's refusal is doubt in every case (the adapter's table), and so it is here.
            verdict = Verdict.DOUBT if sending.step == "UpdBatch" else Verdict.REFUSED
            return CallAnswer(verdict=verdict, code="HTTP_400", text="answered 400")
        case Fault.BUSINESS_ERROR:
            return _business_error(sending, done=done)
        case Fault.PARTIAL:
            records = sending.arrive()
            records[sending.keys[-1]] = RecordAnswer(verdict=Verdict.DOUBT, code="NO_RESULT", text="no result")
            return CallAnswer(verdict=Verdict.CONFIRMED, records=records)
        case _:
            return CallAnswer(verdict=Verdict.CONFIRMED, records=sending.arrive())


def _no_answer(wire: Wire, sending: _Sending) -> CallAnswer:
    wire.wait_out(sending.step)
    return CallAnswer(verdict=Verdict.DOUBT, code="NO_ANSWER", text="no answer in time")


def _business_error(sending: _Sending, *, done: bool) -> CallAnswer:
    """Refuse every record for certain, or (UpdBatch) say NOK whatever was done."""
    if sending.step == "UpdBatch":
        if done:
            sending.arrive()
        nok = RecordAnswer(verdict=Verdict.DOUBT, code="SIMULATED", text="NOK")
        return CallAnswer(verdict=Verdict.CONFIRMED, records=dict.fromkeys(sending.keys, nok))
    refused = RecordAnswer(verdict=Verdict.REFUSED, code="SIMULATED", text="refused")
    return CallAnswer(verdict=Verdict.CONFIRMED, records=dict.fromkeys(sending.keys, refused))
