"""A world of one connection: a store in memory, a small Infor and a small AvidXchange that tests script."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import msgspec

from actors.tools import Tools
from domain.errors import TransientError
from domain.event import Event
from domain.identifiers import PinnedIdentity, stream_id, supplier_key
from domain.ledger_codes.events import CodeContent, CodeFact
from domain.ports import LedgerSystem, PayablesSystem
from domain.ports.answers import Breach, RecordAnswer, Verdict
from domain.ports.ledger import Problem
from domain.ports.payables import CodeFound, VendorFound
from domain.rules import RemoteWindows, Rules
from domain.suppliers.events import SupplierContent
from tieout.simulation.memory_store import MemoryStore

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FLOWS = {"suppliers": timedelta(hours=1), "ledger_codes": timedelta(hours=1)}
WINDOWS = RemoteWindows(
    call_timeout=timedelta(seconds=60), search_lag=timedelta(seconds=60), settle=timedelta(seconds=121)
)
FLIGHT = timedelta(seconds=120)


class SmallClock:
    """Time that only tests move, for the store and the process alike."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()


class SmallInfor:
    """Suppliers with the time of their change, codes by dimension; `fault` is raised by the next read."""

    def __init__(self) -> None:
        self.milliseconds = 1_000_000_000_000
        self.suppliers: dict[str, tuple[int, SupplierContent | Problem | None]] = {}
        self.codes_by_dimension: dict[int, dict[str, tuple[CodeFact, ...]]] = {1: {}}
        self.fault: Exception | None = None
        self.asked_since: list[int] = []
        self.detailed: list[tuple[str, ...]] = []
        self.calls = 0

    def change(self, *contents: SupplierContent) -> None:
        for content in contents:
            self.suppliers[content.number] = (self.milliseconds, content)

    def server_time(self) -> int:
        self._call()
        return self.milliseconds

    def changed_suppliers(self, since: int) -> Iterator[tuple[str, ...]]:
        self._call()
        self.asked_since.append(since)
        numbers = [number for number, (changed, _) in sorted(self.suppliers.items()) if changed >= since]
        for start in range(0, len(numbers), 40):
            yield tuple(numbers[start : start + 40])

    def supplier_details(self, numbers: Sequence[str]) -> dict[str, SupplierContent | Problem]:
        self._call()
        self.detailed.append(tuple(numbers))
        return {number: found for number in numbers if (found := self.suppliers[number][1]) is not None}

    def codes(self, dimension: int) -> dict[str, tuple[CodeFact, ...]]:
        self._call()
        return dict(self.codes_by_dimension[dimension])

    def _call(self) -> None:
        self.calls += 1
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault


