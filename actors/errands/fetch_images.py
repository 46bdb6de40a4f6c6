"""Fetch images of invoices from Infor: several in flight, streamed into the blob store, judged by their content."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from actors.errands.claims import claim, done, giving_back, postpone, tries_of
from actors.errands.failing import failed, worked
from actors.settle import History, appended, settle
from actors.tools import Tools
from domain.errors import MalformedError, RefusedError, TransientError
from domain.event import Append, Event
from domain.identifiers import InvoiceKey
from domain.invoices.content import ImageRef
from domain.invoices.decisions import IMAGE_TOO_LARGE, decide_image
from domain.invoices.invoice import Invoice, fold
from domain.ports.store import DueRow

BATCH = 24
IN_FLIGHT = 6
CALLS_EACH = 2 * BATCH // IN_FLIGHT  # a search and a stream, one thread's share of the rows
SEARCH_AGAIN = timedelta(minutes=15)
TRIES = 5  # of an image Infor refuses or garbles, before the invoice is held for it
NO_IMAGE = "NO_IMAGE"
IMAGE_TYPE = "IMAGE_TYPE"
HEAD_BYTES = 1024

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one search: an image, or why there is none; fault: nothing is known, try again."""

    image: ImageRef | None = None
    reason: str = ""
    detail: str = ""
    hold: bool = False
    fault: TransientError | None = None


def fetch_images(tools: Tools) -> int:
    """Fetch the images of at most 24 invoices; give how many rows were claimed."""
    rows = claim(tools, "fetch_images", limit=BATCH, lease=tools.rules.infor.call_timeout * (CALLS_EACH + 1))
    if not rows:
        return 0
    with giving_back(tools, rows):
        histories = tools.log.load([row.aggregate for row in rows])
        read = {row.aggregate: fold(histories[row.aggregate]) for row in rows}
        wanted = [(row, key) for row in rows if (key := read[row.aggregate].key) is not None]
        fetched = tools.spread(lambda pair: _fetch(tools, *pair), wanted, at_once=IN_FLIGHT)
        _settle(tools, [(row, key, found) for (row, key), found in zip(wanted, fetched, strict=True)], read)
        _tell(tools, [(row, found) for (row, _), found in zip(wanted, fetched, strict=True)])
    return len(rows)


def content_type(head: bytes) -> str:
    """Judge an image by its first bytes: PDF, PNG, JPEG or TIFF, "" for anything else."""
    if b"%PDF-" in head[:HEAD_BYTES]:
        return "application/pdf"
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def _fetch(tools: Tools, row: DueRow, key: InvoiceKey) -> Fetched:
    """Search and stream one image. Verdicts: passing faults are tried again; refusals too, a few times."""
    try:
        return _search(tools, key)
    except TransientError as error:
        return Fetched(fault=error)
    except (RefusedError, MalformedError) as error:
        if row.attempts < TRIES:
            return Fetched(fault=TransientError(str(error)))
        return Fetched(reason=NO_IMAGE, detail=str(error), hold=True)


def _search(tools: Tools, key: InvoiceKey) -> Fetched:
    hold = tools.rules.missing_image == "hold"
    limit = tools.rules.max_image_bytes
    found = tools.ledger.find_image(key)
    if found is None:
        return Fetched(reason=NO_IMAGE, hold=hold, detail="Infor Document Management has no document for it")
    if found.size > limit:
        return Fetched(reason=IMAGE_TOO_LARGE, detail=f"{found.size} bytes, at most {limit} are sent")
    try:
        digest, size = tools.blobs.put(tools.ledger.stream_image(found), max_bytes=limit)
    except RefusedError as error:
        if error.code != IMAGE_TOO_LARGE:
            raise
        return Fetched(reason=IMAGE_TOO_LARGE, detail=f"more than {limit} bytes")
    if (found.size and size != found.size) or (found.sha256 and digest != found.sha256):
        raise MalformedError(f"{found.file_name}: {size} bytes came, which are not the document Infor describes")
    head = tools.blobs.head(digest, size=HEAD_BYTES)
    kind = content_type(head)
    if head.lstrip()[:1] == b"<":  # an error page under 200 is no document, whatever it is called
        raise MalformedError(f"{found.file_name}: a web page came instead of the document")
    if not kind:
        return Fetched(reason=IMAGE_TYPE, hold=hold, detail=f"{found.file_name}: neither PDF, PNG, JPEG nor TIFF")
    name = found.file_name or f"{key.number}.{kind.rpartition('/')[2]}"
    return Fetched(image=ImageRef(digest=digest, size=size, content_type=kind, file_name=name))


def _settle(tools: Tools, results: Sequence[tuple[DueRow, InvoiceKey, Fetched]], read: Mapping[UUID, Invoice]) -> None:
    """Record all outcomes in one transaction; what holds is searched again later, what failed with back-off.

    What was found for an invoice that changed since it was `read` counts for nothing: it is searched again.
    """
    known = {row.aggregate: (key, found) for row, key, found in results if found.fault is None}
    changed: set[UUID] = set()

    def decide(history: History) -> list[Append]:
        states = {stream: fold(history[stream]) for stream in known}
        changed.clear()
        changed.update(stream for stream, state in states.items() if state.content != read[stream].content)
        return [
            appended(history[stream], stream, *_outcome(states[stream], key, found))
            for stream, (key, found) in known.items()
            if stream not in changed
        ]

    if known:
        settle(tools.log, list(known), decide, causes=tools.causes(tools.correlation_id()))
    holding = [row for row, _, found in results if _holds(found) and row.aggregate not in changed]
    done(tools, [row for row, _, found in results if found.fault is None and row not in holding])
    if holding:
        tools.work.postpone(holding, worker=tools.worker, until=tools.log.now() + SEARCH_AGAIN)
    for row, _, found in results:
        if found.fault is not None:
            postpone(tools, [row], retry_after=found.fault.retry_after)


def _tell(tools: Tools, results: Sequence[tuple[DueRow, Fetched]]) -> None:
    """Say that no image can be fetched any more, or that some can again; one bad document is neither."""
    gone_well = [row for row, found in results if found.fault is None]
    faults = [found.fault for _, found in results if found.fault is not None]
    if gone_well:
        worked(tools, "fetch_images", tries=tries_of(gone_well))
    elif faults:
        failed(tools, "fetch_images", faults[0], tries=tries_of([row for row, _ in results]))


def _outcome(state: Invoice, key: InvoiceKey, found: Fetched) -> tuple[Event, ...]:
    return decide_image(state, key, image=found.image, reason=found.reason, hold=found.hold, detail=found.detail)


def _holds(found: Fetched) -> bool:
    return found.image is None and (found.hold or found.reason == IMAGE_TOO_LARGE)
