"""Facts about a ledger code; one stream per CONO|AITP|AITM."""

from datetime import date
from typing import ClassVar

import msgspec

from domain.event import Event, topic


class CodeFact(msgspec.Struct, frozen=True, kw_only=True):
    """One row of CRS630MI: a division's (blank = the company's) word on a code value."""

    division: str
    description: str
    blocked: bool
    valid_from: date | None = None
    valid_to: date | None = None


class CodeContent(msgspec.Struct, frozen=True, kw_only=True):
    """A code as AvidXchange knows it, with the facts it was derived from.

    dimension: 1 = GL account, 2..7 the customer's; group: the code group at AvidXchange;
    active: open on the day it was read in any configured division or company wide.
    """

    company: int
    dimension: int
    value: str
    group: str
    description: str
    active: bool
    facts: tuple[CodeFact, ...] = ()


@topic
class LedgerCodeRecorded(Event, frozen=True, kw_only=True):
    """A code was seen for the first time; `to_send` is False while it was never active."""

    TOPIC: ClassVar[str] = "ledger-code.recorded/1"
    content: CodeContent
    to_send: bool


@topic
class LedgerCodeChanged(Event, frozen=True, kw_only=True):
    """The code's description changed, it was opened again, or the store went back in time and it is sent anew."""

    TOPIC: ClassVar[str] = "ledger-code.changed/1"
    content: CodeContent
    to_send: bool


@topic
class LedgerCodeBlocked(Event, frozen=True, kw_only=True):
    """The code is blocked, out of its validity, or gone from Infor."""

    TOPIC: ClassVar[str] = "ledger-code.blocked/1"
    content: CodeContent
    to_send: bool


@topic
class LedgerCodeConfirmed(Event, frozen=True, kw_only=True):
    """AvidXchange holds the code as we know it."""

    TOPIC: ClassVar[str] = "ledger-code.confirmed/1"
    key: str
    digest: str
    of_version: int
    opens_gate: bool


@topic
class LedgerCodeRefused(Event, frozen=True, kw_only=True):
    """The code was refused, or (with `verify`) differs at AvidXchange, which shuts the gate for it."""

    TOPIC: ClassVar[str] = "ledger-code.refused/1"
    key: str
    code: str
    text: str
    of_version: int
    field: str = ""
    limit: int | None = None
    length: int | None = None
    shuts_gate: bool = False


@topic
class LedgerCodeRetryOrdered(Event, frozen=True, kw_only=True):
    """A person asked to send the code again."""

    TOPIC: ClassVar[str] = "ledger-code.retry-ordered/1"
    person: str
    reason: str


@topic
class LedgerCodesListed(Event, frozen=True, kw_only=True):
    """Infor's list of a dimension's values changed; one stream per CONO|AITP, so that a vanished value is noticed."""

    TOPIC: ClassVar[str] = "ledger-code.listed/1"
    dimension: int
    added: tuple[str, ...]
    gone: tuple[str, ...]


@topic
class LedgerCodesOnlyThere(Event, frozen=True, kw_only=True):
    """AvidXchange has these codes of a group as active, and Infor does not list them (with `verify`); () ends it."""

    TOPIC: ClassVar[str] = "ledger-code.only-there/1"
    dimension: int
    group: str
    values: tuple[str, ...]
