"""I4, I13: each danger and each end that is a person's stands under an issue of its own kind about its own record."""

from collections.abc import Callable, Iterator

from domain.connections import events as c
from domain.event import Event
from domain.invoices import events as i
from domain.invoices import invoice
from domain.invoices import submission_events as s
from domain.ledger_codes.events import LedgerCodeRefused
from domain.payments import events as y
from domain.polls import events as o
from domain.postings import events as p
from domain.suppliers.events import SupplierConfirmed, SupplierRefused
from projections import invoices, issues, ledger_codes, payments, postings, suppliers
from projections.invoices import InvoiceRow
from tieout.simulation.checkers.told import Danger, Told
from tieout.simulation.world import World

# Holds that name a key which no errand opens: the supplier or code is blocked or unknown, or a twin may be out there.
NEVER_OPENED = ("SUPPLIER_INACTIVE", "SUPPLIER_UNKNOWN", "CODE_BLOCKED", "CODE_UNKNOWN", "MAY_BE_FORGOTTEN")
REJECTED = i.InvoiceRejectedByAvid


def risks_are_issues(world: World) -> Iterator[str]:
    """I13: what the last poll found to endanger a live invoice is an open issue about that invoice and that danger."""
    told = Told(world)
    for row in _rows(world):
        yield from told.untold(_risks(row))
        yield from told.untold(_changes(told, row))


def ends_are_issues(world: World) -> Iterator[str]:
    """I4: whatever only a person moves on stands under an open issue that names it, or a person ended that issue."""
    told = Told(world)
    for dangers in _DANGERS:
        yield from told.untold(dangers(world, told))


def late_receipts_are_issues(world: World) -> Iterator[str]:
    """I4: a receipt that comes late and names an invoice nobody knew was an issue at once; a look-up may end it."""
    for history in Told(world).histories.values():
        row, known = None, set[str]()
        for recorded in history:
            event = recorded.event
            if type(event) in issues.HANDLES:
                row = issues.evolve_row(row, recorded)
            if isinstance(event, s.InvoiceSubmitted | s.InvoiceFoundByLookup):
                known.add(event.avid_invoice_id)
            if isinstance(event, s.InvoiceAnsweredLate) and event.avid_invoice_id not in known | {""}:
                kinds = {entry.kind for entry in row.entries} if row is not None else set()
                if "invoice-answered-late" not in kinds:
                    name = event.key.external_id
                    yield f"a late receipt of {name} names {event.avid_invoice_id}, and no issue says so"


def _rows(world: World) -> list[InvoiceRow]:
    return invoices.listed(world.projections, world.connection)


def _risks(row: InvoiceRow) -> Iterator[Danger]:
    if row.folded.at_large or row.folded.held_there:
        for risk in row.risks:
            text = f"{row.external_id} is {risk} in M3"
            yield Danger(row.stream, f"invoice-at-risk:{risk}", (i.InvoiceAtRiskInInfor,), text)


_NOT_THERE = (
    s.InvoiceSubmissionStarted,
    s.InvoiceNotSent,
    s.InvoiceAbsentAfterSettling,
    s.InvoiceSubmissionRefused,
)


def _changes(told: Told, row: InvoiceRow) -> Iterator[Danger]:
    """What changed while live is to be compared, until it is not there after all, sent anew, turned down or closed."""
    change = told.last(row.stream, i.InvoiceChangedInInfor, i.InvoiceClosed, REJECTED, *_NOT_THERE)
    if change is not None and isinstance(change.event, i.InvoiceChangedInInfor) and change.event.live:
        text = f"{row.external_id} changed while AvidXchange has it"
        yield Danger(row.stream, "invoice-changed-live", (i.InvoiceChangedInInfor,), text)


def _invoice_ends(world: World, told: Told) -> Iterator[Danger]:
    for row in _rows(world):
        state = row.folded
        if row.stage == "held" and (not row.waits_for or row.reason in NEVER_OPENED):
            cause, text = f"invoice-held:{row.reason}", f"{row.external_id} is held ({row.reason})"
            yield Danger(row.stream, cause, (i.InvoiceHeld,), text)
        if why := _image_lacks(row):
            text = f"{row.external_id} has no usable image"
            yield Danger(row.stream, f"invoice-image-missing:{why}", (i.InvoiceImageMissing,), text)
        if row.stage in _STAGES:
            cause, kind = _STAGES[row.stage]
            yield Danger(row.stream, cause, (kind,), f"{row.external_id} is {row.stage}")
        if state.twice_ids:
            yield Danger(row.stream, "invoice-found-twice", (s.InvoiceFoundTwice,), f"{row.external_id} is live twice")
        if state.forgotten is not None and invoice.fold(told.histories[row.stream]).unnamed:
            text = f"{row.external_id} is live, and Infor never named it"
            yield Danger(row.stream, "invoice-forgotten", (s.InvoiceFoundForgotten,), text)


def _image_lacks(row: InvoiceRow) -> str:
    """Say why an invoice waits for its image, or is about to go out for the first time without one; "" when it is not.

    What bears another key in M3 goes out no more under this one, whatever it waits for: that is told.
    """
    state = row.folded
    if not state.sendable or state.moved_to is not None or state.image_missing is None:
        return ""
    reason, hold = state.image_missing
    return reason if hold or (reason != "NO_IMAGE" and not state.ids) else ""


