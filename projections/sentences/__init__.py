"""Sentences: what each fact says to a person, and which system it comes from; every type of fact has one."""

from domain.event import Event
from projections.sentences import invoices, payments, postings, records, submissions
from projections.sentences.saying import AVIDXCHANGE, INFOR, TIEOUT, Saying

SAYINGS: dict[type[Event], Saying] = {
    **records.SAYINGS,
    **invoices.SAYINGS,
    **submissions.SAYINGS,
    **payments.SAYINGS,
    **postings.SAYINGS,
}

__all__ = ["AVIDXCHANGE", "INFOR", "SAYINGS", "TIEOUT", "sentence", "system_of"]


def sentence(event: Event) -> str:
    """Give the one sentence a person reads."""
    return SAYINGS[type(event)].say(event)


def system_of(event: Event) -> str:
    """Give the system a fact comes from: infor, avidxchange or tieout (ours and people's)."""
    return SAYINGS[type(event)].system
