"""Facts about a connection; one stream per pinned identity."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.event import Event, topic
from domain.identifiers import PinnedIdentity


@topic
class ConnectionAdded(Event, frozen=True, kw_only=True):
    """A person added the connection and pinned its identity, or took a removed one up again."""

    TOPIC: ClassVar[str] = "connection.added/1"
    name: str
    identity: PinnedIdentity
    divisions: tuple[str, ...]


@topic
class CredentialsImported(Event, frozen=True, kw_only=True):
    """Credentials were stored encrypted; only a fingerprint is kept here. system: infor or avidxchange."""

    TOPIC: ClassVar[str] = "connection.credentials-imported/1"
    system: str
    fingerprint: str


@topic
class CredentialsRotated(Event, frozen=True, kw_only=True):
    """Credentials were replaced by newer ones of the same identity."""

    TOPIC: ClassVar[str] = "connection.credentials-rotated/1"
    system: str
    fingerprint: str


@topic
class ConnectionPaused(Event, frozen=True, kw_only=True):
    """A person paused the connection; nothing is polled or sent until it is resumed."""

    TOPIC: ClassVar[str] = "connection.paused/1"
    person: str
    reason: str
    until: datetime | None = None


@topic
class ConnectionResumed(Event, frozen=True, kw_only=True):
    """A person resumed the connection."""

    TOPIC: ClassVar[str] = "connection.resumed/1"
    person: str


@topic
class ConnectionRemoved(Event, frozen=True, kw_only=True):
    """A person removed the connection: nothing is polled or sent for it; `ConnectionAdded` may take it up again."""

    TOPIC: ClassVar[str] = "connection.removed/1"
    person: str
    reason: str


@topic
class NothingBookedByHand(Event, frozen=True, kw_only=True):
    """Who took a removed connection up again vouches that nobody booked a payment of it in Infor meanwhile."""

    TOPIC: ClassVar[str] = "connection.nothing-booked-by-hand/1"
    person: str


@topic
class RemotesTested(Event, frozen=True, kw_only=True):
    """`connection test` reached both sides."""

    TOPIC: ClassVar[str] = "connection.remotes-tested/1"
    infor_company: int
    avidxchange_systems: tuple[str, ...]
    missing_transactions: tuple[str, ...]


@topic
class SettingsChanged(Event, frozen=True, kw_only=True):
    """The settings in force differ from the last ones recorded.

    diff: one line per key, `key: before -> after`; settings: all of them, by key (there are no secrets among them).
    """

    TOPIC: ClassVar[str] = "connection.settings-changed/1"
    digest: str
    diff: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()


@topic
class StoreWentBack(Event, frozen=True, kw_only=True):
    """The store is another incarnation or shorter than its checkpoint: money writes are held until `hold_until`."""

    TOPIC: ClassVar[str] = "connection.store-went-back/1"
    incarnation: UUID
    noticed_at: datetime
    hold_until: datetime
    detail: str


@topic
class RestorePointDeclared(Event, frozen=True, kw_only=True):
    """A person said which moment's state the store was set back to; what was recorded since may be forgotten, too."""

    TOPIC: ClassVar[str] = "connection.restore-point-declared/1"
    person: str
    reason: str
    set_back_to: datetime


@topic
class ForgottenInvoicesSought(Event, frozen=True, kw_only=True):
    """After the store went back, AvidXchange's changed invoices were read again.

    forgotten: ExternalIds of ours that are live there and that Infor has not named to this store, sorted; cleared:
    those of the last such fact that are so no more; complete: the poll began after the hold, so that whatever was
    under way when the store went back is among what it read.
    """

    TOPIC: ClassVar[str] = "connection.forgotten-invoices-sought/1"
    forgotten: tuple[str, ...]
    cleared: tuple[str, ...] = ()
    complete: bool = True


@topic
class FirstPostingApproved(Event, frozen=True, kw_only=True):
    """A person confirmed that M3 booked the first posting as wished; the others may follow."""

    TOPIC: ClassVar[str] = "connection.first-posting-approved/1"
    person: str
    reason: str


@topic
class FirstPostingChosen(Event, frozen=True, kw_only=True):
    """This posting goes first; with `first_posting = confirm` every other waits until a person approves it."""

    TOPIC: ClassVar[str] = "connection.first-posting-chosen/1"
    posting: str


@topic
class DeadLetterFound(Event, frozen=True, kw_only=True):
    """The broker gave a message up; no work is lost by it, what is due is rung again.

    queue: where it lay; cause: unreadable, unknown-errand, too-many-deliveries or rejected; text: what it said, cut.
    """

    TOPIC: ClassVar[str] = "dead-letter.found/1"
    queue: str
    cause: str
    text: str
