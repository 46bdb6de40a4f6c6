"""What the two upserts (vendors, codes) share: the claim's clock, whole-call refusals halved, rows given back.

Upserts are idempotent but not commutative, so one PUT at most is in flight per record: a claim outlasts the last call
begun under it and the time its effect may take to show, and a row whose outcome is unknown stays away as long. A
process that stalls wakes to a deadline: no byte of a call leaves so late that the claim could run out under it.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from actors.errands.claims import claim, tries_of
from actors.errands.failing import failed, worked
from actors.settle import Decide, settle
from actors.tools import Tools
from domain.errors import HeldError, MalformedError, MisconfiguredError, RefusedError, TieoutError, TransientError
from domain.ports.answers import RecordAnswer, Verdict
from domain.ports.store import DueRow, StoreGuard

MARGIN = timedelta(seconds=5)
BUDGET_WAIT = timedelta(seconds=20)  # the longest a call waits for the rate budget before its first byte
IDLE = timedelta(seconds=5)  # a row that has nothing to do is the relay's to delete: look again soon
PAYLOAD_STATUSES = (400, 413, None)  # statuses by which one bad record may have spoilt the whole call

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A record without an outcome: due again after `wait`; `attempt`: something was tried."""

    wait: timedelta
    attempt: bool = True


Outcome = RecordAnswer | Later


def flight_time(tools: Tools) -> timedelta:
    """Give how long after its start a call may still take effect or be missing from look-ups: call timeout + lag."""
    windows = tools.rules.avidxchange
    return windows.call_timeout + windows.search_lag


class Claim:
    """The rows claimed for one batch, the time in which calls may be begun under them, and their bytes may leave."""

    def __init__(self, tools: Tools, errand: str, *, limit: int) -> None:
        self.tools = tools
        self.incarnation = tools.log.incarnation()  # before anything is read: what is sent belongs to this store
        self.flight = flight_time(tools)
        calls_for = tools.rules.avidxchange.call_timeout + MARGIN
        bytes_for = calls_for + BUDGET_WAIT + tools.rules.avidxchange.call_timeout  # the last one waits, and connects
        began = tools.clock.monotonic()  # both clocks are read before the claim: ours never end later than the lease
        self._calls_until = began + calls_for.total_seconds()
        self._bytes_until = began + bytes_for.total_seconds()
        self._own_deadline = tools.clock.now() + bytes_for
        self.rows = claim(tools, errand, limit=limit, lease=bytes_for + self.flight + MARGIN)
        self.answered = False
        self._errand = errand
        self._fault: TieoutError | None = None

    @property
    def may_call(self) -> bool:
        """Whether a call begun now ends, and shows, before the claim runs out."""
        return self.tools.clock.monotonic() <= self._calls_until

    @property
    def deadline(self) -> datetime:
        """After it no byte of a call may leave: by our own wall clock, and no later than the monotonic one says."""
        clock = self.tools.clock
        return min(self._own_deadline, clock.now() + timedelta(seconds=self._bytes_until - clock.monotonic()))

    def note(self, error: TieoutError) -> None:
        """Note a call that brought no usable answer."""
        self._fault = error

    def tell(self) -> None:
        """Record that the calls do not work, or that they work again, once the rows were given back."""
        tries = tries_of(self.rows)
        if self._fault is not None:
            failed(self.tools, self._errand, self._fault, tries=tries, slow=True)
        elif self.answered:
            worked(self.tools, self._errand, tries=tries)

    def later(self, error: TransientError) -> Later:
        """Judge a passing fault: back-off when nothing was processed, else the time the call may take to show."""
        attempts = max((row.attempts for row in self.rows), default=0)
        backoff = self.tools.backoff(attempts, retry_after=error.retry_after)
        return Later(wait=backoff if error.before_processing else max(backoff, self.flight))

    def settle(self, streams: Sequence[UUID], decide: Decide) -> bool:
        """Record outcomes; False, and nothing is recorded, when the store went back since the rows were claimed.

        Verdict: retry. The versions that were sent are another store's; the rows of this one are sent again.
        """
        guard = StoreGuard(incarnation=self.incarnation)
        try:
            settle(self.tools.log, streams, decide, causes=self.tools.causes(self.tools.correlation_id()), guard=guard)
        except HeldError:
            return False
        return True

    def give_back(self, outcomes: Mapping[DueRow, Outcome | None]) -> None:
        """Give every row back: outcomes that were recorded are released, the others postponed.

        None stands for a row that had nothing to do.
        """
        tools = self.tools
        waits: dict[Later, list[DueRow]] = {}
        settled: list[DueRow] = []
        for row, outcome in outcomes.items():
            if isinstance(outcome, RecordAnswer):
                settled.append(row)
            else:
                waits.setdefault(outcome or Later(wait=IDLE, attempt=False), []).append(row)
        tools.work.release(settled, worker=tools.worker)
        for later, rows in waits.items():
            until = tools.log.now() + later.wait
            tools.work.postpone(rows, worker=tools.worker, until=until, attempt=later.attempt)
        self.tell()


