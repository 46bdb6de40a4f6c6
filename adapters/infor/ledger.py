"""Infor in the role of the ledger system: the port's methods, each handed to the module that knows how."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from adapters.http import RateBudget, Remote
from adapters.http_messages import CallWatch, unwatched
from adapters.infor import checks, codes, images, invoices, parm, postings, suppliers
from adapters.infor.auth import TokenTimes
from adapters.infor.client import Client
from adapters.infor.ionapi import Credentials
from adapters.infor.read_back import ReadBack
from adapters.infor.settings import InforSettings
from adapters.preparation import Preparation
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.ledger_codes.events import CodeFact
from domain.ports.answers import CallAnswer
from domain.ports.ledger import (
    ImageFound,
    InvoiceHead,
    LedgerCheck,
    PoLine,
    Problem,
    StepCommand,
    VoucherLine,
)
from domain.ports.store import Clock
from domain.postings.events import PostingPlan
from domain.postings.evidence import PaymentRows
from domain.suppliers.events import SupplierContent


class InforLedger:
    """The `LedgerSystem` of one connection. Thread-safe; opens its connections at the first call."""

    def __init__(
        self,
        credentials: Credentials,
        settings: InforSettings,
        *,
        clock: Clock,
        budget: RateBudget,
        watch: CallWatch = unwatched,
    ) -> None:
        parm.check_layout(settings)
        seconds = settings.call_timeout_seconds
        remote = Remote("Infor", clock=clock, budget=budget, timeout_seconds=seconds, watch=watch)
        self._client = Client(credentials, settings, remote=remote, clock=clock)
        self._clock = clock
        self._preparation = Preparation(clock, timeout_seconds=seconds)
        self._read_back = ReadBack(self._client, clock=clock)

    def check(self) -> LedgerCheck:
        """Ping: session, company, divisions and the transactions the tenant lacks."""
        return checks.check(self._client)

    def token_times(self) -> TokenTimes | None:
        """Give how old the token of this process is and what it has left; None while there is none."""
        return self._client.tokens.times()

    def server_time(self) -> int:
        """Give the server's own clock in epoch milliseconds."""
        return checks.server_time(self._client)

    def used_dimensions(self, division: str) -> frozenset[int]:
        """Give the accounting dimensions a division uses."""
        return codes.used_dimensions(self._client, division)

    def local_currencies(self) -> dict[str, str]:
        """Give the local currency of each configured division."""
        return checks.local_currencies(self._client)

    def changed_suppliers(self, since: int) -> Iterator[tuple[str, ...]]:
        """Give pages of supplier numbers changed since."""
        return suppliers.changed_suppliers(self._client, since)

    def supplier_details(self, numbers: Sequence[str]) -> dict[str, SupplierContent | Problem]:
        """Read suppliers in bulk."""
        return suppliers.supplier_details(self._client, numbers)

    def codes(self, dimension: int) -> dict[str, tuple[CodeFact, ...]]:
        """Give every value of a dimension with its facts."""
        return codes.read_codes(self._client, dimension)

    def invoice_heads(self, division: str, *, changed_since: date) -> Iterator[tuple[InvoiceHead | Problem, ...]]:
        """Give pages of approved invoices."""
        return invoices.invoice_heads(self._client, division, changed_since)

    def ledger_states(self, keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, LedgerState | Problem | None]:
        """Read totals in bulk."""
        return invoices.ledger_states(self._client, keys)

    def voucher_lines(self, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[VoucherLine, ...] | Problem]:
        """Read vouchers in bulk."""
        return invoices.voucher_lines(self._client, heads)

    def po_lines(self, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[PoLine, ...] | Problem]:
        """Read purchase order lines in bulk."""
        return invoices.po_lines(self._client, heads)

    def find_image(self, key: InvoiceKey) -> ImageFound | None:
        """Search the invoice's image."""
        return images.find_image(self._client, key)

    def stream_image(self, image: ImageFound) -> Iterator[bytes]:
        """Stream the image's bytes."""
        return images.stream_image(self._client, image)

    def encode_parms(self, plan: PostingPlan) -> tuple[str, ...]:
        """Write PARM per line."""
        return parm.encode_parms(plan, self._client.settings)

    def prepare(self) -> None:
        """Get token and rate budget for one write ready."""
        self._client.tokens.current()
        self._client.remote.reserve()
        self._preparation.done()

    def take_steps(self, commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        """Send steps of the GLS840 chain, once."""
        bound = self._preparation.deadline(deadline)
        return postings.take_steps(self._client, commands, deadline=bound, clock=self._clock)

    def open_batches(self, keys: Sequence[tuple[str, str]]) -> frozenset[str]:
        """Give which KEY1 values are still shown."""
        return postings.open_batches(self._client, keys)

    def payment_rows(self, keys: Sequence[InvoiceKey], *, since: date) -> PaymentRows:
        """Read back payment rows."""
        return self._read_back.payment_rows(keys, since=since)

    @property
    def calls(self) -> int:
        """HTTP requests sent so far."""
        return self._client.remote.calls

    def close(self) -> None:
        """Let the connections go."""
        self._client.remote.close()
