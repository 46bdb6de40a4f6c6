"""When what an errand asks a remote for does not work: recorded once, and once more when it works again.

Errands try again by themselves whatever happens; these facts tell a person that it is of no use for now. An errand
says `failed` with the number of tries its rows had, and `worked` when the remote gave the answer it was asked for.
"""

from dataclasses import dataclass
from uuid import UUID

from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.errands.decisions import RETRY, STOP, decide_failed, decide_recovered, failure
from domain.errors import ConflictError, HeldError, MisconfiguredError, StoreError, TieoutError, TransientError
from domain.event import Append
from domain.identifiers import stream_id

TO_MEND = frozenset({401, 403, 404, 405})  # answers that a person must mend; a lapsed log-in gives the first one once
STOP_TRIES = 2
TRIES = 7  # of a fault that may pass: the waits between them double, up to a minute or two in all
SLOW_TRIES = 3  # the same where a try waits until the one before cannot take effect any more


@dataclass(frozen=True)
class Call:
    """What an errand asks a remote for: the flow it belongs to, and how a sentence calls it."""

    flow: str
    what: str


CALLS: dict[str, Call] = {
    "send_suppliers": Call("suppliers", "sending suppliers to AvidXchange"),
    "send_ledger_codes": Call("ledger_codes", "sending ledger codes to AvidXchange"),
    "fetch_images": Call("invoices", "fetching images from Infor"),
    "submit_invoices": Call("invoices", "submitting invoices to AvidXchange"),
    "send_postings": Call("payments", "posting payments to Infor"),
}
ALIKE = {"resume_posting": "send_postings"}  # the same calls, in a chain that ended before


def failures(connection: UUID, errand: str) -> UUID:
    """Name the stream of an errand's failures."""
    return stream_id(connection, "errand", f"{errand}:failures")


def failed(tools: Tools, errand: str, error: TieoutError, *, tries: int, slow: bool = False) -> None:
    """Record an error that a person must mend, or that did not pass in so many tries; nothing for other errands.

    Faults of the store and work that is held say nothing about a remote.
    """
    errand = ALIKE.get(errand, errand)
    if errand not in CALLS or isinstance(error, ConflictError | StoreError | HeldError):
        return
    if isinstance(error, MisconfiguredError):
        _record(tools, errand, STOP, str(error))
        return
    status = error.status if isinstance(error, TransientError) else None
    unanswered(tools, errand, str(error), tries=tries, to_mend=status in TO_MEND, slow=slow)


def unanswered(tools: Tools, errand: str, text: str, *, tries: int, to_mend: bool, slow: bool = False) -> None:
    """Record what the remote said instead of an answer, once it said so often enough.

    Verdict: stop when rights, credentials or addresses are to be mended, else retry bounded.
    """
    if to_mend and tries >= STOP_TRIES:
        _record(tools, errand, STOP, text)
    elif not to_mend and tries >= (SLOW_TRIES if slow else TRIES):
        _record(tools, errand, RETRY, text)


def worked(tools: Tools, errand: str, *, tries: int) -> None:
    """End the failure that stands, if any; tries: how many the rows had for which it worked."""
    stream = failures(tools.connection, errand)
    if failure(tools.log.load([stream])[stream]) is None:
        return
    now = tools.log.now()

    def decide(history: History) -> list[Append]:
        past = history[stream]
        flow = CALLS[errand].flow
        return [appended(past, stream, *decide_recovered(past, errand=errand, flow=flow, tried=tries > 1, now=now))]

    settle(tools.log, [stream], decide, causes=tools.causes(tools.correlation_id()))


def _record(tools: Tools, errand: str, verdict: str, text: str) -> None:
    stream, call = failures(tools.connection, errand), CALLS[errand]
    said = f"{call.what}: {text}"

    def decide(history: History) -> list[Append]:
        past = history[stream]
        events = decide_failed(past, errand=errand, flow=call.flow, verdict=verdict, text=said)
        return [appended(past, stream, *events)]

    settle(tools.log, [stream], decide, causes=tools.causes(tools.correlation_id()))
