"""Looks at what stands every so often and tells it, in a thread of its own: a relay's round never waits for it."""

import logging
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from domain.errors import MisconfiguredError, TieoutError, TransientError
from domain.ports.alerts import AlertBook
from tieout.alerts.standing import Alert
from tieout.alerts.telling import Message, back_off, message, moves

if TYPE_CHECKING:
    from tieout.wiring import Deployment

LOOK_EVERY = timedelta(seconds=30)
LEASE = timedelta(minutes=5)  # longer than any sender takes, so that nobody else tells the same meanwhile
MOST_AT_ONCE = 50  # alerts in one message
STOP_SECONDS = 5.0
_LOG = logging.getLogger(__name__)


class Sender(Protocol):
    """One channel: `name` says which, in the book and in the commands."""

    @property
    def name(self) -> str:
        """The channel."""

    def send(self, told: Message) -> None:
        """Send one message. Raises TransientError when nobody confirmed that it was taken."""

    def close(self) -> None:
        """Let connections go."""


class Watch:
    """The alerts of one process. look: what stands at a time; several processes share one book."""

    def __init__(
        self,
        look: Callable[[datetime], Mapping[str, Alert]],
        book: AlertBook,
        senders: Sequence[Sender],
        *,
        every: timedelta = LOOK_EVERY,
    ) -> None:
        self._look, self._book, self._senders, self._every = look, book, senders, every
        self._next: datetime | None = None
        self._thread: threading.Thread | None = None

    def round(self, now: datetime) -> None:
        """Begin to look and tell when it is time and nobody of this process is at it; returns at once."""
        if not self._senders or (self._next is not None and now < self._next) or self.is_busy:
            return
        self._next = now + self._every
        self._thread = threading.Thread(target=self._quietly, args=(now,), name="alerts", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether a look is under way."""
        return self._thread is not None and self._thread.is_alive()

    def look_and_tell(self, now: datetime) -> None:
        """Do one look: note what stands, then tell what is due, channel by channel. Raises StoreError."""
        channels = [sender.name for sender in self._senders]
        self._book.move(moves(self._book.entries(), self._look(now), channels, now=now), now=now)
        for sender in self._senders:
            while self._tell(sender, now):
                pass

    def close(self) -> None:
        """Wait a moment for a look under way, then let the senders go."""
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        for sender in self._senders:
            sender.close()

    def _tell(self, sender: Sender, now: datetime) -> bool:
        """Send one message; tell whether there may be more to say."""
        claimed = self._book.claim(sender.name, now=now, lease=LEASE, limit=MOST_AT_ONCE)
        if not claimed:
            return False
        try:
            sender.send(message(claimed, now=now))
        except TransientError as error:
            # Verdict: retry later; the alerts stay in the book, and every other channel goes on.
            until = now + back_off(max(entry.attempts for entry in claimed))
            self._book.failed(claimed, until=until, text=str(error))
            _LOG.warning("alerts by %s: %s; the next try is at %s", sender.name, error, until.isoformat())
            return False
        self._book.delivered(claimed)
        return True

    def _quietly(self, now: datetime) -> None:
        try:
            self.look_and_tell(now)
        except TieoutError as error:
            # Verdict: retry with the next look; alerts must never stop what they watch.
            _LOG.warning("alerts: %s", error)
        except Exception:  # noqa: BLE001 (verdict: likewise retry; what nobody foresaw is logged whole)
            _LOG.exception("alerts: an unexpected fault")


_WATCHES: "weakref.WeakKeyDictionary[Deployment, Watch]" = weakref.WeakKeyDictionary()


def watch(deployment: "Deployment", now: datetime) -> None:
    """Call this in every round of a relay: looks every 30 seconds, in the background; returns at once, never raises."""
    found = _WATCHES.get(deployment)
    if found is None:
        found = _WATCHES[deployment] = _made(deployment)
    found.round(now)


def end_watch(deployment: "Deployment") -> None:
    """Let a deployment's watch go; its `close` calls this."""
    found = _WATCHES.pop(deployment, None)
    if found is not None:
        found.close()


def _made(deployment: "Deployment") -> Watch:
    from tieout.wiring.alerting import alert_book, watch_of

    try:
        return watch_of(deployment)
    except MisconfiguredError as error:
        # Verdict: stop telling, but nothing else; `tieout doctor` says so too, and the next start tries again.
        _LOG.error("alerts are off: %s", error)
        return Watch(lambda _: {}, alert_book(deployment), ())
