"""Which happening falls into a crossing, and which ones really happened, while which errand was at work."""

from collections import Counter

from domain.rules import Rules
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.happenings import THROWN_APART, Happening
from tieout.simulation.world import World

HAPPENINGS = tuple(one for one in Happening if one not in THROWN_APART)
APART = 0.25  # as often as this, of the happenings' rate, one of those happens
BOOKED_AFTER_ALL = 4.0  # likewise, while a voucher sticks: few ever do, and the errands soon come to rest
# What must happen before a step is reached at all; only schedules that aim at the step arrange it.
FORETOLD = {"append in plan_reversal": Happening.VOIDED}
FORETOLD_AT = 8
# What befalls vouchers of ours alone: none is made where people are asked to book payments themselves.
OF_VOUCHERS = frozenset(
    {
        *(Happening.STUCK, Happening.REFUSED, Happening.CORRECTED, Happening.STUCK_BOOKED, Happening.BATCH_DELETED),
        *(Happening.PERIOD_CLOSED, Happening.PERIOD_OPENED, Happening.VOUCHER_TAKEN_BACK),
    }
)
# What befalls the next voucher, if one comes: how many of them are still to be met.
TO_COME = {Happening.STUCK: "stick_next", Happening.REFUSED: "refuse_next", Happening.CORRECTED: "correct_next"}


def drawn(world: World, aim: str, number: int) -> Happening | None:
    """Draw what happens at a crossing, mostly nothing; aim: the step the schedule leans to."""
    schedule, dice = world.schedule, world.dice
    if schedule.happenings is not None:
        return schedule.happenings.get(number)
    if number == FORETOLD_AT and aim in FORETOLD:
        return FORETOLD[aim]
    rate = schedule.happening_rate
    stuck = any(batch.state == "stuck" for batch in world.ledger.batches)
    if stuck and dice.chance("booked after all", number) < rate * BOOKED_AFTER_ALL:
        return Happening.STUCK_BOOKED
    if dice.chance("happens", number) >= rate:
        apart = dice.chance("happens apart", number) < rate * APART
        thrown = [one for one in THROWN_APART if can_be_noticed(world.rules, one)]
        return dice.pick(thrown, "happening apart", number) if apart else None
    return dice.pick([one for one in HAPPENINGS if can_be_noticed(world.rules, one)], "happening", number)


def can_be_noticed(rules: Rules, happening: Happening) -> bool:
    """Whether it can make a difference under these rules: without, it is not drawn."""
    if happening is Happening.CODE_BLOCKED:
        return not rules.code_gate_open  # nobody asks after a code
    return happening not in OF_VOUCHERS or rules.payment_posting != "task"


class Happened:
    """Counts happenings that found something to happen to; what waits for a voucher counts when one has met it."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self._counts: Counter[tuple[Happening, str]] = Counter()
        self._to_come: dict[Happening, str] = {}

    def note(self, happening: Happening, where: str) -> None:
        """Note what found something to happen to, while the errand `where` was at work."""
        if happening in TO_COME:
            self._to_come[happening] = where
        else:
            self._counts[happening, where] += 1

    def counts(self) -> Counter[tuple[Happening, str]]:
        """Count what happened until now; before another voucher's fate is decided, too, for it hides the last one's."""
        for happening in [one for one in self._to_come if not getattr(self._ledger, TO_COME[one])]:
            self._counts[happening, self._to_come.pop(happening)] += 1
        return self._counts
