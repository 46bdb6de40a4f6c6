"""What M3 REST answers, taken apart: rows, a business refusal, a hard termination, or not processed at all."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError

BUSINESS_ERROR = "ServerReturnedNOK"
LONGEST_TEXT = 200
LONGEST_COUNT = 9  # digits


class Kind(StrEnum):
    """What became of one transaction."""

    ROWS = "rows"
    REFUSED = "refused"  # a business error: certain that nothing was written
    TERMINATED = "terminated"  # M3 would not even run it
    SKIPPED = "not processed"  # stood behind a terminated one
    MISSING = "no result"  # the answer ended before it: nothing is known
    BROKEN = "broken off"  # processing ended at it and the answer does not say how: nothing is known


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction's outcome; code: errorCode or the kind of termination, text: errorMessage trimmed."""

    kind: Kind
    rows: tuple[dict[str, str], ...] = ()
    code: str = ""
    field: str = ""
    text: str = ""


class Termination(msgspec.Struct, frozen=True):
    """The hard end of a whole request (HTTP 400); kind is "" when the body said nothing."""

    kind: str
    text: str


class _Result(msgspec.Struct, rename="camel"):
    transaction: str | None = None
    records: list[dict[str, str | int | None]] | None = None
    error_message: str | None = None
    error_type: str | None = None
    error_code: str | None = None
    error_field: str | None = None
    not_processed: bool | str | None = None


class _Answer(msgspec.Struct, rename="camel"):
    results: list[_Result] | None = None
    was_terminated: bool | str | None = None
    termination_reason: str | None = None
    termination_error_type: str | None = None
    nr_of_failed_transactions: int | str | None = None


_decoder = msgspec.json.Decoder(_Answer)
_SKIPPED = Outcome(kind=Kind.SKIPPED)
_MISSING = Outcome(kind=Kind.MISSING)


def read_answer(body: bytes, asked: Sequence[str]) -> list[Outcome]:
    """Read the answer to the transactions `asked` (their names, in order), one outcome for each.

    Raises MalformedError when it is no answer of M3, holds too many results or those of other transactions.
    """
    answer = _decode(body)
    if answer is None or answer.results is None:
        raise MalformedError("Infor's answer is no answer of M3 REST")
    results = answer.results
    if len(results) > len(asked):
        raise MalformedError(f"Infor gave {len(results)} results for {len(asked)} transactions")
    for name, result in zip(asked, results, strict=False):
        if result.transaction is not None and result.transaction.strip().lower() != name.lower():
            raise MalformedError("Infor's results are not in the order of the request")
    outcomes = [_outcome(result, answer) for result in results]
    if _is_true(answer.was_terminated):
        _mark_broken(outcomes)
    _check_failures(answer, outcomes)
    return outcomes + [_MISSING] * (len(asked) - len(results))


def read_termination(body: bytes) -> Termination:
    """Read the body of an HTTP 400, which may be empty or no JSON at all."""
    answer = _decode(body)
    if answer is None:
        return Termination("", "")
    return Termination((answer.termination_error_type or "").strip(), trimmed(answer.termination_reason))


def trimmed(message: str | None) -> str:
    """Take the padding out of a message and bound its length."""
    return " ".join((message or "").split())[:LONGEST_TEXT]


def _decode(body: bytes) -> _Answer | None:
    try:
        return _decoder.decode(body)
    except UNREADABLE:
        return None  # the caller's verdict: unreadable


def _outcome(result: _Result, answer: _Answer) -> Outcome:
    if _is_true(result.not_processed):
        return _SKIPPED
    kind = (result.error_type or "").strip()
    code = (result.error_code or "").strip()
    text = trimmed(result.error_message)
    if not (kind or code or text):
        records = result.records or []
        return Outcome(kind=Kind.ROWS, rows=tuple(_texts(record) for record in records))
    field = (result.error_field or "").strip()
    if kind == BUSINESS_ERROR or code or not _is_true(answer.was_terminated):
        return Outcome(kind=Kind.REFUSED, code=code or kind or "NOK", field=field, text=text)
    kind = kind or (answer.termination_error_type or "").strip() or "Terminated"
    text = text or trimmed(answer.termination_reason)
    return Outcome(kind=Kind.TERMINATED, code=kind, field=field, text=text)


def _mark_broken(outcomes: list[Outcome]) -> None:
    """Where no result owns up to the termination, the last one that was begun and shows nothing is in doubt."""
    if any(outcome.kind is Kind.TERMINATED for outcome in outcomes):
        return
    begun = [place for place, outcome in enumerate(outcomes) if outcome.kind is not Kind.SKIPPED]
    if begun and outcomes[begun[-1]].kind is Kind.ROWS and not outcomes[begun[-1]].rows:
        outcomes[begun[-1]] = Outcome(kind=Kind.BROKEN)


def _check_failures(answer: _Answer, outcomes: list[Outcome]) -> None:
    """Believe no success when M3 counts more failures than its results show."""
    told = str(answer.nr_of_failed_transactions or 0).strip()
    shown = sum(outcome.kind is not Kind.ROWS for outcome in outcomes)
    if not (told.isdecimal() and len(told) <= LONGEST_COUNT) or int(told) > shown:
        raise MalformedError("Infor counts more failed transactions than its results show")


def _texts(record: dict[str, str | int | None]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in record.items()}


def _is_true(flag: bool | str | None) -> bool:  # noqa: FBT001 (a JSON flag, which may come as text)
    return flag is True or (isinstance(flag, str) and flag.strip().lower() == "true")
