"""What a poll keeps for the next one: where it begins, and which records could not be read so far.

M3 answers with codes that differ per tenant, and some mean "locked, later": a record with a code we do not know is read
again by the next polls, `locked_retry` apart, and is said only when it could not be read in `locked_tries` of them.
What was said and is read well after all is said, too.
"""

import msgspec

AT_MOST = 500  # unread records carried to the next poll


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """at: where the next poll begins ("" = from the start); unread: how often each record was tried so far."""

    at: str = ""
    unread: dict[str, int] = {}

    @classmethod
    def read(cls, text: str) -> "Mark":
        """Read what `str` wrote; "" is the beginning."""
        return msgspec.json.decode(text, type=cls) if text.startswith("{") else cls(text)

    def __str__(self) -> str:
        """Where it begins alone, or JSON when records are carried along."""
        return msgspec.json.encode(self).decode() if self.unread else self.at


class Unread:
    """The records that a poll cannot read, by what the polls before it left unread."""

    def __init__(self, before: dict[str, int], *, tries: int) -> None:
        self.before = before
        self._most = tries
        self._said: dict[str, tuple[str, bool]] = {}
        self._read: set[str] = set()

    def note(self, record: str, text: str, *, may_pass: bool) -> None:
        """This record could not be read; may_pass: it may be locked only."""
        self._said[record] = (text, may_pass)

    def read(self, record: str) -> None:
        """This record was read well, as far as it was asked for; a `note` of it weighs more."""
        if record in self.before:
            self._read.add(record)

    @property
    def to_say(self) -> dict[str, str]:
        """Give what is to be said of records: those that cannot be read for certain, or were tried often enough."""
        return {r: text for r, (text, may_pass) in self._said.items() if not (may_pass and self._may_wait(r))}

    @property
    def read_after_all(self) -> tuple[str, ...]:
        """Name what earlier polls could not read and this one could."""
        return tuple(sorted(self._read - self._said.keys()))

    @property
    def waits(self) -> bool:
        """Whether a record is to be tried again soon."""
        return any(may_pass and self._may_wait(record) for record, (_, may_pass) in self._said.items())

    @property
    def after(self) -> dict[str, int]:
        """Give the tries of what is unread now; what this poll did not look at keeps its count."""
        left = {record: tries for record, tries in self.before.items() if record not in self.read_after_all}
        left |= {record: min(self._tries(record), self._most) for record in self._said}
        return dict(list(left.items())[:AT_MOST])

    def _tries(self, record: str) -> int:
        return self.before.get(record, 0) + 1

    def _may_wait(self, record: str) -> bool:
        return self._tries(record) < self._most