class SmallAvid:
    """Vendors and codes as upserted; `puts` counts records per call.

    before_put: raised before the next PUT is taken; lose_answer: the next PUT is taken and its answer lost;
    refuse: names or values refused record by record; poison: a name or value that spoils the whole call;
    silent: records taken without a result; held_up: what happens before the deadline of a PUT is looked at.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.vendors: dict[str, SupplierContent] = {}
        self.codes: dict[tuple[str, str], CodeContent] = {}
        self.puts: list[int] = []
        self.lookups = 0
        self.before_put: list[Exception] = []
        self.before_read: list[Exception] = []
        self.lose_answer = False
        self.refuse: set[str] = set()
        self.poison: dict[str, Exception] = {}
        self.silent: dict[str, RecordAnswer | None] = {}
        self.enrolment = "Enrolled"
        self.held_up: Callable[[], None] = lambda: None
        self.during_put: Callable[[], None] = lambda: None
        self.calls = 0

    def vendor_digest(self, content: SupplierContent) -> str:
        sent = (content.name, content.active, content.phone.value if content.phone else "")
        return hashlib.sha256(msgspec.json.encode(sent)).hexdigest()

    def vendor_breaches(self, content: SupplierContent) -> tuple[Breach, ...]:
        length = len(content.name)
        return (Breach(field="Name", limit=255, length=length),) if length > 255 else ()

    def code_breaches(self, content: CodeContent) -> tuple[Breach, ...]:
        length = len(content.description)
        return (Breach(field="Description", limit=50, length=length),) if length > 50 else ()

    def put_vendors(self, contents: Sequence[SupplierContent], *, deadline: datetime) -> dict[str, RecordAnswer]:
        self._put([content.name for content in contents], deadline)
        answers = {}
        for content in contents:
            key = supplier_key(content.company, content.number)
            answer = self._answer(content.name, item_id=f"9{content.number}")
            if answer is None or answer.verdict is not Verdict.REFUSED:
                self.vendors[key] = content
            if answer is not None:
                answers[key] = answer
        return self._answered(answers)

    def put_codes(self, contents: Sequence[CodeContent], *, deadline: datetime) -> dict[tuple[str, str], RecordAnswer]:
        self._put([content.value for content in contents], deadline)
        answers = {}
        for content in contents:
            answer = self._answer(content.value, item_id="")
            if answer is None or answer.verdict is not Verdict.REFUSED:
                self.codes[content.group, content.value] = content
            if answer is not None:
                answers[content.group, content.value] = answer
        return self._answered(answers)

    def find_vendors(self, external_ids: Sequence[str]) -> dict[str, VendorFound]:
        self._read()
        return {
            key: VendorFound(
                external_id=key,
                vendor_id=f"9{content.number}",
                enrolment=self.enrolment,
                record_digest=self.vendor_digest(content),
                active=content.active,
            )
            for key in external_ids
            if (content := self.vendors.get(key)) is not None
        }

    def list_codes(self, group: str) -> dict[str, CodeFound]:
        self._read()
        return {
            value: CodeFound(group=group, value=value, description=content.description, active=content.active)
            for (in_group, value), content in self.codes.items()
            if in_group == group
        }

    def _read(self) -> None:
        self.calls += 1
        self.lookups += 1
        if self.before_read:
            raise self.before_read.pop(0)

    def _put(self, names: list[str], deadline: datetime) -> None:
        self.held_up()
        if self.now() >= deadline:
            raise TransientError("the deadline has passed", before_processing=True)
        self.calls += 1
        self.puts.append(len(names))
        self.during_put()
        if self.before_put:
            raise self.before_put.pop(0)
        for name, fault in self.poison.items():
            if name in names:
                raise fault

    def _answer(self, name: str, *, item_id: str) -> RecordAnswer | None:
        if name in self.silent:
            return self.silent[name]
        if name in self.refuse:
            return RecordAnswer(verdict=Verdict.REFUSED, code="FIELD_INVALID", text="not accepted", field="Name")
        return RecordAnswer(verdict=Verdict.CONFIRMED, item_id=item_id, status=self.enrolment)

    def _answered(self, answers: dict[Any, RecordAnswer]) -> dict[Any, RecordAnswer]:
        if self.lose_answer:
            self.lose_answer = False
            raise TransientError("the gateway gave up after 60 s", status=504)
        return answers


class World:
    """The store, both remotes and the tools over them."""

    def __init__(self, **rules: Any) -> None:
        self.clock = SmallClock()
        self.infor = SmallInfor()
        self.avid = SmallAvid(self.clock.now)
        self.store = MemoryStore(self.clock.now)
        self._ids = 0
        facts: dict[str, Any] = {
            "name": "acme",
            "identity": PinnedIdentity("ACME_TST", 100, "avid"),
            "company": 100,
            "divisions": ("AAA", "BBB"),
            "start_date": date(2026, 1, 1),
            "payment_interface": "AVXPAY",
            "infor": WINDOWS,
            "avidxchange": WINDOWS,
        }
        self.tools = Tools(
            rules=Rules(**(facts | rules)),
            log=self.store.log,
            work=self.store.work,
            polls=self.store.polls,
            blobs=self.store.blobs,
            ledger=cast("LedgerSystem", self.infor),
            payables=cast("PayablesSystem", self.avid),
            clock=self.clock,
            new_id=self._new_id,
            chance=lambda: 0.5,
            worker="worker-1",
        )
        self.store.polls.ensure(self.tools.connection, FLOWS)

    def rules(self, **changes: Any) -> None:
        rules = msgspec.structs.replace(self.tools.rules, **changes)
        self.tools = Tools(**(vars(self.tools) | {"rules": rules}))

    def wait(self, span: timedelta) -> None:
        self.clock.time += span

    def run(self, errand: Callable[[Tools], int]) -> int:
        """Ring an errand until nothing is due, as the shell does."""
        claimed = 0
        for _ in range(20):
            self.store.drain()
            count = errand(self.tools)
            claimed += count
            if not count:
                return claimed
        raise AssertionError("the errand never comes to rest")

    def events(self, *types: type[Event]) -> list[Event]:
        recorded = self.store.log.read(after=0, limit=100_000)
        return [entry.event for entry in recorded if not types or isinstance(entry.event, types)]

    def story(self, kind: str, natural_key: str) -> list[str]:
        stream = stream_id(self.tools.connection, kind, natural_key)
        return [type(entry.event).__name__ for entry in self.store.log.load([stream])[stream]]

    def poll_row(self, flow: str) -> Any:
        return next(row for row in self.store.polls.rows(self.tools.connection) if row.flow == flow)

    def _new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"


def supplier(number: str = "V1001", **changes: Any) -> SupplierContent:
    """Make a supplier in use."""
    facts: dict[str, Any] = {"company": 100, "number": number, "name": f"Supplier {number}", "status": "20"}
    return SupplierContent(**(facts | changes))
