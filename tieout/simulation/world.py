"""The world of one run: a store, both remotes, virtual time, and where its documents stand when it begins."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from actors.settle import appended
from domain.connections.events import ConnectionAdded
from domain.event import Event, Personal, Recorded
from domain.identifiers import PinnedIdentity, stream_id
from domain.invoices.index import TURN_AFTER
from domain.ledger_codes.events import CodeFact
from domain.ports.store import Causes
from domain.rules import RemoteWindows, Rules
from domain.suppliers.events import Address, SupplierConfirmed, SupplierContent, SupplierRecorded
from projections.catalogue import ALL
from projections.memory import MemoryProjections
from projections.runner import Runner
from tieout.simulation.clocks import Time
from tieout.simulation.dice import Dice
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.fakes.payables import FakePayables
from tieout.simulation.fakes.payables_faults import UNBOUND
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.memory_store import MemoryStore
from tieout.simulation.schedule import BATCH_PROCESSING, CALL_TIMEOUT, LAG, SETTLE, STARTS, Profile, Schedule

IDENTITY = PinnedIdentity("SIM_TST", 100, "https://avid.test")
COMPANY = IDENTITY.company
DIVISIONS = ("AAA", "BBB")
PAYEES = ("V1001", "V1002")
ACCOUNTS = ("610100", "610200")
PDF = b"%PDF-1.7 an invoice"
SHEET = b"PK a spreadsheet"  # of no type that AvidXchange takes
SECRET = "SECRET-71-6904"  # noqa: S105 - a marker the checkers look for, no credential
BANK_ACCOUNT = "9876543210987"  # what AvidXchange says it paid to; nothing of ours keeps it
FLOWS = ("suppliers", "ledger_codes", "invoices", "invoice_statuses", "payments")
POLL_EVERY = timedelta(minutes=15)
INDEX_PAGES = (0, 1, 2, TURN_AFTER)  # changes a page of an invoice index holds; 0: each one turns it


class World:
    """Everything outside the processes, and the hands that set it up."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.dice = Dice(schedule.seed)
        self.time = Time(STARTS[schedule.start])
        self.store = MemoryStore(now=self.time.read)
        self._draws = 0
        self.slow = False  # while what arrives takes and shows as long as it may
        self.rules = self._rules()
        self.index_turns_after = self.dice.pick(INDEX_PAGES, "index page")
        self.ledger = FakeLedger(
            company=COMPANY,
            divisions=DIVISIONS,
            now=self.time.read,
            void_interface=self.rules.void_interface,
            draw_lag=lambda: self._drawn(LAG),
            draw_delay=lambda: self._drawn(timedelta(minutes=3)),
            page_sizes=schedule.page_sizes,
        )
        self.ledger.reopens = True
        self.payables = FakePayables(
            now=self.time.read,
            blobs=self.store.blobs,
            references=schedule.profile is Profile.WHOLE,
            draw_lag=lambda: self._drawn(LAG),
            draw_batch_time=lambda: self._drawn(BATCH_PROCESSING),
            page_sizes=schedule.page_sizes,
        )
        self.time.passed.append(self.ledger.pass_time)
        self.projections = MemoryProjections()
        self.runner = Runner(self.store.log, self.projections, ALL)
        self.restored_at: list[int] = []  # log lengths before each restored backup
        self.lost: list[Recorded] = []  # events a restored backup forgot
        self.parms: dict[tuple[str, int], str] = {}  # the bytes each line of each KEY1 first went out with
        self.storm_until = self.time.now  # until then both remotes answer 429 to everything
        self.numbers = 0
        self.messages: list[str] = []  # what the errands said as they ended: a log file has it
        self._set_up()
        self.begins_at = self.store.log.last_position()  # no backup is older than this

    @property
    def connection(self) -> UUID:
        """The connection's id."""
        return IDENTITY.id

    def stream(self, kind: str, natural_key: str) -> UUID:
        """Name a stream."""
        return stream_id(IDENTITY.id, kind, natural_key)

    def say(self, stream: UUID, *events: Event, actor: str = "tieout") -> None:
        """Append facts as they are."""
        past = self.store.log.load([stream])[stream]
        causes = Causes(connection=IDENTITY.id, correlation_id="world", actor=actor)
        self.store.log.append([appended(past, stream, *events)], causes=causes)

    def history(self) -> Sequence[Recorded]:
        """Give the whole log."""
        return self.store.log.read(after=0, limit=1_000_000)

    def all_ever(self) -> Sequence[Recorded]:
        """Give every fact ever recorded, those a restored backup forgot as well, in the order of time."""
        if not self.lost:
            return self.history()
        return sorted([*self.lost, *self.history()], key=lambda recorded: recorded.meta.recorded_at)

    def new_invoice(self, number: int) -> FakeInvoice:
        """Approve an invoice in M3, now and then a credit memo, now and then with a discount."""
        dice = self.dice
        self.numbers += 1
        name = f"INV-{self.numbers}"
        gross = 10_000 + 100 * dice.below(50, "gross", number, self.numbers)
        credit = dice.below(6, "credit", number, self.numbers) == 0
        discount = 200 if dice.below(3, "discount", number, self.numbers) == 0 and not credit else 0
        return self.ledger.put_invoice(
            f"CM-{self.numbers}" if credit else name,
            -gross if credit else gross,
            division=dice.pick(DIVISIONS, "division", number, self.numbers),
            payee=dice.pick(PAYEES, "payee", number, self.numbers),
            day=self.time.now.date(),
            discount=discount,
            image=self._image(number),
        )

    def _image(self, number: int) -> bytes | None:
        """Draw a document: most are usable, a quarter is missing, a few are of no type that may be sent."""
        if not self.dice.below(4, "image", number, self.numbers):
            return None
        return PDF if self.dice.below(8, "type of image", number, self.numbers) else SHEET

    def _drawn(self, longest: timedelta) -> timedelta:
        self._draws += 1
        if self.slow:
            return longest
        return self.dice.span(longest, "drawn", self._draws)

    def _rules(self) -> Rules:
        dice = self.dice
        whole = self.schedule.profile is Profile.WHOLE
        windows = RemoteWindows(call_timeout=CALL_TIMEOUT, search_lag=LAG, settle=SETTLE)
        return Rules(
            name="sim",
            identity=IDENTITY,
            company=COMPANY,
            divisions=DIVISIONS,
            start_date=self.time.now.date() - timedelta(days=20),
            payment_interface="AVXPAY",
            void_interface="AVXVOID" if dice.below(3, "void interface") else "",
            accounting_date=dice.pick(("settled", "payment", "today"), "accounting date"),
            posting_patience=timedelta(minutes=10),
            first_posting="confirm" if dice.below(5, "first posting") == 0 else "trust",
            payment_posting="task" if dice.below(12, "task") == 0 else "gls840",
            gl_accounts="push" if whole else "off",
            unknown_invoices="ignore" if dice.below(3, "unknown invoices") == 0 else "raise",
            missing_image="hold" if dice.below(6, "missing image") == 0 else "send",
            infor=windows,
            avidxchange=windows,
            timezone=dice.pick(("UTC", "America/New_York"), "zone"),
        )

    def _set_up(self) -> None:
        self.say(self.stream("connection", ""), ConnectionAdded(name="sim", identity=IDENTITY, divisions=DIVISIONS))
        self.store.polls.ensure(IDENTITY.id, dict.fromkeys(FLOWS, POLL_EVERY))
        for account in ACCOUNTS:
            self.ledger.put_code(1, account, CodeFact(division="", description=f"Account {account}", blocked=False))
        for payee in PAYEES:
            content = supplier(payee)
            self.ledger.put_supplier(content)
            if self.schedule.profile is not Profile.WHOLE:
                self._confirm(content)
        for number in range(self.schedule.documents):
            self.new_invoice(number)
        self.store.drain()

    def _confirm(self, content: SupplierContent) -> None:
        key = f"{content.company}|{content.number}"
        answer = self.payables.put_vendors([content], deadline=UNBOUND)[key]
        self.say(
            self.stream("supplier", key),
            SupplierRecorded(content=content, to_send=True),
            SupplierConfirmed(
                key=key,
                vendor_id=answer.item_id,
                enrolment=answer.status,
                digest=self.payables.vendor_digest(content),
                of_version=1,
                opens_gate=True,
            ),
        )


def supplier(number: str, *, name: str = "", status: str = "20") -> SupplierContent:
    """Make a supplier, with personal data the checkers would recognise anywhere."""
    return SupplierContent(
        company=COMPANY,
        number=number,
        name=name or f"Supplier {number}",
        status=status,
        tax_id=Personal(SECRET),
        address=Address(line1=Personal(f"{SECRET} Main St"), city=Personal("Charlotte"), country="US"),
    )
