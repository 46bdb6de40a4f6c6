"""Suppliers of the seeded company, with every oddity a supplier master has."""

from datetime import UTC, datetime, timedelta
from random import Random

from sandbox.infor.books import InforBooks
from sandbox.infor.records import Address, Supplier
from sandbox.seed import words
from sandbox.seed.options import SeedOptions, chance

_FEWEST = 12
_INVOICES_EACH = 5
_SUITES = 0.3
_FACTOR = "V9001"  # collects for others


def add_suppliers(books: InforBooks, options: SeedOptions) -> None:
    """Enter the suppliers: the odd ones first, as many as there is room for, then plain ones."""
    rng = chance(options, "suppliers")
    count = options.suppliers or max(_FEWEST, options.invoices // _INVOICES_EACH)
    odd = [held for kind in _ODD for held in kind(rng, options)]
    places = range(1, max(0, count - len(odd)) + 1)
    plain = [_plain(rng, options, f"V{1000 + place}") for place in places]
    keep = plain or [_plain(rng, options, "V1001")]
    for held in [*keep, *odd][: max(count, 1)]:
        books.suppliers[held.number] = held
    for held in books.suppliers.values():
        if held.payee and held.payee not in books.suppliers:
            held.payee = ""


def _plain(rng: Random, options: SeedOptions, number: str) -> Supplier:
    name = f"{rng.choice(words.OWNERS)} {rng.choice(words.TRADES)} {rng.choice(words.FORMS)}"
    town, state, postal_code = rng.choice(words.TOWNS)
    street = f"{rng.randint(1, 9900)} {rng.choice(words.STREETS)}"
    suite = f"Suite {rng.randint(100, 900)}" if rng.random() < _SUITES else ""
    mail = name.lower().replace(" ", "")
    return Supplier(
        number=number,
        name=name,
        changed_at=_changed(rng, options),
        phone=f"{rng.randint(201, 989)}-555-{rng.randint(0, 9999):04d}",
        state=state,
        terms=rng.choice(("000", "010", "030", "030", "045")),
        payment_method=rng.choice(("CHK", "CHK", "ACH", "VCC")),
        addresses=[Address(1, name, (street, suite, "", ""), town, state, postal_code)],
        emails=[f"ar@{mail}.test"],
    )


def _changed(rng: Random, options: SeedOptions) -> datetime:
    """Spread the changes over a month, many of them today's and yesterday's."""
    days = rng.choice((0, 0, 1, 1, *range(2, 30)))
    begun = datetime.combine(options.today - timedelta(days=days), datetime.min.time(), UTC)
    return begun + timedelta(milliseconds=rng.randrange(60_000))


def _inactive(rng: Random, options: SeedOptions) -> list[Supplier]:
    made = []
    for number, status in (("V8010", "10"), ("V8011", "10"), ("V8090", "90"), ("V8091", "90")):
        held = _plain(rng, options, number)
        held.status = status
        made.append(held)
    return made


def _addressed(rng: Random, options: SeedOptions) -> list[Supplier]:
    """Make suppliers whose addresses are odd: none, a lockbox of another name, every line used, abroad."""
    none, lockbox, full, abroad, lower = (_plain(rng, options, f"V81{place:02d}") for place in range(5))
    none.addresses = []
    lockbox.addresses.append(
        Address(10, f"{lockbox.name} Lockbox"[:36], ("PO Box 70112", "", "", ""), "Atlanta", "GA", "30353-0112")
    )
    full.addresses[0].lines = (
        "c/o Facilities, Building C, Dock 1-2",
        "Attn: Accounts Receivable",
        "Floor 12",
        "Door 4",
    )
    abroad.country, abroad.state = "CA", "ON"
    abroad.addresses = [Address(1, abroad.name, ("88 King St W", "", "", ""), "Toronto", "ON", "M5V 2T6", "CA")]
    lower.addresses[0].state = "nc"
    lower.addresses[0].town = "charlotte"
    return [none, lockbox, full, abroad, lower]


def _named(rng: Random, options: SeedOptions) -> list[Supplier]:
    """Make suppliers whose names want care wherever they are quoted, joined or escaped."""
    names = ("O'Brien & Sons, Inc.", "Müller Bäder GmbH", 'The "Fix-It" Folks; LLC', "Pipe|Works Co", "A&B <Mech>")
    made = []
    for place, name in enumerate(names):
        held = _plain(rng, options, f"V82{place:02d}")
        held.name = name
        held.addresses[0].name = name
        made.append(held)
    return made


def _reached(rng: Random, options: SeedOptions) -> list[Supplier]:
    """Make suppliers without e-mail, with several, with fields at their full length, with a tax id."""
    silent, several, longest, taxed = (_plain(rng, options, f"V83{place:02d}") for place in range(4))
    silent.emails, silent.phone = [], ""
    several.emails = ["billing@several.test", "owner@several.test", "ar+east@several.test"]
    longest.phone = "+1 704 555 010012"[:16]
    longest.name = "Consolidated Building Envelope Works"
    longest.addresses[0].postal_code = "28202-1234"
    longest.addresses[0].town = "Winston-Salem Height"
    taxed.tax_id = "12-3456789"
    return [silent, several, longest, taxed]


def _factored(rng: Random, options: SeedOptions) -> list[Supplier]:
    """Make a factor and two suppliers whose invoices it collects."""
    factor = _plain(rng, options, _FACTOR)
    factor.name = "Meridian Receivables Corp"
    sold = [_plain(rng, options, f"V84{place:02d}") for place in range(2)]
    for held in sold:
        held.payee = _FACTOR
    return [factor, *sold]


_ODD = (_addressed, _inactive, _named, _factored, _reached)
