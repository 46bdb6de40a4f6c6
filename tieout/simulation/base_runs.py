"""The base runs of the exhaustive search: nothing goes wrong in them, and their documents come to their end."""

from itertools import count, islice
from typing import NamedTuple

import msgspec

from domain.invoices.submission_events import InvoiceSubmitted
from domain.postings.events import PostingConfirmed
from tieout.simulation.engine import Engine
from tieout.simulation.faults import Fault
from tieout.simulation.schedule import STARTS, Profile, Schedule

LONGEST = 400  # crossings in which documents must come to their end
SPARE = 30  # crossings after it: what is polled, looked at again and closed


class Scope(NamedTuple):
    """What is searched: documents of a profile.

    payments: of which invoice each pays a part, by place; crossings: how many calls the first mishap may fall into,
    None: until the documents have come to their end; since: so many seeds after the first one asked for, so that
    scopes have rules and days of their own; paired: whether pairs are tried, too.
    """

    profile: Profile
    documents: int
    payments: tuple[int, ...] | None = None
    crossings: int | None = None
    since: int = 0
    paired: bool = True

    @property
    def name(self) -> str:
        """What it says in a line."""
        invoices = f"{self.documents} {'invoice' if self.documents == 1 else 'invoices'}"
        if not self.payments:
            return f"{self.profile}, {invoices}"
        return (
            f"{self.profile}, {len(self.payments)} {'payment' if len(self.payments) == 1 else 'payments'} of {invoices}"
        )


SCOPES = (
    Scope(Profile.SUBMIT, 1),
    Scope(Profile.SUBMIT, 2, since=1),
    Scope(Profile.PAY, 1, (0,), since=17),
    Scope(Profile.PAY, 1, (0, 0), since=2),
    Scope(Profile.PAY, 2, (0, 1), since=15),
    Scope(Profile.WHOLE, 1, paired=False),
)


def undisturbed(seed: int, profile: Profile, *, documents: int = 1, crossings: int = LONGEST) -> Schedule:
    """Give the run of a seed in which nothing goes wrong."""
    return Schedule(
        seed=seed,
        profile=profile,
        documents=documents,
        workers=2,
        start=seed % len(STARTS),
        crossings=crossings,
        rate=0.0,
        happening_rate=0.0,
        focus=0,
        faults={},
        happenings={},
    )


def base_runs(scope: Scope, seeds: range) -> list[Schedule]:
    """Give as many base runs as there are seeds, from the first one on whose documents all come to their end."""
    runs = (base_run(seed, scope) for seed in count(seeds.start + scope.since))
    return [*islice((one for one in runs if one is not None), len(seeds))]


def base_run(seed: int, scope: Scope) -> Schedule | None:
    """Give the base run of a seed, as long as it takes; None when its documents do not come to their end."""
    whole = undisturbed(seed, scope.profile, documents=scope.documents)
    whole = msgspec.structs.replace(whole, payments=scope.payments)
    engine = _Observed(whole)
    engine.run()
    if scope.payments:
        end = engine.end_of(PostingConfirmed, len(scope.payments))
    else:
        end = engine.end_of(InvoiceSubmitted, scope.documents)
    if end is None:
        return None
    return msgspec.structs.replace(whole, crossings=end + SPARE if scope.crossings is None else scope.crossings)


class _Observed(Engine):
    """A run that notes how long the log was at each crossing."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self._positions: list[int] = []

    def cross(self, worker: str, step: str) -> tuple[int, Fault | None]:
        """Count a crossing."""
        if self.turbulent:
            self._positions.append(self.world.store.log.last_position())
        return super().cross(worker, step)

    def end_of(self, kind: type, times: int) -> int | None:
        """Give the crossing by which so many events of a kind stood in the log; None when they never did."""
        ends = [recorded.position for recorded in self.world.history() if isinstance(recorded.event, kind)]
        if len(ends) != times:
            return None
        return next((number for number, position in enumerate(self._positions, 1) if position >= ends[-1]), None)
