"""What a reversed payment asks for: nothing, giving up what was not handed over, or a reversal in Infor."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain import keys
from domain.event import Event
from domain.identifiers import PinnedIdentity, key1
from domain.payments import events as e
from domain.payments.forgotten import forgotten_postings
from domain.payments.payment import Payment
from domain.postings.events import PostingAbandoned, PostingLine, PostingPlan, PostingPlanned, PostingReleased
from domain.postings.posting import Posting, is_forgotten
from domain.rules import Rules


class ReversalPlan(msgspec.Struct, frozen=True):
    """Facts for the payment, for postings given up or released (by KEY1), and for new reversal postings."""

    payment: tuple[Event, ...] = ()
    abandoned: tuple[tuple[str, PostingAbandoned], ...] = ()
    released: tuple[tuple[str, PostingReleased], ...] = ()
    postings: tuple[tuple[PostingPlan, PostingPlanned], ...] = ()


def decide_reversal(
    state: Payment, postings: Mapping[str, Posting], rules: Rules, *, unsure_before: datetime | None = None
) -> ReversalPlan:
    """Queue behind postings in flight; then abandon, reverse or hand to a person, leg by leg.

    unsure_before: what was planned before may be booked without a word in this log, and counts as handed over.
    """
    if not state.is_reversed or state.reversal is not None or state.content is None:
        return ReversalPlan()
    payment_id = state.content.payment_id
    for leg in state.legs:
        posting = postings[leg.posting]
        if posting.phase == "held":
            continue  # it is given up; what may be booked of it all the same, a person looks for
        if not posting.ended and (not posting.before_handover or is_forgotten(posting, unsure_before)):
            return _queued(state, leg.posting, posting)
    abandoned = [leg.posting for leg in state.legs if _never_goes(postings[leg.posting])]
    booked = [leg for leg in state.legs if postings[leg.posting].booked]
    why = f"payment {payment_id} was reversed at AvidXchange ({state.content.status})"
    plans = [_reversal_posting(postings[leg.posting], rules, unsure_before) for leg in booked if rules.void_interface]
    planned = e.PaymentReversalPlanned(
        payment_id=payment_id,
        abandoned=tuple(abandoned),
        reversing=tuple(
            e.Leg(division=leg.division, posting=plan.key1, net=-leg.net)
            for leg, plan in zip(booked, plans, strict=False)
        ),
        tasks=(
            *forgotten_postings(state, postings, rules.identity, unsure_before),
            *(() if rules.void_interface else (leg.posting for leg in booked)),
        ),
    )
    return ReversalPlan(
        (planned,),
        tuple((key, PostingAbandoned(key1=key, payment_id=payment_id, why=why)) for key in abandoned),
        postings=tuple((plan, PostingPlanned(plan=plan)) for plan in plans),
    )


def _never_goes(posting: Posting) -> bool:
    """Whether it is given up: nothing of it was handed over, and nobody can let a refused one go again."""
    return posting.before_handover or posting.phase == "refused"


def key_of_reversal(reversal: str, state: Posting) -> str:
    """Give the key that opens when a reversal ends or, when it came to nothing before, when it is booked.

    Its end opened the first of them; only its next start shuts it, and that is a person's to bring about.
    """
    return keys.posting(reversal) if state.under_way or not state.ended_before else keys.taken_back(reversal)


def _queued(state: Payment, key1: str, posting: Posting) -> ReversalPlan:
    """Wait for a posting; one that is queued itself, and may be handed over all the same, is looked at now."""
    payment_id = state.content.payment_id if state.content else ""
    why = f"payment {payment_id} was reversed: Infor shows what became of the posting"
    released = ((key1, PostingReleased(payment_id=payment_id, why=why)),) if posting.phase == "queued" else ()
    key = keys.posting(key1)
    if state.waits_for == key:
        return ReversalPlan(released=released)
    detail = f"posting {key1} is handed over and not settled yet"
    return ReversalPlan(
        (e.PaymentReversalHeld(payment_id=payment_id, detail=detail, waits_for=key),), released=released
    )


def _reversal_posting(original: Posting, rules: Rules, unsure_before: datetime | None) -> PostingPlan:
    """Turn a booked posting round; one from before the log was no proof may have been taken back before, too.

    Nobody says when a payment came back, and a later change of it proves nothing: Infor is read, a person asked.
    """
    plan = original.plan
    if plan is None:
        raise ValueError("a booked posting has a plan")
    return msgspec.structs.replace(
        plan,
        key1=_key1_back(plan, rules.identity),
        kind="R",
        interface=rules.void_interface,
        lines=tuple(
            PostingLine(line=line.line, invoice=line.invoice, net=-line.net, discount=-line.discount)
            for line in plan.lines
        ),
        read_back_only=is_forgotten(original, unsure_before),
    )


def _key1_back(plan: PostingPlan, identity: PinnedIdentity) -> str:
    return key1(identity, payment_id=plan.payment_id, division=plan.division, generation=plan.generation, kind="R")
