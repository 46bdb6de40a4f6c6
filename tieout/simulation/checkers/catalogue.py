"""The catalogue of checkers: one invariant, one function each, over a world that has come to rest."""

from collections.abc import Callable, Iterator

from tieout.simulation.checkers import (
    acts,
    amounts,
    arrivals,
    attempts,
    closings,
    gates,
    known,
    masters,
    privacy,
    raised,
    records,
    remotes,
    rules,
    states,
    sums,
)
from tieout.simulation.checkers.violation import Violation
from tieout.simulation.world import World

Checker = Callable[[World], Iterator[str]]

# I2 and I10 are watched on the wire as well (`tieout.simulation.watch`).
CHECKERS: dict[str, tuple[Checker, ...]] = {
    "I1": (remotes.one_live_invoice,),
    "I2": (
        remotes.one_live_posting,
        remotes.reissues_wait,
        arrivals.nothing_lands_behind_a_handover,
        rules.read_again_before_handover,
    ),
    "I3": (remotes.nothing_claimed_that_is_not_there, closings.closed_is_settled),
    "I4": (
        states.everything_ends,
        known.people_know,
        raised.ends_are_issues,
        raised.late_receipts_are_issues,
        records.ours_are_never_ignored,
    ),
    "I5": (
        remotes.ledgers_agree,
        amounts.invoices_agree,
        amounts.postings_agree,
        amounts.payments_agree,
        amounts.discounts_agree,
        masters.suppliers_agree,
        masters.codes_agree,
        rules.dates_are_as_set,
    ),
    "I6": (records.supplier_and_invoice_first, gates.nothing_passes_a_shut_gate),
    "I7": (records.versions_without_holes,),
    "I8": (records.rebuilt_equals_live,),
    "I9": (records.replay_calls_nobody,),
    "I10": (attempts.one_owner_per_attempt, attempts.only_owners_speak_early),
    "I11": (privacy.no_secret_anywhere,),
    "I12": (records.people_sign, acts.acts_show_before_and_after, rules.first_goes_alone),
    "I13": (
        states.dangers_are_raised,
        raised.risks_are_issues,
        states.looked_at_again,
        closings.closed_is_paid_by_us,
    ),
    "I14": (sums.one_state_each, sums.money_adds_up, states.everything_is_seen),
}

# Judged before any person helps: what they mend would not be seen to have stood under an issue.
CHECKERS_BEFORE_HELP: dict[str, tuple[Checker, ...]] = {
    "I4": (states.nobody_waits_in_vain, raised.ends_are_issues),
    "I13": (raised.risks_are_issues,),
}


def judge_before_help(world: World) -> Iterator[Violation]:
    """Judge a world in which nothing moves any more, and no person has looked yet."""
    for invariant, checkers in CHECKERS_BEFORE_HELP.items():
        for check in checkers:
            yield from (Violation(invariant, text) for text in check(world))


def judge_end(world: World) -> Iterator[Violation]:
    """Judge a world that has come to rest by every checker."""
    world.store.drain()
    world.runner.catch_up()
    for invariant, checkers in CHECKERS.items():
        for check in checkers:
            yield from (Violation(invariant, text) for text in check(world))
