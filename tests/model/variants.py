"""The rules of the doubt protocol as switches, so that a naive variant is the same code with one rule off."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The rules of both writes; the defaults are the protocol, every other value is a mistake."""

    looks_before_retry: bool = True
    settle_window: bool = True
    deadline_kept: bool = True
    owner_only: bool = True
    compare_and_set: bool = True
    hold_after_restore: bool = True
    looks_during_hold_void: bool = True
    late_refusal_settles_nothing: bool = True


@dataclass(frozen=True)
class InvoiceRules(Rules):
    """What is particular to the submission of invoices."""

    first_send_looked_up: bool = True
    empty_looks: int = 2
    lag_between_looks: bool = True
    batch_before_invoices: bool = True
    gap_from_last_answer: bool = True
    batch_must_be_closed: bool = True
    every_batch_of_the_id: bool = True
    members_prove_themselves: bool = True
    missing_result_is_doubt: bool = True
    earlier_ids_ignored: bool = True


@dataclass(frozen=True)
class PostingRules(Rules):
    """What is particular to the posting of payments."""

    handover_has_own_intent: bool = True
    no_check_after_handover: bool = True
    doubted_step_ends_attempt: bool = True
    key_is_derived: bool = True
    restored_counts_as_handed_over: bool = True
    nok_after_handover_is_doubt: bool = True
    row_is_proof: bool = True
    balance_is_no_proof: bool = True
    row_matched_by_payment: bool = True
    one_posting_in_flight: bool = True
