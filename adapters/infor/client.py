"""Calls M3 REST: one transaction by GET, up to a hundred by POST, with a token that is fresh when it is needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from adapters.http import Remote, Reply, Request, with_query
from adapters.infor.answers import Kind, Outcome, read_answer, read_termination
from adapters.infor.auth import Token, TokenDesk, read_token
from adapters.infor.capabilities import BULK_TRANSACTIONS, Transaction
from adapters.infor.errors import (
    BAD_REQUEST,
    FIELD_TOO_LONG,
    NO_COMPANY,
    NOTHING_FOUND,
    OK,
    TRANSACTION_MISSING,
    UNAUTHORIZED,
    check_read,
    no_company,
)
from adapters.infor.ionapi import Credentials
from adapters.infor.settings import InforSettings
from domain.errors import MalformedError, RefusedError, TransientError
from domain.ports.store import Clock

FIELD_REQUIRED = "FIELD_REQUIRED"
_REST = "/M3/m3api-rest/v2/execute"

Record = Mapping[str, str]
T = TypeVar("T")


class TransactionMissingError(RefusedError):
    """The tenant does not have the transaction."""


class _Call(msgspec.Struct, rename="camel"):
    transaction: str
    record: dict[str, str]


class _Bulk(msgspec.Struct, rename="camel"):
    program: str
    cono: int
    divi: str
    max_returned_records: int
    transactions: list[_Call]


class Client:
    """M3 REST of one tenant and company. Thread-safe."""

    def __init__(self, credentials: Credentials, settings: InforSettings, *, remote: Remote, clock: Clock) -> None:
        self.remote = remote
        self.settings = settings
        self.base = credentials.tenant_url
        seconds = settings.call_timeout_seconds
        self.tokens = TokenDesk(credentials, ask=self._ask_token, monotonic=clock.monotonic, call_seconds=seconds)
        self._longest_pages: dict[str, int] = {}  # a tenant's cap is at least that; a lost update costs a call

    def list_rows(
        self,
        transaction: Transaction,
        values: Record,
        *,
        division: str = "",
        rows: int = 0,
        columns: Sequence[str] = (),
    ) -> tuple[dict[str, str], ...]:
        """Call one transaction by GET; () when nothing is found. rows: maxrecs, 0 = as many as the tenant gives.

        Raises RefusedError (TransactionMissingError among them), MisconfiguredError, MalformedError, TransientError.
        """
        record = self.record(transaction, values)
        options = {"cono": str(self.settings.company), "divi": division, "maxrecs": str(rows)}
        if columns:
            options["returncols"] = ",".join(columns)
        options |= {"dateformat": "YMD8", "excludeempty": "false", "righttrim": "true"}
        url = with_query(f"{self.base}{_REST}/{transaction.path}", [*record.items(), *options.items()])
        outcome = self.read("GET", url, lambda reply: _one(reply, transaction), what=transaction.path)
        return self.rows_of(outcome, transaction)

    def walk(
        self, transaction: Transaction, values: Record, *, position: str, key: str, columns: Sequence[str] = ()
    ) -> Iterator[tuple[dict[str, str], ...]]:
        """List by key, a page at a time, and trust no short page: go on from the last key until nothing is new."""
        seen: set[str] = set()
        start: dict[str, str] = {}
        asked = self.settings.assumed.page_rows
        while True:
            rows = self.list_rows(transaction, {**values, **start}, rows=asked, columns=columns)
            fresh = tuple(row for row in rows if row.get(key, "").strip() not in seen)
            seen.update(row.get(key, "").strip() for row in fresh)
            if fresh:
                yield fresh
            if not fresh or self.is_last(transaction, len(rows), asked=asked):
                return
            start = {position: rows[-1].get(key, "").strip()}

    def ends(self, count: int, *, asked: int) -> bool:
        """Tell whether a page of so many rows is certainly the last: a tenant's cap is a round number."""
        return count == 0 or (count % self.settings.assumed.round_rows != 0 and not 0 < asked <= count)

    def may_be_cut(self, transaction: Transaction, count: int) -> bool:
        """Tell whether a list that cannot be gone on with may be cut: a round number of rows, and none longer yet."""
        longest = max(count, self._longest_pages.get(transaction.path, 0))
        self._longest_pages[transaction.path] = longest
        return count == longest and not self.ends(count, asked=0)

    def is_last(self, transaction: Transaction, count: int, *, asked: int) -> bool:
        """Tell like `ends`, trusting no cap to be round: only a page shorter than one seen before is the last."""
        longest = self._longest_pages.get(transaction.path, 0)
        self._longest_pages[transaction.path] = max(longest, count)
        return self.ends(count, asked=asked) and (count == 0 or count < longest)

    def bulk(self, transaction: Transaction, records: Sequence[Record]) -> list[Outcome]:
        """Call one transaction on many records; an outcome each, in order: rows, refused or terminated.

        A record M3 terminates on is set aside and those behind it are asked again. Raises like `list_rows`, but
        a refusal of one record is its outcome.
        """
        outcomes: dict[int, Outcome] = {}
        calls: dict[int, _Call] = {}
        for place, values in enumerate(records):
            try:
                calls[place] = _Call(transaction.name, self.record(transaction, values))
            except RefusedError as refused:
                outcomes[place] = Outcome(kind=Kind.REFUSED, code=refused.code, field=refused.field, text=str(refused))
        waiting = list(calls)
        while waiting:
            given = self._chunk(transaction, {place: calls[place] for place in waiting[:BULK_TRANSACTIONS]})
            if not given:
                raise MalformedError(f"Infor gave no result for {transaction.path}", record=transaction.path)
            outcomes |= given
            waiting = [place for place in waiting if place not in given]
        return [outcomes[place] for place in range(len(records))]

    def record(self, transaction: Transaction, values: Record) -> dict[str, str]:
        """Write a record: CONO where the transaction lists it, nothing over its length, nothing mandatory blank."""
        record = {"CONO": str(self.settings.company)} if "CONO" in transaction.fields else {}
        record |= values
        for name, value in record.items():
            limit = transaction.fields[name]
            if len(value) > limit:
                text = f"{transaction.path}: {name} has {len(value)} characters, at most {limit} are taken"
                raise RefusedError(text, code=FIELD_TOO_LONG, field=name)
        for name in sorted(transaction.mandatory):
            if not record.get(name, "").strip():
                raise RefusedError(f"{transaction.path}: {name} is blank", code=FIELD_REQUIRED, field=name)
        return record

    def rows_of(self, outcome: Outcome, transaction: Transaction) -> tuple[dict[str, str], ...]:
        """Give an outcome's rows, () when nothing was found; raises what every other outcome means."""
        if outcome.kind is Kind.ROWS or outcome.code in NOTHING_FOUND:
            return outcome.rows
        if outcome.code == NO_COMPANY:
            raise no_company(self.settings.company)
        text = f"Infor refused {transaction.path}: {outcome.text or outcome.code or outcome.kind.value}"
        raise RefusedError(text, code=outcome.code or outcome.kind.value, field=outcome.field)

    def read(self, method: str, url: str, decode: Callable[[Reply], T], *, what: str, body: bytes | None = None) -> T:
        """Send a read with a token; after a 401 once more with a fresh one. `decode` sees status 200 and 400 only.

        Its MalformedError means an unreadable answer (a log-in page, cut JSON), which is asked for again.
        """
        decoded: list[T] = []

        def accept(reply: Reply) -> None:
            if reply.status in (OK, BAD_REQUEST):
                decoded[:] = [_readable(reply, decode, what)]

        token = self.tokens.current()
        reply = self.remote.read(self.request(method, url, token, body, label=what), accept=accept)
        if reply.status == UNAUTHORIZED:
            self.tokens.drop(token)
            again = self.request(method, url, self.tokens.current(), body, label=what)
            reply = self.remote.read(again, accept=accept)
        check_read(reply, what=what)
        return decoded[0]

    def request(self, method: str, url: str, token: Token, body: bytes | None = None, *, label: str) -> Request:
        """Write a request with its bearer token; label: what it does (see `Request`)."""
        headers = {"Authorization": f"Bearer {token.value}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Request(method=method, url=url, headers=headers, body=body, label=label)

    def bulk_url(self) -> str:
        """Where bulks are posted."""
        return f"{self.base}{_REST}"

    def bulk_body(self, program: str, calls: Sequence[tuple[str, Record]]) -> bytes:
        """Write a bulk of (transaction name, record)."""
        transactions = [_Call(name, dict(record)) for name, record in calls]
        return msgspec.json.encode(_Bulk(program, self.settings.company, "", 0, transactions))

    def _chunk(self, transaction: Transaction, calls: dict[int, _Call]) -> dict[int, Outcome]:
        """Call up to a hundred; give the outcomes that are known. A request refused whole is halved."""
        names = [call.transaction for call in calls.values()]
        body = self.bulk_body(transaction.program, [(call.transaction, call.record) for call in calls.values()])
        answered = self.read(
            "POST", self.bulk_url(), lambda reply: _many(reply, names), what=transaction.path, body=body
        )
        if isinstance(answered, Outcome):
            return self._refused_whole(transaction, calls, answered)
        known = {
            place: outcome
            for place, outcome in zip(calls, answered, strict=True)
            if outcome.kind not in (Kind.SKIPPED, Kind.MISSING)
        }
        for outcome in known.values():
            if outcome.code == NO_COMPANY:
                raise no_company(self.settings.company)
            _check_exists(outcome, transaction)
        return known

    def _refused_whole(self, transaction: Transaction, calls: dict[int, _Call], refusal: Outcome) -> dict[int, Outcome]:
        _check_exists(refusal, transaction)
        if len(calls) == 1:
            return dict.fromkeys(calls, refusal)
        places = list(calls)
        half = len(places) // 2
        outcomes: dict[int, Outcome] = {}
        for part in (places[:half], places[half:]):
            outcomes |= self._chunk(transaction, {place: calls[place] for place in part})
        return outcomes

    def _ask_token(self, request: Request) -> Reply:
        return self.remote.read(request, accept=_usable_token)


def _usable_token(reply: Reply) -> None:
    read_token(reply, asked_at=0.0)


def _readable(reply: Reply, decode: Callable[[Reply], T], what: str) -> T:
    try:
        return decode(reply)
    except MalformedError as malformed:
        raise TransientError(f"{what}: {malformed}", status=reply.status) from malformed


def _one(reply: Reply, transaction: Transaction) -> Outcome:
    if reply.status == OK:
        outcome = read_answer(reply.body, [transaction.name])[0]
        if outcome.kind is Kind.MISSING:
            raise MalformedError("the answer holds no result")
        _check_exists(outcome, transaction)
        return outcome
    ended = read_termination(reply.body)
    outcome = Outcome(kind=Kind.TERMINATED, code=ended.kind or "HTTP_400", text=ended.text)
    _check_exists(outcome, transaction)
    return outcome


def _many(reply: Reply, names: Sequence[str]) -> list[Outcome] | Outcome:
    if reply.status == OK:
        return read_answer(reply.body, names)
    ended = read_termination(reply.body)
    return Outcome(kind=Kind.TERMINATED, code=ended.kind or "HTTP_400", text=ended.text)


def _check_exists(outcome: Outcome, transaction: Transaction) -> None:
    if outcome.code == TRANSACTION_MISSING:
        text = f"the Infor tenant does not have {transaction.path}"
        raise TransactionMissingError(text, code=TRANSACTION_MISSING)
