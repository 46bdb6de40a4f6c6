"""Poll ledger codes: the GL accounts and the configured dimensions as Infor lists them, compared with what we know.

Infor has no "changed since" for them, so every poll reads all; what it no longer lists counts as blocked. With
`gl_accounts = verify` each poll also reads AvidXchange's list and records where the two differ.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.errands.connections import connection_of
from actors.errands.polling import Poll, run_poll
from actors.errands.streams import connection_stream
from actors.settle import Decide, History, appended
from actors.tools import Tools
from domain.event import Append, Event
from domain.identifiers import code_key, stream_id
from domain.ledger_codes.decisions import (
    content_of,
    decide_gone,
    decide_listed,
    decide_only_there,
    decide_seen,
    decide_verified,
)
from domain.ledger_codes.events import CodeContent, CodeFact
from domain.ledger_codes.ledger_code import LedgerCode, evolve, fold, listed_values, values_only_there
from domain.ports.payables import CodeFound

FLOW = "ledger_codes"
PAGE = 500  # codes loaded and recorded in one transaction


def poll_ledger_codes(tools: Tools) -> bool:
    """Poll the ledger codes if that is due; False when it is not."""
    return run_poll(tools, FLOW, _read)


def _read(poll: Poll) -> str:
    tools = poll.tools
    now = tools.ledger.server_time()
    today = tools.log.now().astimezone(ZoneInfo(tools.rules.timezone)).date()
    for dimension, group in tools.rules.code_groups.items():
        _read_dimension(poll, dimension=dimension, group=group, today=today)
    return str(now)


def _read_dimension(poll: Poll, *, dimension: int, group: str, today: date) -> None:
    tools = poll.tools
    index = stream_id(tools.connection, "ledger-code-index", f"{tools.rules.company}|{dimension}")
    known = listed_values(tools.log.load([index])[index])
    facts = tools.ledger.codes(dimension)
    name = f"dimension {dimension}"
    if known and not facts:
        # An empty list of a dimension in use is a missing right or a fault, never thousands of blocked codes.
        poll.malformed(name, f"Infor lists no value where it listed {len(known)}: nothing is blocked")
        return
    poll.well_read(name)
    there = tools.payables.list_codes(group) if tools.rules.gl_accounts == "verify" else None
    values = sorted(known | facts.keys())
    for start in range(0, len(values), PAGE):
        contents = {
            value: _content(tools, dimension=dimension, value=value, group=group, facts=facts.get(value), today=today)
            for value in values[start : start + PAGE]
        }
        poll.page(sum(content is not None for content in contents.values()))
        streams = {_stream(tools, dimension, value): content for value, content in contents.items()}
        by_value = {_stream(tools, dimension, value): value for value in contents}
        home = connection_stream(tools.connection)
        poll.record([*streams, home], _recording(tools, streams, by_value, there))
    poll.record([index], _listing(index, frozenset(facts), there, dimension=dimension, group=group))


def _content(
    tools: Tools, *, dimension: int, value: str, group: str, facts: Sequence[CodeFact] | None, today: date
) -> CodeContent | None:
    """Make the content of a listed value, None for one that vanished."""
    if facts is None:
        return None
    rules = tools.rules
    return content_of(
        facts,
        company=rules.company,
        dimension=dimension,
        value=value,
        group=group,
        divisions=rules.divisions,
        today=today,
    )


def _recording(
    tools: Tools,
    contents: dict[UUID, CodeContent | None],
    by_value: dict[UUID, str],
    there: dict[str, CodeFound] | None,
) -> Decide:
    push = tools.rules.gl_accounts == "push"

    def decide_one(state: LedgerCode, stream: UUID, went_back_at: datetime | None) -> tuple[Event, ...]:
        content = contents[stream]
        seen = (
            decide_gone(state, push=push, went_back_at=went_back_at)
            if content is None
            else decide_seen(state, content, push=push, went_back_at=went_back_at)
        )
        if there is None:
            return seen
        for event in seen:
            state = evolve(state, event)
        found = there.get(by_value[stream])
        return (*seen, *verified(state, found))

    def decide(history: History) -> list[Append]:
        went_back_at = connection_of(tools, history).went_back_at
        return [
            appended(history[stream], stream, *decide_one(fold(history[stream]), stream, went_back_at))
            for stream in contents
        ]

    return decide


def verified(state: LedgerCode, found: CodeFound | None) -> tuple[Event, ...]:
    """Compare a code with what AvidXchange holds of it, None when it has none."""
    if found is None:
        return decide_verified(state, active_there=None)
    return decide_verified(state, active_there=found.active, described_there=found.description.strip())


def _listing(
    index: UUID, listed: frozenset[str], there: dict[str, CodeFound] | None, *, dimension: int, group: str
) -> Decide:
    # Codes that are no longer compared are told of no more.
    active_there = [code.value for code in (there or {}).values() if code.active]

    def decide(history: History) -> list[Append]:
        past = history[index]
        came_and_went = decide_listed(listed_values(past), listed, dimension=dimension)
        strange = decide_only_there(values_only_there(past), listed, active_there, dimension=dimension, group=group)
        return [appended(past, index, *came_and_went, *strange)]

    return decide


def _stream(tools: Tools, dimension: int, value: str) -> UUID:
    return stream_id(tools.connection, "ledger-code", code_key(tools.rules.company, dimension, value))
