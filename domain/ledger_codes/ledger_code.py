"""A ledger code as its history tells it: what Infor says, what AvidXchange holds, what is still to be sent."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import digest
from domain.ledger_codes.events import (
    CodeContent,
    LedgerCodeBlocked,
    LedgerCodeChanged,
    LedgerCodeConfirmed,
    LedgerCodeRecorded,
    LedgerCodeRefused,
    LedgerCodeRetryOrdered,
    LedgerCodesListed,
    LedgerCodesOnlyThere,
)

_SEEN = LedgerCodeRecorded | LedgerCodeChanged | LedgerCodeBlocked


class LedgerCode(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger code's state.

    asks: versions of the events since the last settled outcome that ask for a send, the newest was recorded at
    `asked_at`; asked_digest: digest of the newest content that was asked to be sent, "" when none ever was;
    confirmed: the last agreement, of `confirmed_at` (without a digest when only `verify` compared it), None once a
    later refusal made what AvidXchange holds uncertain;
    refused: the last outcome when it was a refusal or a difference; gate_open: invoices may name the code.
    """

    version: int = 0
    content: CodeContent | None = None
    asks: tuple[int, ...] = ()
    asked_at: datetime | None = None
    asked_digest: str = ""
    retry_ordered: bool = False
    settled: int = 0
    confirmed: LedgerCodeConfirmed | None = None
    confirmed_at: datetime | None = None
    refused: LedgerCodeRefused | None = None
    gate_open: bool = False

    @property
    def gate_reason(self) -> str:
        """Why the gate is shut, in one word for the hold; "" when it is open."""
        if self.gate_open:
            return ""
        if self.content is None:
            return "CODE_UNKNOWN"
        if not self.content.active:
            return "CODE_BLOCKED"
        return "CODE_REFUSED" if self.refused is not None else "CODE_NOT_CONFIRMED"

    def may_be_other(self, went_back_at: datetime | None) -> bool:
        """Whether AvidXchange may hold it otherwise than this log says: a store that went back forgot what it sent.

        went_back_at: when it did, None when it never did; what was asked for since then is sent anew.
        """
        return went_back_at is not None and (self.asked_at is None or self.asked_at <= went_back_at)

    def known_digest(self, went_back_at: datetime | None = None) -> str:
        """Give the digest of the record AvidXchange holds for certain, "" when nobody can be sure."""
        certain = self.confirmed is not None and len(self.asks) <= 1 and not self.retry_ordered
        forgotten = went_back_at is not None and (self.confirmed_at is None or self.confirmed_at <= went_back_at)
        return self.confirmed.digest if certain and self.confirmed is not None and not forgotten else ""

    def quiet_from(self, wait: timedelta, went_back_at: datetime | None = None) -> datetime | None:
        """Give when a send of an earlier ask can no longer be under way, None when there was none.

        wait: call timeout + search lag (a newer ask makes the row due at once; upserts do not commute).  A store that
        went back forgot what was under way then.
        """
        earlier = self.asked_at if len(self.asks) > 1 else None
        return max((at + wait for at in (earlier, went_back_at) if at is not None), default=None)


def fold(history: Iterable[Recorded]) -> LedgerCode:
    """Give the state after a history."""
    state = LedgerCode()
    for recorded in history:
        before, state = state, evolve(state, recorded.event)
        if len(state.asks) > len(before.asks):
            state = msgspec.structs.replace(state, asked_at=recorded.meta.recorded_at)
        if isinstance(recorded.event, LedgerCodeConfirmed):
            state = msgspec.structs.replace(state, confirmed_at=recorded.meta.recorded_at)
    return state


def evolve(state: LedgerCode, event: Event) -> LedgerCode:
    """Give the state after one more event; the gate opens and shuts exactly as `domain.routing` says."""
    state = msgspec.structs.replace(state, version=state.version + 1)
    if isinstance(event, _SEEN):
        return msgspec.structs.replace(
            state,
            content=event.content,
            asks=(*state.asks, state.version) if event.to_send else state.asks,
            asked_digest=code_digest(event.content) if event.to_send else state.asked_digest,
            gate_open=state.gate_open and event.content.active,
        )
    if isinstance(event, LedgerCodeConfirmed):
        state = _settled(state, event.of_version)
        return msgspec.structs.replace(state, confirmed=event, refused=None, gate_open=event.opens_gate)
    if isinstance(event, LedgerCodeRefused):
        state = _settled(state, event.of_version)
        gate_open = state.gate_open and not event.shuts_gate
        return msgspec.structs.replace(state, confirmed=None, refused=event, gate_open=gate_open)
    if isinstance(event, LedgerCodeRetryOrdered):
        return msgspec.structs.replace(state, asks=(*state.asks, state.version), retry_ordered=True)
    return state


def code_digest(content: CodeContent) -> str:
    """Digest of what is sent of a code: group, value, description, whether it is active; never the facts behind."""
    return digest("\n".join((content.group, content.value, content.description, str(content.active))).encode())


def listed_values(history: Iterable[Recorded]) -> frozenset[str]:
    """Give the values Infor listed last, from the stream of a dimension's `LedgerCodesListed`."""
    values: set[str] = set()
    for recorded in history:
        if isinstance(recorded.event, LedgerCodesListed):
            values.update(recorded.event.added)
            values.difference_update(recorded.event.gone)
    return frozenset(values)


def values_only_there(history: Iterable[Recorded]) -> tuple[str, ...]:
    """Give the values that only AvidXchange had when it was compared last."""
    values: tuple[str, ...] = ()
    for recorded in history:
        if isinstance(recorded.event, LedgerCodesOnlyThere):
            values = recorded.event.values
    return values


def _settled(state: LedgerCode, of_version: int) -> LedgerCode:
    return msgspec.structs.replace(
        state,
        asks=tuple(version for version in state.asks if version > of_version),
        settled=max(state.settled, of_version),
        retry_ordered=False,
    )
