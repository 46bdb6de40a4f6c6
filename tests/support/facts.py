"""What a deployment recorded, without what only this run could say: to compare two deployments fact for fact."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.connections.events import SettingsChanged
from domain.event import Event, Recorded
from domain.invoices.events import (
    InvoiceClosed,
    InvoiceHeld,
    InvoiceIndexTurned,
    InvoicePartlyPaid,
    InvoiceReleased,
    InvoiceStatusReported,
    InvoicesTracked,
)
from domain.polls.events import PollCompleted
from domain.postings.events import PostingHeld

# A matter of when somebody looked: which facts there are of these, and how many, differs from run to run.
SEEN_IN_PASSING = (
    PollCompleted,  # only polls that found something are recorded, and how much each finds is when it came
    InvoicesTracked,  # an index kept poll by poll: in what steps it grows and shrinks is when they came
    InvoiceIndexTurned,  # the index begun anew after so many steps
    InvoiceStatusReported,  # a status that came and went between two polls is seen by nobody
    InvoicePartlyPaid,  # seen only by a poll between two payments of an invoice
    PostingHeld,  # behind another posting of the invoice, for as long as that is in flight
    InvoiceReleased,  # ends a hold that came only because what it waits for had not been sent yet
    SettingsChanged,  # says every setting, the addresses of this run's remotes and the schedule of pods among them
)
# Drawn by each process, drawn by the pretend Infor for its keys, given out by the remotes in the order of arrival, or
# how work was grouped into calls. Times are left out too, wherever they stand.
BY_CHANCE = ("attempt_id", "incarnation", "fingerprint")
BY_ARRIVAL = ("avid_invoice_id", "voucher", "ledger_row", "modified")
BY_LOAD = ("batch", "batch_digest", "position", "members")
OWN = frozenset((*BY_CHANCE, *BY_ARRIVAL, *BY_LOAD))
Fact = tuple[str, Any]
Subject = tuple[UUID, str]  # a stream; of an invoice's also the payment, for its payments come in any order


def facts(log: Iterable[Recorded]) -> dict[Subject, list[Fact]]:
    """Give every record's facts in order: their types and what they say, holds that ended left out."""
    streams: dict[UUID, list[Event]] = defaultdict(list)
    for recorded in log:
        streams[recorded.stream].append(recorded.event)
    found: dict[Subject, list[Fact]] = defaultdict(list)
    for stream, events in streams.items():
        for event in _lasting(events):
            found[stream, _subject(event)].append((type(event).__name__, _said(event)))
    return dict(found)


def room_of(event: Event) -> str:
    """Name the folder of the domain an event belongs to."""
    return type(event).__module__.split(".")[1]


def _lasting(events: list[Event]) -> list[Event]:
    """Leave out what is seen in passing, holds that ended, and every closing but the last.

    A closing is said after each payment of an invoice, or once for two that were booked before anybody looked.
    """
    last_released = max((n for n, event in enumerate(events) if isinstance(event, InvoiceReleased)), default=-1)
    last_closed = max((n for n, event in enumerate(events) if isinstance(event, InvoiceClosed)), default=-1)
    return [
        event
        for n, event in enumerate(events)
        if not isinstance(event, SEEN_IN_PASSING)
        and not (isinstance(event, InvoiceHeld) and n < last_released)
        and not (isinstance(event, InvoiceClosed) and n < last_closed)
    ]


def _subject(event: Event) -> str:
    return str(getattr(event, "payment_id", "")) if room_of(event) == "invoices" else ""


def _said(event: Event) -> Any:
    return without_own(msgspec.to_builtins(event, builtin_types=(datetime,), str_keys=True))


def without_own(value: Any, own: Collection[str] = OWN) -> Any:
    """Leave out times and what is named in `own`, wherever it stands."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in own and not isinstance(one, datetime)}
        return {key: without_own(one, own) for key, one in kept.items()}
    if isinstance(value, list | tuple):
        return [without_own(one, own) for one in value]
    return value
