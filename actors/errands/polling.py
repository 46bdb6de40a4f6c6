"""What every poll shares: the claim, the pages, unread records, and the one transaction that ends it.

A poll errand is three lines around a reader::

    def poll_suppliers(tools: Tools) -> bool:
        return run_poll(tools, "suppliers", _read)

    def _read(poll: Poll) -> str:                  # gives the next watermark
        for page in ...:
            poll.page(len(page))                   # counts
            poll.malformed(record, text)           # one bad record; its neighbours go on
            poll.well_read(record)                 # the others: one that was bad before is said to be read
            poll.record(streams, decide)           # facts of this page (see `Poll.record`)
        return watermark

The reader raises what the ports raise; `run_poll` gives each error its verdict: TransientError is tried again with
back-off and leaves no event; MisconfiguredError, RefusedError and an unreadable answer (MalformedError) wait long and
stand as `PollFailed`, once per distinct text until a poll succeeds again; HeldError (the claim was lost) ends the poll
without a trace, for somebody else reads the same things again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from actors.errands.unread import Mark, Unread
from actors.settle import Decide, History, appended, settle
from actors.tools import Tools
from domain.errors import HeldError, MalformedError, MisconfiguredError, RefusedError, TransientError
from domain.event import Append
from domain.identifiers import stream_id
from domain.polls.decisions import decide_failed, decide_malformed, decide_read, failure_stands
from domain.polls.events import PollCompleted
from domain.ports.store import PollDue, PollGuard, PollMark

LONG_WAITS = 12  # a poll that needs a person waits this many longest back-offs
LEASE_CALLS = 10  # a claim of a poll lasts this many calls
RENEWED_CALLS = 3  # a poll of many pages keeps its claim once as many have gone by

Reader = Callable[["Poll"], str]


def run_poll(tools: Tools, flow: str, read: Reader) -> bool:
    """Claim the poll of a flow and run it; False when it is not due, held back, or somebody else holds it.

    read: reads the remote, hands its facts to the `Poll` it gets, and gives the next watermark.
    """
    if tools.held_back(f"poll_{flow}"):
        return False
    due = tools.polls.claim(flow, connection=tools.connection, worker=tools.worker, lease=_lease(tools))
    if due is None:
        return False
    poll = Poll(tools, due)
    try:
        poll.finish(read(poll))
    except TransientError as error:
        tools.watch.note(error)
        until = tools.log.now() + tools.backoff(due.attempts, retry_after=error.retry_after)
        tools.polls.fail(due, until=until, text=str(error))
    except HeldError as error:
        tools.watch.note(error)
    except MisconfiguredError as error:
        tools.watch.note(error)
        _give_up(tools, poll, verdict="stop", text=str(error))
    except (RefusedError, MalformedError) as error:
        tools.watch.note(error)
        _give_up(tools, poll, verdict="retry later", text=str(error))
    return True


class Poll:
    """One claimed poll. `watermark`: where it begins ("" = from the start); `causes`: of everything it appends."""

    def __init__(self, tools: Tools, due: PollDue) -> None:
        self.tools = tools
        self.due = due
        self.flow = due.flow
        before = Mark.read(due.watermark)
        self.watermark = before.at
        self._unread = Unread(before.unread, tries=tools.rules.locked_tries)
        self.correlation_id = tools.correlation_id()
        self.causes = tools.causes(self.correlation_id)
        self.started_at: datetime = tools.log.now()
        self._renewed_at = self.started_at
        self._own = self._stream(self.correlation_id)
        self._failures = self._stream(f"{due.flow}:failures")
        self._pages = self._seen = self._recorded = 0
        self._calls = tools.ledger.calls + tools.payables.calls
        self._deferred: tuple[tuple[UUID, ...], Decide] | None = None

    def page(self, seen: int) -> None:
        """Count a page of so many records; a poll of many pages keeps its claim. Raises HeldError when it is lost."""
        self._pages += 1
        self._seen += seen
        if self.tools.log.now() > self._renewed_at + self.tools.rules.infor.call_timeout * RENEWED_CALLS:
            self.tools.polls.renew(self.due, lease=_lease(self.tools))
            self._renewed_at = self.tools.log.now()

    @property
    def unread(self) -> tuple[str, ...]:
        """The records that the polls before this one could not read."""
        return tuple(self._unread.before)

    def malformed(self, record: str, text: str, *, may_pass: bool = False) -> None:
        """Note a record that could not be read: a `PollRecordMalformed`, once per record and text.

        may_pass: it may only be locked; a bounded number of polls tries it again before that is said.
        """
        self._unread.note(record, text, may_pass=may_pass)

    def well_read(self, record: str) -> None:
        """Note a record that could be read: a `PollRecordRead` when it was said that it could not."""
        self._unread.read(record)

    def record(self, streams: Sequence[UUID], decide: Decide) -> None:
        """Append what `decide` says over the histories of `streams` (as `actors.settle` does: idempotent).

        It runs one call later, for the last one shares its transaction with the end of the poll: bind the page's
        data in `decide` (a function per page), never a loop's variable.  `flush` runs it at once.
        """
        self.flush()
        self._deferred = (tuple(streams), decide)

    def flush(self) -> Sequence[Append]:
        """Append what `record` deferred; give what was appended."""
        if self._deferred is None:
            return ()
        (streams, decide), self._deferred = self._deferred, None
        guard = PollGuard(connection=self.tools.connection, flow=self.flow, claim=self.due.claim)
        made = settle(self.tools.log, streams, decide, causes=self.causes, guard=guard)
        self._recorded += sum(len(append.events) for append in made)
        return made

    def finish(self, watermark: str) -> None:
        """End the poll: with its last facts in one transaction, or by touching its row when there are none.

        Raises HeldError when the claim is lost, also when the store went back: what the poll saw may be forgotten.
        """
        ended_at = self.tools.log.now()
        mark = PollMark(
            connection=self.tools.connection,
            flow=self.flow,
            claim=self.due.claim,
            watermark=str(Mark(watermark, self._unread.after)),
            completed_at=ended_at,
            seen=self._seen,
            next_poll_at=self._next_poll_at(ended_at),
        )
        streams, decide = self._ending(watermark)
        if not self._recorded and not any(a.events for a in decide(self.tools.log.load(streams))):
            self.tools.polls.finish(mark)
            return
        settle(self.tools.log, streams, decide, causes=self.causes, mark=mark)

    def fail(self, *, verdict: str, text: str) -> None:
        """Record that the poll gave up, unless the same failure stands already."""

        def decide(history: History) -> list[Append]:
            past = history[self._failures]
            events = decide_failed(past, flow=self.flow, verdict=verdict, text=text)
            return [appended(past, self._failures, *events)]

        settle(self.tools.log, [self._failures], decide, causes=self.causes)

    def _ending(self, watermark: str) -> tuple[list[UUID], Decide]:
        """Give the streams and the decision of the last transaction: deferred facts, unread records, the end."""
        deferred_streams, deferred = self._deferred or ((), lambda _: ())
        malformed = {self._record_stream(record): (record, text) for record, text in self._unread.to_say.items()}
        read = {self._record_stream(record): record for record in self._unread.read_after_all}
        calls = self.tools.ledger.calls + self.tools.payables.calls - self._calls

        def decide(history: History) -> list[Append]:
            failures = history[self._failures]
            if history[self._own] or (failures and failures[-1].meta.correlation_id == self.correlation_id):
                return []  # committed before, though the store's answer was lost
            facts = [append for append in deferred(history) if append.events]
            for stream, (record, text) in malformed.items():
                events = decide_malformed(history[stream], flow=self.flow, record=record, text=text)
                facts.extend([appended(history[stream], stream, *events)] if events else [])
            for stream, record in read.items():
                events = decide_read(history[stream], flow=self.flow, record=record)
                facts.extend([appended(history[stream], stream, *events)] if events else [])
            recovered = failure_stands(failures)
            recorded = self._recorded + sum(len(append.events) for append in facts)
            if not recorded and not recovered:
                return []
            completed = PollCompleted(
                flow=self.flow,
                watermark=watermark,
                pages=self._pages,
                seen=self._seen,
                recorded=recorded,
                calls=calls,
            )
            home = self._failures if recovered else self._own  # a success ends the failure that stood
            return [*facts, appended(history[home], home, completed)]

        return [*deferred_streams, *malformed, *read, self._own, self._failures], decide

    def _next_poll_at(self, ended_at: datetime) -> datetime | None:
        """Give the flow's own rhythm (None = its row's interval), but read soon again what may only be locked."""
        regular = self.tools.next_poll_at(self.flow, ended_at)
        soon: datetime = ended_at + self.tools.rules.locked_retry
        return min(regular or soon, soon) if self._unread.waits else regular

    def _record_stream(self, record: str) -> UUID:
        return self._stream(f"{self.flow}:record:{record}")

    def _stream(self, natural_key: str) -> UUID:
        return stream_id(self.tools.connection, "poll", natural_key)


def _give_up(tools: Tools, poll: Poll, *, verdict: str, text: str) -> None:
    poll.fail(verdict=verdict, text=text)
    until: datetime = tools.log.now() + long_wait(tools)
    tools.polls.fail(poll.due, until=until, text=text)


def _lease(tools: Tools) -> timedelta:
    return tools.rules.infor.call_timeout * LEASE_CALLS


def long_wait(tools: Tools) -> timedelta:
    """Give the wait after a failure that a person must mend."""
    return tools.retry_cap * LONG_WAITS
