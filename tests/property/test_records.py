"""Suppliers and ledger codes: whatever Infor, AvidXchange and people do, their lives can be folded."""

from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import msgspec
from hypothesis import given, settings

from domain.ledger_codes import decisions as codes
from domain.ledger_codes.events import CodeContent
from domain.ledger_codes.ledger_code import LedgerCode
from domain.ledger_codes.ledger_code import evolve as evolve_code
from domain.ledger_codes.ledger_code import fold as fold_code
from domain.ports.answers import Breach
from domain.suppliers import decisions as suppliers
from domain.suppliers.events import SupplierContent
from domain.suppliers.supplier import Supplier
from domain.suppliers.supplier import evolve as evolve_supplier
from domain.suppliers.supplier import fold as fold_supplier
from tests.property.lives import Act, Life, acts

SUPPLIER = SupplierContent(company=100, number="V1001", name="Smith Roofing", status="20")
CODE = CodeContent(
    company=100, dimension=1, value="610100", group="Accounting Codes", description="Repairs", active=True
)
BREACHES = [Breach(field="Name", limit=100, length=131)]
State = TypeVar("State", Supplier, LedgerCode)


def _timed(evolved: State, folded: State) -> State:
    """Give it the times that only a whole history knows."""
    return msgspec.structs.replace(evolved, asked_at=folded.asked_at, confirmed_at=folded.confirmed_at)


@dataclass
class SupplierLife:
    """A supplier, what was sent of it, and when."""

    ACTS = ("seen", "sent", "confirmed", "refused", "breached", "retried")
    BEGINNINGS: ClassVar[list[list[Act]]] = [[], [("seen", 1), ("sent", 0), ("confirmed", 0)]]
    life: Life[Supplier] = field(default_factory=lambda: Life(fold_supplier))
    sending: list[Supplier] = field(default_factory=lambda: [Supplier()])

    def seen(self, n: int) -> None:
        """Infor says something of it: a status, one of two names."""
        content = msgspec.structs.replace(SUPPLIER, status=("10", "20", "90")[n % 3], name=f"Smith {n // 6}")
        self.life.happen(suppliers.decide_seen(self.life.state, content))

    def sent(self, _: int) -> None:
        """What is known now goes out."""
        self.sending.append(self.life.state)

    def confirmed(self, n: int) -> None:
        """A receipt comes for one of the last sends."""
        enrolment = ("Enrolled", "Pending", "Excluded")[n % 3]
        sent = self.sending[-1 - n % min(2, len(self.sending))]
        self.life.happen(
            suppliers.decide_confirmed(self.life.state, sent=sent, vendor_id="7", enrolment=enrolment, digest="d")
        )

    def refused(self, n: int) -> None:
        """A refusal comes for one of the last sends."""
        sent = self.sending[-1 - n % min(2, len(self.sending))]
        self.life.happen(suppliers.decide_refused(self.life.state, sent=sent, code="E1", text="no", field="Name"))

    def breached(self, _: int) -> None:
        """Our own check refuses what would go out."""
        self.life.happen(suppliers.decide_breaches(self.life.state, sent=self.life.state, breaches=BREACHES))

    def retried(self, _: int) -> None:
        """A person sends it again."""
        self.life.happen(suppliers.decide_retry(self.life.state, "ann", "mended"))


@dataclass
class CodeLife:
    """A ledger code, pushed or only verified."""

    ACTS = ("seen", "gone", "sent", "confirmed", "refused", "breached", "verified", "retried")
    BEGINNINGS: ClassVar[list[list[Act]]] = [[], [("seen", 1), ("sent", 0), ("confirmed", 0)]]
    life: Life[LedgerCode] = field(default_factory=lambda: Life(fold_code))
    sending: list[LedgerCode] = field(default_factory=lambda: [LedgerCode()])

    def seen(self, n: int) -> None:
        """Infor says something of it: open or not, one of two descriptions."""
        content = msgspec.structs.replace(CODE, active=bool(n % 2), description=f"Repairs {n // 6}")
        self.life.happen(codes.decide_seen(self.life.state, content, push=n % 3 > 0))

    def gone(self, n: int) -> None:
        """Infor lists it no more."""
        self.life.happen(codes.decide_gone(self.life.state, push=bool(n % 2)))

    def sent(self, _: int) -> None:
        """What is known now goes out."""
        self.sending.append(self.life.state)

    def confirmed(self, n: int) -> None:
        """A receipt comes for one of the last sends."""
        sent = self.sending[-1 - n % min(2, len(self.sending))]
        self.life.happen(codes.decide_confirmed(self.life.state, sent=sent))

    def refused(self, n: int) -> None:
        """A refusal comes for one of the last sends."""
        sent = self.sending[-1 - n % min(2, len(self.sending))]
        self.life.happen(codes.decide_refused(self.life.state, sent=sent, code="E1", text="no"))

    def breached(self, _: int) -> None:
        """Our own check refuses what would go out."""
        self.life.happen(codes.decide_breaches(self.life.state, sent=self.life.state, breaches=BREACHES))

    def verified(self, n: int) -> None:
        """AvidXchange's list is compared."""
        self.life.happen(codes.decide_verified(self.life.state, active_there=(None, True, False)[n % 3]))

    def retried(self, _: int) -> None:
        """A person sends it again."""
        self.life.happen(codes.decide_retry(self.life.state, "ann", "mended"))


@settings(max_examples=200, deadline=None)
@given(acts(SupplierLife))
def test_whatever_happens_to_a_supplier_it_can_be_folded_and_a_blocked_one_opens_no_gate(drawn: list[Act]) -> None:
    world = SupplierLife()
    for name, variation in drawn:
        getattr(world, name)(variation)
        state = world.life.state
        assert state.version == len(world.life.history)
        assert all(state.settled < ask <= state.version for ask in state.asks)
        assert not state.gate_open or (state.content is not None and state.content.active and not state.gate_reason)
        assert suppliers.decide_seen(state, state.content) == () if state.content else True
    evolved = Supplier()
    for entry in world.life.history:
        evolved = evolve_supplier(evolved, entry.event)
    assert _timed(evolved, world.life.state) == world.life.state


@settings(max_examples=200, deadline=None)
@given(acts(CodeLife))
def test_whatever_happens_to_a_ledger_code_it_can_be_folded_and_a_blocked_one_opens_no_gate(drawn: list[Act]) -> None:
    world = CodeLife()
    for name, variation in drawn:
        getattr(world, name)(variation)
        state = world.life.state
        assert state.version == len(world.life.history)
        assert all(state.settled < ask <= state.version for ask in state.asks)
        assert not state.gate_open or (state.content is not None and state.content.active)
    evolved = LedgerCode()
    for entry in world.life.history:
        evolved = evolve_code(evolved, entry.event)
    assert _timed(evolved, world.life.state) == world.life.state
