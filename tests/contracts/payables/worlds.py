"""The worlds the payables contract is tried in: the fake of the errands' tests, and the real adapter over loopback."""

import json
import urllib.request
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from adapters.avidxchange import AvidSettings, AvidXchange, Credentials
from adapters.http import Remote
from domain.identifiers import digest
from domain.money import Money
from domain.payments.events import PaymentContent, Remittance
from domain.ports.payables import PayablesSystem
from domain.ports.store import BlobStore
from sandbox.serve import Sandbox
from tests.contracts.ledger.ledger_worlds import draws_up_to
from tests.unit.adapters.http.remotes import NotedBudget, RealClock
from tieout.simulation.fakes.paging import PageSizes
from tieout.simulation.fakes.payables import FakePayables

PAGE_SIZE = 20
DIMENSIONS = ((2, "Cost center"),)
LAG, BATCH_TIME = timedelta(seconds=60), timedelta(seconds=30)


class Blobs(dict[str, bytes]):
    """Images by digest, as far as the payables port needs them."""

    def keep(self, image: bytes) -> str:
        self[digest(image)] = image
        return digest(image)

    def get(self, key: str) -> bytes:  # type: ignore[override]  # the port's get has no default
        return self[key]


class World(Protocol):
    """A payables system and a hand in its books."""

    payables: PayablesSystem
    blobs: Blobs

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass over there."""

    def deadline(self, seconds: float) -> datetime:
        """A deadline that many seconds from now."""

    def today(self) -> date:
        """The remote's day."""

    def reject(self, external_id: str) -> None:
        """Reject an invoice over there."""

    def pay(self, external_id: str) -> None:
        """Let the invoice be paid and the payment settle."""


class FakeWorld:
    """The fake, with a clock of the test's.

    drawn: as the simulation has it, each lag and time of processing of its own, up to the same bounds.
    """

    def __init__(self, *, drawn: bool = False) -> None:
        self._now = datetime(2026, 1, 5, 12, tzinfo=UTC)
        self.blobs = Blobs()
        groups = {1: "Accounting Codes", **dict(DIMENSIONS)}
        self._fake = FakePayables(
            now=lambda: self._now,
            blobs=_store(self.blobs),
            groups=groups,
            draw_lag=draws_up_to(LAG) if drawn else None,
            draw_batch_time=draws_up_to(BATCH_TIME) if drawn else None,
            page_sizes=PageSizes(changed_invoices=PAGE_SIZE, payments=PAGE_SIZE),
        )
        self.payables: PayablesSystem = self._fake

    def pass_time(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def deadline(self, seconds: float) -> datetime:
        return self._now + timedelta(seconds=seconds)

    def today(self) -> date:
        return self._now.date()

    def reject(self, external_id: str) -> None:
        self._fake.set_status(external_id, "Rejected", "not our invoice")

    def pay(self, external_id: str) -> None:
        sent = next(one.sent for one in self._fake.invoices if one.sent.external_id == external_id)
        gross = Money.parse(str(sent.gross_amount))
        paid = Remittance(
            invoice_external_id=external_id,
            invoice_number=sent.invoice_number,
            gross=gross,
            discount=Money(0),
            net=gross,
        )
        self._fake.add_payment(
            PaymentContent(
                payment_id="77001",
                batch_id="PB-1",
                status="Issued to Supplier",
                status_id="14",
                standing="settled",
                method="Check",
                amount=gross,
                payment_date=self.today(),
                settled_date=self.today(),
                cleared_date=None,
                vendor_external_id=sent.vendor_external_id,
                number="7700456",
                card_last4="",
                card_number_dropped=False,
                return_code="",
                replaces_payment_id="",
                modified=self._now.strftime("%Y-%m-%dT%H:%M:%S"),
                remittances=(paid,),
            )
        )


class AvidWorld:
    """The real adapter over HTTP, against the pretend AvidXchange of the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        options = sandbox.avidxchange_options
        self.blobs = Blobs()
        clock = RealClock()
        self._remote = Remote("AvidXchange", clock=clock, budget=NotedBudget(), timeout_seconds=5)
        settings = AvidSettings(
            base_url=sandbox.avidxchange_url,
            auth=options.auth,
            token_url=f"{sandbox.avidxchange_url}/token",
            company_id=options.company_id,
            dimensions=DIMENSIONS,
            page_size=PAGE_SIZE,
        )
        credentials = Credentials(
            company_token=options.company_token,
            user_token=options.user_token,
            client_id=options.client_id,
            client_secret=options.client_secret,
        )
        self.payables: PayablesSystem = AvidXchange(
            settings, credentials, remote=self._remote, blobs=_store(self.blobs), clock=clock
        )

    def close(self) -> None:
        """Let the connections go."""
        self._remote.close()

    def pass_time(self, seconds: float) -> None:
        self._control("advance", {"seconds": seconds})

    def deadline(self, seconds: float) -> datetime:
        return datetime.now(tz=UTC) + timedelta(seconds=seconds)

    def today(self) -> date:
        return self._sandbox.clock.now().date()

    def reject(self, external_id: str) -> None:
        self._control("reject", {"external_ids": [external_id]})

    def pay(self, external_id: str) -> None:
        assert external_id
        self._control("settle", {"unsettled_share": 0, "partial_share": 0})

    def _control(self, act: str, body: dict[str, object]) -> None:
        url = f"{self._sandbox.control_url}/control/avidxchange/{act}"
        request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            assert answer.status == 200


def _store(blobs: Blobs) -> BlobStore:
    return blobs  # type: ignore[return-value]  # only `get` is asked for
