"""How a remote's answer to a write is judged: one verdict, in the words of the doubt protocol."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What is known after a write was tried."""

    NOT_SENT = "not sent"  # nothing was processed, for certain: re-opens
    REFUSED = "refused"  # the remote said no, for certain
    CONFIRMED = "confirmed"  # the remote's receipt
    DOUBT = "doubt"  # everything else


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is longer (or larger) than the remote takes, found before sending."""

    field: str
    limit: int
    length: int

    def __str__(self) -> str:
        """Say it in one clause."""
        return f"{self.field} has {self.length} characters, at most {self.limit} are taken"


class RecordAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one record of a write; `item_id` and `status` are the remote's when confirmed.

    to_mend: as of the call that carried it.
    """

    verdict: Verdict
    item_id: str = ""
    status: str = ""
    code: str = ""
    text: str = ""
    field: str = ""
    to_mend: bool = False


class CallAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a whole call, and on each record by its key.

    records holds an entry per record sent when `verdict` is CONFIRMED (unmatched ones as DOUBT); it is empty when
    the call as a whole was not sent, refused or doubted. retry_after: seconds, when the remote said so; to_mend: it
    was not sent for want of rights, credentials or the right address, which a person must mend.
    """

    verdict: Verdict
    records: dict[str, RecordAnswer] = {}
    code: str = ""
    text: str = ""
    retry_after: float | None = None
    to_mend: bool = False
