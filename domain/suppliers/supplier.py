"""A supplier as its history tells it: what Infor says, what AvidXchange holds, what is still to be sent."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from domain.event import Event, Recorded
from domain.suppliers.events import (
    SupplierBlocked,
    SupplierChanged,
    SupplierConfirmed,
    SupplierContent,
    SupplierRecorded,
    SupplierRefused,
    SupplierRetryOrdered,
    SupplierUnblocked,
)

EXCLUDED = "Excluded"
_SEEN = SupplierRecorded | SupplierChanged | SupplierBlocked | SupplierUnblocked


class Supplier(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's state.

    asks: versions of the events since the last settled outcome that ask for a send, the newest was recorded at
    `asked_at`; ever_sent: some event asked for a send before (only then does an inactive supplier go out);
    confirmed: the last receipt, of `confirmed_at`, None once a later refusal made what AvidXchange holds uncertain;
    refused: the last outcome when it was a refusal; gate_open: invoices of this payee may go out.
    """

    version: int = 0
    content: SupplierContent | None = None
    asks: tuple[int, ...] = ()
    asked_at: datetime | None = None
    retry_ordered: bool = False
    ever_sent: bool = False
    settled: int = 0
    confirmed: SupplierConfirmed | None = None
    confirmed_at: datetime | None = None
    refused: SupplierRefused | None = None
    gate_open: bool = False

    @property
    def gate_reason(self) -> str:
        """Why the gate is shut, in one word for the hold; "" when it is open."""
        if self.gate_open:
            return ""
        if self.content is None:
            return "SUPPLIER_UNKNOWN"
        if not self.content.active:
            return "SUPPLIER_INACTIVE"
        if self.refused is not None:
            return "SUPPLIER_REFUSED"
        if self.confirmed is not None and self.confirmed.enrolment == EXCLUDED:
            return "SUPPLIER_EXCLUDED"
        return "SUPPLIER_NOT_CONFIRMED"

    def may_be_other(self, went_back_at: datetime | None) -> bool:
        """Whether AvidXchange may hold it otherwise than this log says: a store that went back forgot what it sent.

        went_back_at: when it did, None when it never did; what was asked for since then is sent anew.
        """
        return went_back_at is not None and (self.asked_at is None or self.asked_at <= went_back_at)

    def known_digest(self, went_back_at: datetime | None = None) -> str:
        """Give the digest of the record AvidXchange holds for certain, "" when nobody can be sure.

        Several asks since the last outcome: an earlier one may have been sent without our learning of it.
        """
        certain = self.confirmed is not None and len(self.asks) <= 1 and not self.retry_ordered
        forgotten = went_back_at is not None and (self.confirmed_at is None or self.confirmed_at <= went_back_at)
        return self.confirmed.digest if certain and self.confirmed is not None and not forgotten else ""

    def quiet_from(self, wait: timedelta, went_back_at: datetime | None = None) -> datetime | None:
        """Give when a send of an earlier ask can no longer be under way, None when there was none.

        wait: call timeout + search lag.  A newer ask makes the row due at once though the send before it may have
        ended without an answer; upserts do not commute.  A store that went back forgot what was under way then.
        """
        earlier = self.asked_at if len(self.asks) > 1 else None
        return max((at + wait for at in (earlier, went_back_at) if at is not None), default=None)


def fold(history: Iterable[Recorded]) -> Supplier:
    """Give the state after a history."""
    state = Supplier()
    for recorded in history:
        before, state = state, evolve(state, recorded.event)
        if len(state.asks) > len(before.asks):
            state = msgspec.structs.replace(state, asked_at=recorded.meta.recorded_at)
        if isinstance(recorded.event, SupplierConfirmed):
            state = msgspec.structs.replace(state, confirmed_at=recorded.meta.recorded_at)
    return state


def evolve(state: Supplier, event: Event) -> Supplier:
    """Give the state after one more event; the gate opens and shuts exactly as `domain.routing` says."""
    state = msgspec.structs.replace(state, version=state.version + 1)
    if isinstance(event, _SEEN):
        return msgspec.structs.replace(
            state,
            content=event.content,
            asks=(*state.asks, state.version) if event.to_send else state.asks,
            ever_sent=state.ever_sent or event.to_send,
            gate_open=state.gate_open and event.content.active,
        )
    if isinstance(event, SupplierConfirmed):
        state = _settled(state, event.of_version)
        return msgspec.structs.replace(state, confirmed=event, refused=None, gate_open=event.opens_gate)
    if isinstance(event, SupplierRefused):
        return msgspec.structs.replace(_settled(state, event.of_version), confirmed=None, refused=event)
    if isinstance(event, SupplierRetryOrdered):
        return msgspec.structs.replace(state, asks=(*state.asks, state.version), retry_ordered=True)
    return state


def _settled(state: Supplier, of_version: int) -> Supplier:
    return msgspec.structs.replace(
        state,
        asks=tuple(version for version in state.asks if version > of_version),
        settled=max(state.settled, of_version),
        retry_ordered=False,
    )
