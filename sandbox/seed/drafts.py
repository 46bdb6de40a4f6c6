"""Drafts one plain supplier invoice after another: who, where, when, how much, coded to what, scanned how."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Literal

from sandbox.infor.books import InforBooks
from sandbox.infor.records import BANK_ACCOUNT, CONTROL_ACCOUNT, DISCOUNT_ACCOUNT, Image, Invoice, Supplier, VoucherLine
from sandbox.seed import words
from sandbox.seed.masters import usable_codes
from sandbox.seed.options import SeedOptions, chance

_MIMETYPES: dict[Literal["pdf", "png", "jpeg", "tiff"], str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
}
_KINDS: tuple[Literal["pdf", "png", "jpeg", "tiff"], ...] = ("pdf", "png", "jpeg", "tiff")
_NO_CODES = {CONTROL_ACCOUNT, BANK_ACCOUNT, DISCOUNT_ACCOUNT}
_NUMBER_FORMS = (
    "INV-{0}",
    "{0}",
    "26-{0}",
    "inv {0} of March",
    "AT&T {0}",
    "{0},A;2",
    'O\'B "{0}"',
    "ACCT 0012345678-{0:0>8}",
    "#{0}/7+3%",
)
_FORM_WEIGHTS = (40, 25, 20, 3, 3, 3, 2, 2, 2)
_LINE_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8)
_LINE_WEIGHTS = (40, 22, 14, 8, 6, 4, 3, 3)
_MOST_DAYS = 60
_CENTRED = 0.8  # lines with a cost centre
_PROJECTED = 0.1  # lines with a value of a dimension nobody sends
_MISNAMED = 0.05  # scans that are called a PDF whatever they are


class Drafter:
    """Makes invoices of active suppliers; numbers in the ledger come when they are entered."""

    def __init__(self, books: InforBooks, options: SeedOptions) -> None:
        self.books = books
        self.options = options
        self.rng = chance(options, "invoices")
        self.payees = [held for held in books.suppliers.values() if held.status == "20"]
        self._divisions = sorted(books.divisions)
        self._usable: dict[tuple[int, str], list[str]] = {}
        self.orders = 0  # invoice batches (APS450) made so far
        self._count = 0

    def draft(
        self, *, supplier: Supplier | None = None, division: str = "", cents: int = 0, number: str = ""
    ) -> Invoice:
        """Draft an invoice; what is not given is chosen by chance."""
        rng = self.rng
        self._count += 1
        held = supplier or rng.choice(self.payees)
        invoiced, accounted, changed_at = self._dates(rng)
        days = int(held.terms)
        made = Invoice(
            division=division or rng.choice(self._divisions),
            payee=held.payee or held.number,
            supplier=held.number,
            number=number or rng.choices(_NUMBER_FORMS, _FORM_WEIGHTS)[0].format(10_000 + self._count),
            year=invoiced.year,
            row=(accounted.year, 0, 0),
            series=rng.choice(("300", "310")),
            voucher=0,
            invoice_date=invoiced,
            due_date=invoiced + timedelta(days=days),
            accounting_date=accounted,
            cents=cents or self._amount(rng),
            changed_at=changed_at,
            terms=held.terms,
            payment_method=held.payment_method,
        )
        count = rng.choices(_LINE_COUNTS, _LINE_WEIGHTS)[0]
        made.lines = self.code(made.division, split(rng, made.cents, count))
        made.image = self._scan(rng, made)
        return made

    def code(self, division: str, amounts: list[int]) -> list[VoucherLine]:
        """Code amounts to accounts, cost centres and buildings a clerk of the division may use."""
        return [
            VoucherLine(0, "0", self._codes(division), cents, "D" if cents > 0 else "C", self.rng.choice(words.WORKS))
            for cents in amounts
        ]

    def _codes(self, division: str) -> tuple[str, ...]:
        rng = self.rng
        centre = rng.choice(self._values(2, division)) if rng.random() < _CENTRED else ""
        project = f"P{rng.randint(100, 120)}" if rng.random() < _PROJECTED else ""
        building = rng.choice(self._values(3, division))
        return (rng.choice(self._values(1, division)), centre, building, project, "", "", "")

    def _values(self, dimension: int, division: str) -> list[str]:
        key = (dimension, division)
        if key not in self._usable:
            held = usable_codes(self.books, dimension, division, self.options.today)
            self._usable[key] = sorted({value for value in held if value not in _NO_CODES})
        return self._usable[key]

    def _amount(self, rng: Random) -> int:
        return rng.choice((rng.randint(5_000, 90_000), rng.randint(20_000, 400_000), rng.randint(100_000, 2_500_000)))

    def _dates(self, rng: Random) -> tuple[date, date, datetime]:
        """Give invoice date, accounting date, and the moment of the last change (many today or yesterday)."""
        changed_days = rng.choice((0,) * 8 + (1,) * 6 + tuple(range(2, 30)))
        changed = self.options.today - timedelta(days=changed_days)
        invoiced = self.options.today - timedelta(days=rng.randint(changed_days, _MOST_DAYS))
        accounted = min(changed, invoiced + timedelta(days=rng.randint(0, 5)))
        moment = datetime.combine(changed, datetime.min.time(), UTC) + timedelta(seconds=rng.randrange(60))
        return invoiced, accounted, moment

    def _scan(self, rng: Random, made: Invoice) -> Image:
        kind = rng.choices(_KINDS, (82, 8, 6, 4))[0]
        lies = rng.random() < _MISNAMED
        named = "pdf" if lies else kind
        safe = "".join(sign if sign.isalnum() else "_" for sign in made.number)
        return Image(
            pid=f"M3_SupplierInvoice-{self._count}-1-LATEST",
            kind=kind,
            mimetype=_MIMETYPES[named],
            file_name=f"{safe}.{named}",
            size=rng.randint(3_000, 24_000),
            salt=f"{self.options.seed}/{self._count}",
        )


def split(rng: Random, cents: int, count: int) -> list[int]:
    """Split an amount into `count` parts of its own sign that sum to it exactly."""
    total = abs(cents)
    count = max(1, min(count, total // 100))
    cuts = sorted(rng.sample(range(1, total), count - 1))
    parts = [right - left for left, right in zip([0, *cuts], [*cuts, total], strict=True)]
    return [part if cents > 0 else -part for part in parts]