_STAGES: dict[str, tuple[str, type[Event]]] = {
    "refused": ("invoice-refused", s.InvoiceSubmissionRefused),
    "rejected": ("invoice-rejected", REJECTED),
    "void": ("invoice-rejected", REJECTED),
    "different": ("invoice-found-different", s.InvoiceFoundDifferent),
    "key_changed": ("invoice-key-changed", i.InvoiceKeyChanged),
}


def _reference_ends(world: World, _: Told) -> Iterator[Danger]:
    for row in suppliers.listed(world.projections, world.connection):
        text = f"supplier {row.key} is {row.state} ({row.reason})"
        if row.state == "refused":
            yield Danger(row.stream, f"supplier-refused:{row.reason}", (SupplierRefused,), text)
        if row.state == "held":
            yield Danger(row.stream, "supplier-excluded", (SupplierConfirmed,), text)
    for code in ledger_codes.listed(world.projections, world.connection):
        if code.state == "refused":
            text = f"code {code.key} is refused ({code.reason})"
            yield Danger(code.stream, f"ledger-code-refused:{code.reason}", (LedgerCodeRefused,), text)


def _payment_ends(world: World, told: Told) -> Iterator[Danger]:
    reports = (y.PaymentReported, y.PaymentSettled, y.PaymentStatusUnknown, y.PaymentCleared)
    for view in payments.listed(world.projections, world.connection):
        stream, name = view.payment.stream, f"payment {view.payment.payment_id}"
        last = told.last(stream, *reports, y.PaymentChangedAfterSettling, y.PaymentReversed)
        if last is not None and isinstance(last.event, y.PaymentStatusUnknown):
            cause = f"payment-status-unknown:{last.event.field}"
            yield Danger(stream, cause, (y.PaymentStatusUnknown,), f"{name} has a {last.event.field} nobody knows")
        if last is not None and isinstance(last.event, y.PaymentChangedAfterSettling):
            text = f"{name} changed after it was settled"
            yield Danger(stream, "payment-changed", (y.PaymentChangedAfterSettling,), text)
        if told.last(stream, y.PaymentCardNumberDropped) is not None:
            text = f"{name} came with a card number"
            yield Danger(stream, "payment-card-number-dropped", (y.PaymentCardNumberDropped,), text)
        paid = view.payment.folded
        if paid.phase == "held" and paid.waits_for is None:
            yield Danger(stream, f"payment-held:{paid.reason}", (y.PaymentHeld,), f"{name} is held ({paid.reason})")
        if paid.reversal is not None and paid.reversal.tasks and not paid.by_hand:
            yield Danger(stream, "reversal-by-hand", (y.PaymentReversalPlanned,), f"{name} is to be reversed by hand")


def _posting_ends(world: World, _: Told) -> Iterator[Danger]:
    for row in postings.PROJECTION.all(world.projections, connection=world.connection):
        for phase, (cause, kind) in _PHASES.items():
            if row.phase == phase:
                yield Danger(row.stream, cause, (kind,), f"posting {row.key1} is {phase} ({row.reason})")
        if row.kind == "R" and row.phase == "settled_absent":
            text = f"the reversal {row.key1} is not in Infor"
            yield Danger(row.stream, f"posting-reversal-absent:{row.key1}", (p.PostingDoubtResolved,), text)


_PHASES: dict[str, tuple[str, type[Event]]] = {
    "held": ("posting-held", p.PostingHeld),
    "refused": ("posting-refused", p.PostingRefused),
    "waits": ("posting-waits-in-infor", p.PostingWaitsInInfor),
    "desk": ("posting-at-desk", p.PostingToDesk),
}


def _of_the_connection(world: World, told: Told) -> Iterator[Danger]:
    home = world.stream("connection", "")
    first = told.last(home, c.FirstPostingChosen, c.FirstPostingApproved)
    if first is not None and isinstance(first.event, c.FirstPostingChosen):
        text = f"posting {first.event.posting} goes first and waits for a word"
        yield Danger(home, "first-posting", (c.FirstPostingChosen,), text)
    for kind, cause in ((c.StoreWentBack, "store-went-back"), (c.DeadLetterFound, "dead-letter")):
        if told.last(home, kind) is not None:
            yield Danger(home, cause, (kind,), f"{kind.__name__} was recorded")
    for stream, history in told.histories.items():
        last = told.last(stream, o.PollFailed, o.PollCompleted) if _is_poll(history[0].event) else None
        if last is not None and isinstance(last.event, o.PollFailed):
            yield Danger(stream, "poll-failed", (o.PollFailed,), f"the poll of {last.event.flow} fails")


def _is_poll(event: Event) -> bool:
    return event.TOPIC.startswith("poll.")


_DANGERS: tuple[Callable[[World, Told], Iterator[Danger]], ...] = (
    _invoice_ends,
    _reference_ends,
    _payment_ends,
    _posting_ends,
    _of_the_connection,
)
