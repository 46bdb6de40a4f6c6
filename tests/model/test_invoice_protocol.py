"""The submission protocol doubles nothing and always ends; with any one rule off it breaks."""

import pytest

from tests.model.conftest import Searched
from tests.model.invoices import InvoiceBounds, Invoices
from tests.model.search import explore
from tests.model.variants import InvoiceRules

ONE = InvoiceBounds()
REORDERED = InvoiceBounds(rejects=1, orders=1)
RESTORED = InvoiceBounds(attempts=2, restores=True)
RESTORED_ALONE = InvoiceBounds(workers=1, attempts=2, restores=True)
TWO = InvoiceBounds(docs=2, workers=1, attempts=2)

SOUND = {
    "one invoice, two workers, three attempts": (ONE, 14_000),
    "one invoice rejected and ordered again": (REORDERED, 30_000),
    "one invoice, two workers, a restored backup": (RESTORED, 140_000),
    "two invoices, one worker, two attempts": (TWO, 85_000),
}

NAIVE = {
    "blind retry": (InvoiceRules(looks_before_retry=False), ONE, "doubled"),
    "no settle window": (InvoiceRules(settle_window=False), ONE, "doubled"),
    "one look-up only": (InvoiceRules(empty_looks=1), ONE, "doubled"),
    "no lag between the two look-ups": (InvoiceRules(lag_between_looks=False), ONE, "doubled"),
    "invoices looked up before their batch": (
        InvoiceRules(batch_before_invoices=False, gap_from_last_answer=False),
        ONE,
        "doubled",
    ),
    "absence believed while the batch is processing": (
        InvoiceRules(batch_must_be_closed=False),
        ONE,
        "doubled",
    ),
    "a batch that is found proves its members": (
        InvoiceRules(members_prove_themselves=False),
        ONE,
        "claimed",
    ),
    "a missing result is a refusal": (InvoiceRules(missing_result_is_doubt=False), ONE, "called refused"),
    "a sender that writes after its deadline": (InvoiceRules(deadline_kept=False), ONE, "doubled"),
    "an intent is anybody's": (InvoiceRules(owner_only=False), ONE, "doubled"),
    "appends are not compare-and-set": (InvoiceRules(compare_and_set=False), ONE, "doubled"),
    "a rejected id is found again": (
        InvoiceRules(earlier_ids_ignored=False),
        REORDERED,
        "an order was not carried out",
    ),
    "no hold after a restore": (InvoiceRules(hold_after_restore=False), RESTORED_ALONE, "doubled"),
    "look-ups during the hold count": (
        InvoiceRules(looks_during_hold_void=False),
        RESTORED_ALONE,
        "doubled",
    ),
    "a first send is not looked up": (InvoiceRules(first_send_looked_up=False), RESTORED_ALONE, "doubled"),
    "one closed batch of the ExternalId suffices": (
        InvoiceRules(every_batch_of_the_id=False),
        RESTORED_ALONE,
        "doubled",
    ),
    "a refusal from before the restore settles": (
        InvoiceRules(late_refusal_settles_nothing=False),
        RESTORED,
        "called refused",
    ),
    "a missing result is a refusal, two invoices": (
        InvoiceRules(missing_result_is_doubt=False),
        TWO,
        "called refused",
    ),
    "one look-up only, two invoices": (InvoiceRules(empty_looks=1), TWO, "doubled"),
}


@pytest.mark.parametrize("world", SOUND)
def test_no_invoice_is_submitted_twice_and_every_submission_ends(world: str, searched: Searched) -> None:
    bounds, at_least = SOUND[world]
    finding = searched(f"invoices: {world}", explore(Invoices(InvoiceRules(), bounds)))
    assert finding.sound, finding.trace
    assert finding.states >= at_least


@pytest.mark.parametrize("mistake", NAIVE)
def test_a_submission_with_one_rule_off_breaks(mistake: str, searched: Searched) -> None:
    rules, bounds, broken = NAIVE[mistake]
    finding = searched(f"invoices: {mistake}", explore(Invoices(rules, bounds), watched=[broken]))
    assert finding.broken == broken


def test_the_order_of_the_look_up_is_not_needed_once_the_lag_counts_from_its_last_answer(
    searched: Searched,
) -> None:
    rules = InvoiceRules(batch_before_invoices=False)
    finding = searched("invoices: only the order of the look-up is wrong", explore(Invoices(rules, ONE)))
    assert finding.sound, finding.trace


def test_the_model_knows_every_kind_of_trouble() -> None:
    reached = explore(Invoices(InvoiceRules(), ONE)).reached
    assert {
        "a worker crashes",
        "the request is lost",
        "the request is turned away unprocessed",
        "the answer lacks a result",
        "no answer: doubt",
        "the attempt is doubted",
        "the batch is looked up: open",
        "the invoices are looked up: 1 found",
    } <= reached
