"""The two worlds the ledger's contract holds in: the fake in memory, and the adapter over the pretend Infor."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec

from adapters.infor.ionapi import load_ionapi
from adapters.infor.ledger import InforLedger
from adapters.infor.settings import InforSettings
from domain.event import Personal
from domain.identifiers import PinnedIdentity, key1
from domain.invoices.content import LedgerState
from domain.ledger_codes.events import CodeFact
from domain.money import Money
from domain.ports.ledger import InvoiceHead, LedgerSystem, StepCommand
from domain.postings.events import PostingLine, PostingPlan
from domain.suppliers.events import Address, SupplierContent
from sandbox.serve import Sandbox, SandboxOptions
from tieout.simulation.dice import Dice
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.fakes.paging import PageSizes

POSTING_DELAY = timedelta(seconds=40)
LAG = timedelta(seconds=20)
VOID_INTERFACE = "AVXVOID"
SECOND = timedelta(seconds=1)
EARLIEST = date(2020, 1, 1)
DICE = Dice(1)
IDENTITY = PinnedIdentity("ACME_TST", 100, "contract")


@dataclass(frozen=True, kw_only=True)
class World:
    """A ledger system and the hands of time around it. now: what deadlines are measured against."""

    ledger: LedgerSystem
    divisions: tuple[str, ...]
    now: Callable[[], datetime]
    let_pass: Callable[[timedelta], None]

    def deadline(self, seconds: float = 20) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    def heads(self) -> list[InvoiceHead]:
        pages = (
            page for division in self.divisions for page in self.ledger.invoice_heads(division, changed_since=EARLIEST)
        )
        return [head for page in pages for head in page if isinstance(head, InvoiceHead)]

    def open_invoices(self) -> list[InvoiceHead]:
        heads = [head for head in self.heads() if head.payment_status == 0 and head.gross.minor > 0]
        states = self.ledger.ledger_states([head.key for head in heads])
        return [head for head in heads if _payable(states[head.key])]

    def plan(
        self, head: InvoiceHead, payment_id: str, *, net: Money | None = None, number: str = "10042"
    ) -> PostingPlan:
        """Plan to post a payment of one invoice in full, less its discount."""
        state = self.ledger.ledger_states([head.key])[head.key]
        assert isinstance(state, LedgerState)
        division = head.key.division
        today = self.now().date()
        line = PostingLine(line=1, invoice=head.key, net=net or state.outstanding, discount=Money(0))
        return PostingPlan(
            key1=key1(IDENTITY, payment_id=payment_id, division=division, generation=1, kind="T"),
            kind="T",
            payment_id=payment_id,
            division=division,
            company=100,
            generation=1,
            interface="AVXPAY",
            number=number,
            payment_date=today,
            accounting_date=today,
            bank_id="USB01",
            lines=(line,),
        )


def reversal_of(plan: PostingPlan) -> PostingPlan:
    """Plan to take a posting back: its amounts negated, through the void interface."""
    lines = tuple(msgspec.structs.replace(line, net=-line.net, discount=-line.discount) for line in plan.lines)
    key = key1(IDENTITY, payment_id=plan.payment_id, division=plan.division, generation=1, kind="R")
    return msgspec.structs.replace(plan, key1=key, kind="R", interface=VOID_INTERFACE, lines=lines)


def step(plan: PostingPlan, name: str, *, parm: str = "") -> StepCommand:
    """Write one step of a plan's chain."""
    key = f"{plan.key1}/1" if name == "AddBatchLine" else plan.key1
    return StepCommand(
        key=key,
        step=name,
        division=plan.division,
        key1=plan.key1,
        interface=plan.interface,
        description=f"tieout {plan.payment_id}",
        line=1 if name == "AddBatchLine" else 0,
        parm=parm,
    )


class ProcessClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class OpenBudget:
    """A rate budget without limits."""

    def acquire(self, *, wait_at_most: float) -> float:
        return 0.0 if wait_at_most >= 0 else wait_at_most

    def block(self, retry_after: float) -> None:
        assert retry_after >= 0


def draws_up_to(longest: timedelta) -> Callable[[], timedelta]:
    """Draw spans of every length, the same ones every time."""
    draws = count(1)
    return lambda: DICE.span(longest, "drawn", next(draws))


@contextmanager
def infor_world(folder: Path) -> Iterator[World]:
    """Serve the pretend Infor with one division, whose lists are longer than the tenant's cap."""
    options = SandboxOptions(
        invoices=140,
        divisions=1,
        search_lag_seconds=LAG.total_seconds(),
        posting_delay_seconds=POSTING_DELAY.total_seconds(),
        infor={"maxrecs_cap": 50, "token_life_as_text": True, "void_interface": VOID_INTERFACE},
    )
    with Sandbox(options) as sandbox:
        divisions = tuple(sorted(sandbox.infor_books.divisions))
        credentials = load_ionapi(sandbox.write_out(folder))
        settings = InforSettings(company=100, divisions=divisions)
        ledger = InforLedger(credentials, settings, clock=ProcessClock(), budget=OpenBudget())
        yield World(ledger=ledger, divisions=divisions, now=ProcessClock().now, let_pass=sandbox.clock.advance)
        ledger.close()


@contextmanager
def fake_world(*, drawn: bool = False) -> Iterator[World]:
    """Fill the fake with a few of everything.

    drawn: as the simulation has it, each lag and delay of its own, up to the same bounds, and batches that re-open.
    """
    moment = [datetime(2026, 3, 10, 12, tzinfo=UTC)]

    def let_pass(span: timedelta) -> None:
        """Move the clock; Infor works on its own meanwhile."""
        end = moment[0] + span
        while moment[0] < end:
            moment[0] = min(moment[0] + SECOND, end)
            ledger.pass_time()

    ledger = FakeLedger(
        now=lambda: moment[0],
        lag=LAG,
        posting_delay=POSTING_DELAY,
        void_interface=VOID_INTERFACE,
        draw_lag=draws_up_to(LAG) if drawn else None,
        draw_delay=draws_up_to(POSTING_DELAY) if drawn else None,
        page_sizes=PageSizes(changed_suppliers=1, invoice_heads=40),  # the last page of each list is a full one
    )
    ledger.reopens = drawn
    address = Address(line1=Personal("1 Main St"), city=Personal("Charlotte"), country="US")
    for number in ("V1001", "V1002"):
        ledger.put_supplier(
            SupplierContent(company=100, number=number, name=f"Supplier {number}", status="20", address=address)
        )
    for value in ("610100", "610200"):
        ledger.put_code(1, value, CodeFact(division="", description=f"Account {value}", blocked=False))
    for place in range(120):
        ledger.put_invoice(f"INV-{place}", 10_000 + place, image=b"%PDF-1.4 scan" if place % 2 else None)
    yield World(ledger=ledger, divisions=("AAA",), now=lambda: moment[0], let_pass=let_pass)


def _payable(state: object) -> bool:
    return (
        isinstance(state, LedgerState)
        and not state.stopped
        and not state.outstanding.is_zero
        and state.outstanding == state.gross
        and state.gross.currency == "USD"
    )
