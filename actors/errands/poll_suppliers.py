"""Poll suppliers: what changed in Infor since the last look, recorded page by page."""

from collections.abc import Sequence
from uuid import UUID

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


def poll_suppliers(tools: Tools) -> bool:
    """Poll the suppliers if that is due; False when it is not."""
    return run_poll(tools, FLOW, _read)


def _read(poll: Poll) -> str:
    ledger = poll.tools.ledger
    since = int(poll.watermark or 0)
    now = ledger.server_time()  # before listing: what changes meanwhile is seen again next time
    waiting = list(poll.unread)
    seen = set(waiting)
    for page in ledger.changed_suppliers(max(0, since - OVERLAP_MILLISECONDS)):
        fresh = [number for number in dict.fromkeys(page) if number not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
        while len(waiting) >= BULK:
            _details(poll, waiting[:BULK])
            del waiting[:BULK]
    if waiting:
        _details(poll, waiting)
    return str(now)


def _details(poll: Poll, numbers: Sequence[str]) -> None:
    """Read and record suppliers; those that cannot be read are noted, and read again by the next poll."""
    tools = poll.tools
    poll.page(len(numbers))
    details = tools.ledger.supplier_details(numbers)
    readable: dict[UUID, SupplierContent] = {}
    for number in numbers:
        found = details.get(number)
        if isinstance(found, SupplierContent):
            key = supplier_key(found.company, found.number)
            readable[stream_id(tools.connection, "supplier", key)] = found
            poll.well_read(number)
        elif isinstance(found, Problem):
            poll.malformed(number, str(found), may_pass=found.may_pass)
        else:
            poll.malformed(number, "Infor gave no details", may_pass=True)
    if readable:
        poll.record([*readable, connection_stream(tools.connection)], _recording(tools, readable))


def _recording(tools: Tools, readable: dict[UUID, SupplierContent]) -> Decide:
    def decide(history: History) -> list[Append]:
        went_back_at = connection_of(tools, history).went_back_at
        return [
            appended(history[stream], stream, *decide_seen(fold(history[stream]), content, went_back_at=went_back_at))
            for stream, content in readable.items()
        ]

    return decide
