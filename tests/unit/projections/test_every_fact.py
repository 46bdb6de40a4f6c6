"""No fact is forgotten: each has a place, or an explicit nothing, in every projection it belongs to."""

import re

import msgspec
import pytest

from domain.event import Event, topics
from projections import (
    connections,
    doubts,
    invoices,
    issue_facts,
    issue_kinds,
    issues,
    ledger_codes,
    payments,
    postings,
    suppliers,
    sync_status,
)
from projections.plain import HIDDEN, plain
from projections.sentences import AVIDXCHANGE, INFOR, SAYINGS, TIEOUT, sentence, system_of
from tests.unit.projections.book import all_examples, examples, family


@pytest.mark.parametrize(
    ("handled", "prefixes"),
    [
        (suppliers.HANDLES, ("supplier.",)),
        (ledger_codes.HANDLES | ledger_codes.OUTSIDE, ("ledger-code.",)),
        (invoices.HANDLES | invoices.OUTSIDE, ("invoice.", "invoice-index.", "ledger-row.")),
        (payments.HANDLES, ("payment.",)),
        (postings.HANDLES, ("posting.",)),
        (connections.HANDLES, ("connection.",)),
        (sync_status.HANDLES | sync_status.OUTSIDE, ("poll.", "errand.")),
    ],
)
def test_every_fact_of_a_family_is_followed_or_left_out_by_name(
    handled: frozenset[type[Event]], prefixes: tuple[str, ...]
) -> None:
    assert handled == family(*prefixes)


def test_every_fact_opens_an_issue_ends_one_or_does_nothing_by_name() -> None:
    assert set(topics().values()) == issues.HANDLES | issue_facts.NOTHING
    assert not issues.HANDLES & issue_facts.NOTHING


def test_every_issue_that_can_open_has_its_words_and_every_end_names_a_kind_that_opens() -> None:
    opened = {
        opening.kind
        for event_type, opens in issue_facts.OPENS.items()
        for example in examples(event_type)
        for opening in opens(example)
    } | {"supplier-excluded", "posting-reversal-absent"}
    ended = {kind for kinds in issue_facts.ENDS.values() for kind in kinds}
    assert opened == set(issue_kinds.KINDS)
    assert ended <= opened


def test_every_fact_about_a_doubtful_write_is_weighed() -> None:
    beside = {
        "InvoiceChangedInInfor",
        "InvoiceKeyChanged",
        "InvoiceAtRiskInInfor",
        "InvoiceImageFetched",
        "InvoiceImageMissing",
        "InvoiceHeld",
        "InvoiceReleased",
        "InvoiceFoundForgotten",
        "InvoiceStatusReported",
        "InvoicePaymentStarted",
        "InvoicePaymentPosted",
        "InvoicePaymentEnded",
        "InvoicePartlyPaid",
        "InvoiceResubmissionOrdered",
        "PostingStepTaken",
    }
    weighed = doubts.ENDS | doubts.FOLLOWS
    assert {e.__name__ for e in family("invoice.", "posting.") - weighed} == beside


def test_every_fact_has_a_system_and_one_sentence_that_ends_in_a_full_stop() -> None:
    assert set(SAYINGS) == set(topics().values())
    for example in all_examples():
        text = sentence(example)
        assert system_of(example) in (INFOR, AVIDXCHANGE, TIEOUT)
        assert re.fullmatch(r".+[^.]\.", text), (type(example).__name__, text)
        assert "Personal" not in text


def test_every_fact_can_be_shown_as_json_without_personal_data() -> None:
    for example in all_examples():
        shown = msgspec.json.decode(msgspec.json.encode(plain(example)))
        assert isinstance(shown, dict)
    recorded = next(e for e in all_examples() if type(e).__name__ == "SupplierRecorded")
    assert plain(recorded)["content"]["tax_id"] == HIDDEN
    assert plain(recorded)["content"]["address"]["line1"] == HIDDEN
