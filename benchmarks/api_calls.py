"""What a sync costs in calls of M3: at most one per 100 records and transaction, images aside.

`python benchmarks/api_calls.py --invoices 1000` syncs against a sandbox in this process and counts. Each limit is made
of what the same run read: suppliers or invoices looked at, a call per 100 of them and transaction. Beside it stand the
lists (a page is asked for once), the totals read again before sending, once per 50 invoices sent (batches that go out
half empty break this limit), and one more group where an invoice poll goes from what it listed to what it looks at
again. Ends with 1 when a ratio is above 1.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from actors.errands.catalogue import FLOWS
from benchmarks.deployment import deployed, sync_once
from benchmarks.metered_sandbox import IMAGES, IN_BULK, TOKENS, Meter, MeteredSandbox
from sandbox.serve import SandboxOptions
from tieout.wiring import Deployment

BULK = 100
BATCH = 50  # invoices in a batch to AvidXchange
TOTALS = "APS200MI/GetInvTotInfo" + IN_BULK
SUPPLIER = "CRS620MI/GetBasicData" + IN_BULK
PAYMENT_ROWS = "APS200MI/LstInvoiceTrans" + IN_BULK
OPEN_BATCHES = "EXPORTMI/Select" + IN_BULK
OF_A_SUPPLIER = (SUPPLIER, "CRS620MI/LstAddresses" + IN_BULK, "CRS111MI/List" + IN_BULK)
OF_AN_INVOICE = (
    "GLS200MI/LstVoucherLines" + IN_BULK,
    "APS450MI/LstInvBySupInv" + IN_BULK,
    "APS450MI/LstLines" + IN_BULK,
)
LISTS = ("EXPORTMI/Select", "CRS620MI/LstSuppliers", "CRS630MI/LstAccountID" + IN_BULK)
SERVER_TIME = "GENERAL/GetServerTime"


@dataclass(frozen=True)
class Phase:
    """One sync as it was metered; sent: invoices, in so many batches."""

    name: str
    flows: Sequence[str]
    meter: Meter
    sent: int
    batches: int
    posting: bool = False

    def limit(self, name: str) -> int | None:
        """How many calls of a transaction the promise allows, None where it says nothing."""
        invoices = ceil(self.meter.distinct(TOTALS) / BULK)
        if name in OF_A_SUPPLIER:
            return ceil(self.meter.distinct(SUPPLIER) / BULK)
        if name in LISTS:
            return self.meter.distinct(name)
        if name == SERVER_TIME:
            return len(self.flows)
        if name == OPEN_BATCHES:  # asked with the payment rows, for the same postings
            return self.meter.calls[PAYMENT_ROWS]
        if self.posting:
            return None  # postings go through their chain in groups of at most 50, each looked at several times
        if name == TOTALS:
            return invoices + ceil(self.sent / BATCH) + 1
        return invoices if name in OF_AN_INVOICE else None

    def show(self) -> Iterator[float]:
        """Print a line per transaction; give the ratios."""
        sent = f", {self.sent} invoices sent in {self.batches} batches" if self.batches else ""
        sys.stdout.write(f"\n{self.name}{sent}\n  {'':<36}{'calls':>7}{'asked':>8}{'limit':>7}{'ratio':>8}\n")
        for name, calls in sorted(self.meter.calls.items()):
            limit, asked = self.limit(name), len(self.meter.asked[name])
            ratio = calls / limit if limit else 0.0
            told = f"{limit:>7}{ratio:>8.2f}" if limit is not None else f"{'-':>7}{'-':>8}"
            sys.stdout.write(f"  {name:<36}{calls:>7}{asked:>8}{told}\n")
            yield float("inf") if limit == 0 else ratio


def main() -> int:
    """Sync in four phases, count, compare; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description="counts the calls of M3 a sync makes")
    parser.add_argument("--invoices", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with MeteredSandbox(SandboxOptions(seed=chosen.seed, invoices=chosen.invoices)) as sandbox:
        with deployed(sandbox) as deployment:
            phases = list(_phases(sandbox, deployment, chosen.seed))
        _compare_with_books(phases, sandbox.infor_books.calls)
        submitted = len(sandbox.avidxchange_books.invoices.true)
    worst = max(ratio for phase in phases for ratio in phase.show())
    first = phases[1]
    apart = sum(first.meter.calls[name] for name in (IMAGES, TOKENS, SERVER_TIME, "EXPORTMI/Select"))
    reads = first.meter.calls.total() - apart
    sys.stdout.write(
        f"\n{submitted} invoices submitted: {reads / submitted:.3f} calls each for totals, voucher and PO, "
        f"{first.meter.calls['EXPORTMI/Select']} pages of lists, {first.meter.calls[IMAGES] / submitted:.2f} for images"
        f"\nthe worst ratio to its limit is {worst:.2f}\n"
    )
    return 1 if worst > 1 else 0


def _phases(sandbox: MeteredSandbox, deployment: Deployment, seed: int) -> Iterator[Phase]:
    yield _phase(sandbox, deployment, "suppliers and ledger codes, first sync", ["suppliers", "ledger_codes"])
    yield _phase(sandbox, deployment, "invoices, first sync", ["invoices"])
    yield _phase(sandbox, deployment, "everything again, nothing new", list(FLOWS))
    sandbox.tell("avidxchange/settle", {"share": 1.0, "seed": seed})
    yield _phase(sandbox, deployment, "everything is paid and posted", list(FLOWS), posting=True)


def _phase(
    sandbox: MeteredSandbox, deployment: Deployment, name: str, flows: list[str], *, posting: bool = False
) -> Phase:
    meter = sandbox.meter = Meter()
    batches, invoices = _batches(sandbox), len(sandbox.avidxchange_books.invoices.true)
    outcome = sync_once(deployment, flows)
    sent = len(sandbox.avidxchange_books.invoices.true) - invoices
    return Phase(f"{name} ({outcome.seconds:.1f} s)", flows, meter, sent, _batches(sandbox) - batches, posting)


def _batches(sandbox: MeteredSandbox) -> int:
    return sandbox.avidxchange_books.calls["POST /invoices/batches"]


def _compare_with_books(phases: Sequence[Phase], books: Counter[str]) -> None:
    """What was metered on the wire is what the pretend Infor ran."""
    metered: Counter[str] = Counter()
    for phase in phases:
        metered += phase.meter.transactions()
    if metered != books:
        raise RuntimeError(f"metered and run differ: {(metered - books) + (books - metered)}")


if __name__ == "__main__":
    sys.exit(main())
