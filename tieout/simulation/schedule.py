"""A schedule: everything one run of the simulation is drawn from; its seed gives it again, word for word."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from tieout.simulation.dice import Dice
from tieout.simulation.fakes.paging import WHOLE, PageSizes
from tieout.simulation.faults import CELLS, MONEY_WRITES, Fault
from tieout.simulation.happenings import Happening

STARTS = (
    datetime(2026, 3, 2, 9, tzinfo=UTC),
    datetime(2026, 3, 8, 6, 40, tzinfo=UTC),  # New York's clocks go forward
    datetime(2026, 11, 1, 5, 40, tzinfo=UTC),  # and back
    datetime(2028, 2, 29, 3, 50, tzinfo=UTC),  # a leap day, in New York still the day before
    datetime(2026, 12, 31, 23, 50, tzinfo=UTC),  # a year's end
)
CALL_TIMEOUT = timedelta(seconds=60)
LAG = timedelta(seconds=60)
MARGIN = timedelta(seconds=5)
SETTLE = CALL_TIMEOUT + LAG + MARGIN
BATCH_PROCESSING = timedelta(minutes=5)
RATES = (0.0, 0.03, 0.08, 0.2)
HAPPENING_RATES = (0.0, 0.01, 0.03, 0.06)
MONEY_CELLS = tuple(place for place, (step, _) in enumerate(CELLS) if step in MONEY_WRITES)
OTHER_CELLS = tuple(place for place in range(len(CELLS)) if place not in MONEY_CELLS)


class Profile(StrEnum):
    """Where the documents stand when trouble begins."""

    SUBMIT = "submit"  # approved invoices of confirmed suppliers
    PAY = "pay"  # invoices live at AvidXchange, some of them paid
    WHOLE = "whole"  # nothing was read yet


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """What one run is drawn from.

    crossings: how many calls the turbulence lasts; rate, happening_rate: chances at a crossing; focus: a cell (its
    place in CELLS) that is hit far more often; page_sizes: of the lists both remotes give page by page; faults,
    happenings: by number of crossing; payments: of PAY, the place of the one invoice each pays; None = drawn from
    the seed.
    """

    seed: int
    profile: Profile
    documents: int
    workers: int
    start: int
    crossings: int
    rate: float
    happening_rate: float
    focus: int
    page_sizes: PageSizes = WHOLE
    faults: Mapping[int, Fault] | None = None
    happenings: Mapping[int, Happening] | None = None
    payments: tuple[int, ...] | None = None

    def explicit(self, faults: Mapping[int, Fault], happenings: Mapping[int, Happening]) -> "Schedule":
        """Give the same schedule with these faults and happenings, and no others."""
        return msgspec.structs.replace(self, faults=dict(faults), happenings=dict(happenings))


def draw(seed: int, *, profile: Profile | None = None) -> Schedule:
    """Draw a schedule: first the cell it aims at, then documents that will come there; or documents of a profile."""
    dice = Dice(seed)
    if profile is None:
        focus = dice.pick(MONEY_CELLS if dice.below(2, "aim") else OTHER_CELLS, "cell")
        chosen = dice.pick(_PROFILES.get(_subject(CELLS[focus][0]), tuple(Profile)), "profile")
    else:
        chosen = profile
        focus = dice.pick(_focused(chosen, dice), "focus")
    return Schedule(
        seed=seed,
        profile=chosen,
        documents=1 + dice.below(3, "documents"),
        workers=2 + dice.below(3, "workers"),
        start=dice.below(len(STARTS), "start"),
        crossings=30 + dice.below(120, "crossings") + (80 if chosen is Profile.WHOLE else 0),
        rate=dice.pick(RATES, "rate"),
        happening_rate=dice.pick(HAPPENING_RATES, "happening rate"),
        focus=focus,
        page_sizes=PageSizes(
            **{name: _page_size(dice, name, most) for name, most in msgspec.structs.asdict(WHOLE).items()}
        ),
    )


def _page_size(dice: Dice, name: str, most: int) -> int:
    """A world has few records: only pages of one, two or three make a list of many pages."""
    return dice.pick((1, 1, 1, 2, 3, most), "page size", name)


def _subject(step: str) -> str:
    return step.removeprefix("append in ")


def _focused(profile: Profile, dice: Dice) -> tuple[int, ...]:
    """Two schedules of three aim at a money write their documents will come to; whole ones aim anywhere."""
    if profile is Profile.WHOLE or dice.below(3, "aim") == 0:
        return OTHER_CELLS
    submits = profile is Profile.SUBMIT
    return tuple(place for place in MONEY_CELLS if (CELLS[place][0] == "send_batch") is submits)


_SUBMITTED = ("send_batch", "find_batches", "find_invoices", "submit_invoices", "look_up_invoices", "payables.prepare")
_POSTED = (
    *("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch", "open_batches", "payment_rows", "payments_by_id"),
    *("post_payment", "send_postings", "resume_posting", "confirm_posting", "plan_reversal", "close_invoices"),
    *("payments", "poll_payments", "ledger.prepare"),
)
_READ_FIRST = (
    *("changed_suppliers", "supplier_details", "codes", "list_codes", "put_vendors", "put_codes", "find_vendors"),
    *("send_suppliers", "send_ledger_codes", "poll_suppliers", "poll_ledger_codes"),
)
_PROFILES: dict[str, tuple[Profile, ...]] = {
    **dict.fromkeys(_SUBMITTED, (Profile.SUBMIT,)),
    **dict.fromkeys(_POSTED, (Profile.PAY,)),
    **dict.fromkeys(_READ_FIRST, (Profile.WHOLE,)),
}
