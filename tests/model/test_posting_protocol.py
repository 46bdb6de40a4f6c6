"""The posting protocol posts nothing twice and always ends; with any one rule off it breaks."""

import pytest

from tests.model.conftest import Searched
from tests.model.postings import PostingBounds, Postings
from tests.model.search import explore
from tests.model.variants import PostingRules

ONE = PostingBounds()
ALONE = PostingBounds(workers=1)
ONE_TRY = PostingBounds(workers=1, attempts=1)
CALM = PostingBounds(faults=False)
BY_HAND = PostingBounds(workers=1, updates=1, attempts=1, by_hand=1)
RESTORED = PostingBounds(workers=1, attempts=1, updates=1, restores=True)
TWO = PostingBounds(postings=2, workers=1, attempts=1, updates=1)
TWO_FOR_ONE = PostingBounds(postings=2, workers=1, attempts=1, updates=1, outstanding=1)
CALM_TWO_FOR_ONE = PostingBounds(postings=2, workers=1, attempts=1, updates=1, outstanding=1, faults=False)

SOUND = {
    "one payment, two workers, two attempts": (ONE, 140_000),
    "one payment, another one by hand": (BY_HAND, 2_000),
    "one payment, a restored backup": (RESTORED, 20_000),
    "two payments of one invoice": (TWO, 30_000),
    "two payments, the invoice has room for one": (TWO_FOR_ONE, 20_000),
}

NAIVE = {
    "blind retry": (PostingRules(looks_before_retry=False), ALONE, "doubled"),
    "no settle window": (PostingRules(settle_window=False), ALONE, "doubled"),
    "handover without its own intent": (PostingRules(handover_has_own_intent=False), ALONE, "doubled"),
    "CtrlBatch repeated after handover": (PostingRules(no_check_after_handover=False), ALONE, "doubled"),
    "a doubted step is made again at once": (
        PostingRules(doubted_step_ends_attempt=False),
        ONE_TRY,
        "doubled",
    ),
    "a sender that writes after its deadline": (PostingRules(deadline_kept=False), CALM, "doubled"),
    "an intent is anybody's": (PostingRules(owner_only=False), CALM, "doubled"),
    "a NOK after handover is a refusal": (
        PostingRules(nok_after_handover_is_doubt=False),
        ALONE,
        "called refused",
    ),
    "an accepted UpdBatch is a posting": (PostingRules(row_is_proof=False), ALONE, "claimed"),
    "a fallen balance is a proof": (PostingRules(balance_is_no_proof=False), BY_HAND, "claimed"),
    "a KEY1 at random": (PostingRules(key_is_derived=False), ALONE, "two batches of one posting"),
    "any payment row will do": (PostingRules(row_matched_by_payment=False), TWO, "claimed"),
    "two postings of one invoice at once": (
        PostingRules(one_posting_in_flight=False),
        CALM_TWO_FOR_ONE,
        "overpaid",
    ),
    "no hold after a restore": (PostingRules(hold_after_restore=False), RESTORED, "doubled"),
    "after a restore the chain begins again": (
        PostingRules(restored_counts_as_handed_over=False),
        RESTORED,
        "doubled",
    ),
}


@pytest.mark.parametrize("world", SOUND)
def test_no_payment_is_posted_twice_and_every_posting_ends(world: str, searched: Searched) -> None:
    bounds, at_least = SOUND[world]
    finding = searched(f"postings: {world}", explore(Postings(PostingRules(), bounds)))
    assert finding.sound, finding.trace
    assert finding.states >= at_least


@pytest.mark.parametrize("mistake", NAIVE)
def test_a_posting_with_one_rule_off_breaks(mistake: str, searched: Searched) -> None:
    rules, bounds, broken = NAIVE[mistake]
    finding = searched(f"postings: {mistake}", explore(Postings(rules, bounds), watched=[broken]))
    assert finding.broken == broken


def test_the_model_knows_every_kind_of_trouble() -> None:
    reached = explore(Postings(PostingRules(), ONE_TRY)).reached
    assert {
        "a worker crashes",
        "CtrlBatch is lost",
        "UpdBatch is turned away unprocessed",
        "UpdBatch answers NOK",
        "M3 refuses the voucher",
        "a person inside M3 deletes the stuck voucher",
        "FGLINH catches up",
        "read back: neither KEY1 nor a row",
        "read back: KEY1 for too long",
        "read back: the payment row",
    } <= reached
