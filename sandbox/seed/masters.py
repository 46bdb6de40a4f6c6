"""Divisions, GL accounts and dimension values of the seeded company."""

from datetime import UTC, date, datetime, timedelta

from sandbox.infor.books import InforBooks
from sandbox.infor.records import BANK_ACCOUNT, CONTROL_ACCOUNT, DISCOUNT_ACCOUNT, Division, LedgerCode
from sandbox.seed import words
from sandbox.seed.options import SeedOptions, chance

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BUILDINGS_PER_DIVISION = 1.5
_CLOSED_FROM = 92  # the last accounts of the chart are the odd ones
_FUTURE = 4  # which of them opens later; those after it belong to one division
_LOCAL_EVERY = 9  # so many buildings to one that belongs to a single division


def add_masters(books: InforBooks, options: SeedOptions) -> None:
    """Enter divisions, accounts (dimension 1), cost centres (2) and buildings (3)."""
    for place in range(options.divisions):
        code = division_code(place)
        name = words.BUILDINGS[place % len(words.BUILDINGS)]
        books.divisions[code] = Division(code, name[:15], f"F{place + 1:02d}")
    for held in (*_accounts(options), *_cost_centres(options), *_buildings(options)):
        books.add_code(held)


def division_code(place: int) -> str:
    """Give the code of a division: AAA, BBB, ... ZZZ, then AAB, AAC and so on."""
    if place < len(_LETTERS):
        return _LETTERS[place] * 3
    first, last = divmod(place - len(_LETTERS), len(_LETTERS) - 1)
    return _LETTERS[first] * 2 + _LETTERS[(first + 1 + last) % len(_LETTERS)]


def usable_codes(books: InforBooks, dimension: int, division: str, today: date) -> list[str]:
    """List the values a clerk of `division` may code to today."""
    held = books.codes[dimension, ""] + books.codes[dimension, division]
    return [code.value for code in held if _is_open(code, today)]


def _is_open(code: LedgerCode, today: date) -> bool:
    begun = code.valid_from is None or code.valid_from <= today
    ended = code.valid_to is not None and code.valid_to < today
    return begun and not ended and not code.blocked


def _accounts(options: SeedOptions) -> list[LedgerCode]:
    changed = _long_ago(options)
    codes = [
        LedgerCode("", 1, CONTROL_ACCOUNT, "Accounts payable trade", changed),
        LedgerCode("", 1, BANK_ACCOUNT, "Operating bank account", changed),
        LedgerCode("", 1, DISCOUNT_ACCOUNT, "Cash discount earned", changed),
    ]
    names = [f"{name}, {area}" for name in words.ACCOUNTS for area in words.AREAS]
    for place, name in enumerate(names):
        code = LedgerCode("", 1, str(600100 + 100 * place), name, changed)
        _make_odd(code, place, options)
        codes.append(code)
    twin = next(code for code in codes if code.blocked)
    # blocked company wide, yet open in one division: active all the same
    codes.append(LedgerCode(division_code(0), 1, twin.value, f"{twin.description} (local)"[:40], changed))
    return codes


def _make_odd(code: LedgerCode, place: int, options: SeedOptions) -> None:
    """Turn the end of the chart into blocked, expired, future and division-specific accounts."""
    kind = place - _CLOSED_FROM
    if kind in (0, 1):
        code.blocked = True
    elif kind in (2, 3):
        code.valid_to = options.today - timedelta(days=40 + place)
    elif kind == _FUTURE:
        code.valid_from = options.today + timedelta(days=30)
    elif kind > _FUTURE:
        code.division = division_code(place % min(3, options.divisions))


def _cost_centres(options: SeedOptions) -> list[LedgerCode]:
    changed = _long_ago(options)
    codes = [
        LedgerCode("", 2, f"CC{place:02d}", name, changed) for place, name in enumerate(words.COST_CENTRES, start=1)
    ]
    codes.append(LedgerCode("", 2, "CC98", "Closed project", changed, blocked=True))
    return codes


def _buildings(options: SeedOptions) -> list[LedgerCode]:
    """Give each building a value of its own; a few belong to one division only."""
    changed = _long_ago(options)
    rng = chance(options, "buildings")
    codes = []
    for place in range(int(options.divisions * _BUILDINGS_PER_DIVISION)):
        name = words.BUILDINGS[place % len(words.BUILDINGS)]
        street = rng.choice(words.STREETS)
        division = division_code(place % options.divisions) if place % _LOCAL_EVERY == _LOCAL_EVERY - 1 else ""
        text = f"{name} {rng.randint(1, 99) * 100} {street}"
        codes.append(LedgerCode(division, 3, f"B{place + 1:03d}", text[:40].rstrip(), changed))
    return codes


def _long_ago(options: SeedOptions) -> datetime:
    return datetime.combine(options.today - timedelta(days=200), datetime.min.time(), UTC)
