"""Poll suppliers: what changed in Infor since the last look, recorded page by page."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from actors.errands.connections import connection_of
from actors.errands.polling import Poll, run_poll
from actors.errands.streams import connection_stream
from actors.settle import Decide, History, appended
from actors.tools import Tools
from domain.event import Append
from domain.identifiers import stream_id, supplier_key
from domain.ports.ledger import Problem
from domain.suppliers.decisions import decide_seen
from domain.suppliers.events import SupplierContent
from domain.suppliers.supplier import fold

FLOW = "suppliers"
BULK = 100  # suppliers whose details are read at once
OVERLAP_MILLISECONDS = 5 * 60 * 1000
AGAIN_AT_MOST = 500  # unreadable suppliers carried to the next poll


class Watermark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Infor's clock in epoch milliseconds, and the suppliers that could not be read then."""

    since: int = 0
    again: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Watermark":
        """Read what `str` wrote; "" is the beginning."""
        if text.startswith("{"):
            return msgspec.json.decode(text, type=cls)
        return cls(int(text or 0))

    def __str__(self) -> str:
        """Plain milliseconds, or JSON when suppliers are carried along."""
        return msgspec.json.encode(self).decode() if self.again else str(self.since)


def poll_suppliers(tools: Tools) -> bool:
    """Poll the suppliers if that is due; False when it is not."""
    return run_poll(tools, FLOW, _read)


def _read(poll: Poll) -> str:
    ledger = poll.tools.ledger
    before = Watermark.read(poll.watermark)
    now = ledger.server_time()  # before listing: what changes meanwhile is seen again next time
    unread: dict[str, None] = {}
    waiting = list(before.again)
    seen = set(waiting)
    for page in ledger.changed_suppliers(max(0, before.since - OVERLAP_MILLISECONDS)):
        fresh = [number for number in dict.fromkeys(page) if number not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
        while len(waiting) >= BULK:
            unread.update(_details(poll, waiting[:BULK]))
            del waiting[:BULK]
    if waiting:
        unread.update(_details(poll, waiting))
    return str(Watermark(now, tuple(unread)[:AGAIN_AT_MOST]))


def _details(poll: Poll, numbers: Sequence[str]) -> dict[str, None]:
    """Read and record suppliers; give those that could not be read."""
    tools = poll.tools
    poll.page(len(numbers))
    details = tools.ledger.supplier_details(numbers)
    readable: dict[UUID, SupplierContent] = {}
    unread: dict[str, None] = {}
    for number in numbers:
        found = details.get(number)
        if isinstance(found, SupplierContent):
            key = supplier_key(found.company, found.number)
            readable[stream_id(tools.connection, "supplier", key)] = found
            continue
        text = f"{found.code}: {found.text}" if isinstance(found, Problem) else "Infor gave no details"
        poll.malformed(number, text)
        unread[number] = None
    if readable:
        poll.record([*readable, connection_stream(tools.connection)], _recording(tools, readable))
    return unread


def _recording(tools: Tools, readable: dict[UUID, SupplierContent]) -> Decide:
    def decide(history: History) -> list[Append]:
        went_back_at = connection_of(tools, history).went_back_at
        return [
            appended(history[stream], stream, *decide_seen(fold(history[stream]), content, went_back_at=went_back_at))
            for stream, content in readable.items()
        ]

    return decide