def put_in_halves(
    claim: Claim,
    items: Sequence[T],
    put: Callable[[Sequence[T]], Mapping[K, RecordAnswer]],
    *,
    key: Callable[[T], K],
    stand_back: timedelta = timedelta(0),
) -> dict[K, Outcome]:
    """PUT items in one call and give an outcome for each by its key.

    A call refused for its payload is halved until the poisonous record stands alone and is refused alone; one refused
    for another reason refuses all it carried. A record without a result keeps its row, as after a lost answer.
    When the claim leaves no time for a half, it stands back for `stand_back`: longer for every second half, so that
    the next claim takes fewer and the halving comes to its end however slow the calls are.
    """
    if not items:
        return {}
    if not claim.may_call:
        return dict.fromkeys(map(key, items), Later(wait=stand_back, attempt=False))
    unknown = Later(wait=claim.flight)
    try:
        answers = put(items)
    except RefusedError as error:
        claim.answered = claim.answered or error.status in PAYLOAD_STATUSES
        if error.status not in PAYLOAD_STATUSES or len(items) == 1:
            refused = RecordAnswer(verdict=Verdict.REFUSED, code=error.code, text=str(error), field=error.field)
            return dict.fromkeys(map(key, items), refused)
        middle = len(items) // 2
        first = put_in_halves(claim, items[:middle], put, key=key, stand_back=stand_back)
        second = put_in_halves(claim, items[middle:], put, key=key, stand_back=stand_back + claim.flight)
        return first | second
    except TransientError as error:
        claim.note(error)
        return dict.fromkeys(map(key, items), claim.later(error))
    except MalformedError as error:
        claim.note(error)
        return dict.fromkeys(map(key, items), unknown)
    claim.answered = True
    return {key(item): _judged(answers.get(key(item)), claim) for item in items}


def look(claim: Claim, find: Callable[[], T]) -> T | Later:
    """Read before a write; what cannot be read now is tried again later (every error but a missing setting)."""
    try:
        found = find()
    except TransientError as error:
        claim.note(error)
        return claim.later(TransientError(str(error), retry_after=error.retry_after, before_processing=True))
    except (RefusedError, MalformedError) as error:
        claim.note(error)
        return Later(wait=claim.tools.retry_cap)
    claim.answered = True
    return found


def _judged(answer: RecordAnswer | None, claim: Claim) -> Outcome:
    if answer is None or answer.verdict is Verdict.DOUBT:
        return Later(wait=claim.flight)
    if answer.verdict is Verdict.NOT_SENT:
        return claim.later(TransientError(answer.text, before_processing=True))
    return answer


def keep_rows_on_misconfiguration(claim: Claim, error: MisconfiguredError) -> None:
    """Give the rows back as they were (the error goes up): nothing was processed, a person mends the settings."""
    claim.note(error)
    outcomes: dict[DueRow, Any] = dict.fromkeys(claim.rows, Later(wait=IDLE, attempt=False))
    claim.give_back(outcomes)
