"""What every act shares: the log, the connection, the person, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from actors.settle import Decide, settle
from domain.errors import RefusedError
from domain.event import Append
from domain.identifiers import stream_id
from domain.ports import EventLog
from domain.ports.store import Causes


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act of a person on one connection.

    settle_infor: Infor's settle window, before whose end nobody may call a handed-over posting absent.
    """

    log: EventLog
    connection: UUID
    person: str
    reason: str
    settle_infor: timedelta = timedelta(minutes=15)

    def stream(self, kind: str, natural_key: str) -> UUID:
        """Give the id of one of the connection's streams."""
        return stream_id(self.connection, kind, natural_key)

    def settle(self, streams: Sequence[UUID], decide: Decide) -> Sequence[Append]:
        """Append what `decide` says, by compare-and-set; give what was appended."""
        return settle(self.log, streams, decide, causes=self.causes())

    def refuse_while_held(self) -> None:
        """Refuse a word about what M3 shows while a store that went back in time waits for what it forgot to arrive.

        Raises RefusedError: nobody can see yet what M3 will show.
        """
        until = self.log.hold_until()
        if until is not None:
            text = (
                "the store went back in time, and what it sent and forgot may still reach M3 until "
                f"{until.isoformat(timespec='seconds')}: look there after that, then say it"
            )
            raise RefusedError(text, code="TOO_EARLY")

    def causes(self) -> Causes:
        """Name what its appends belong to."""
        return Causes(connection=self.connection, correlation_id=f"act-{uuid4().hex}", actor=self.person)
