"""What may go wrong at a boundary between a process and the world, and where each of it can happen."""

from enum import StrEnum

from actors.errands.catalogue import ERRANDS, POLLS


class Fault(StrEnum):
    """One mishap at one boundary; `done` or not is drawn where both are possible."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    OTHERS_BEFORE = "others work just before"
    OTHERS_AFTER = "others work before the answer is read"
    STALL_BEFORE = "stalls before, past every deadline"
    STALL_AFTER = "reads the answer too late"
    STALL_SHORT = "stalls before, up to its deadline"
    CLOCK_BACK = "stalls before, its wall clock set back"
    REQUEST_LOST = "request lost"
    RESPONSE_LOST = "response lost"
    TAKEN_LATE = "taken after the sender gave up"
    TAKEN_TWICE = "taken, and once more after the sender gave up"
    SENT_LATE = "sent at the last moment, taken after the sender gave up"
    GATEWAY = "5xx, done or not"
    HTML = "HTML under 200, done or not"
    TOO_MANY = "429 with Retry-After"
    UNAUTHORIZED = "401 in the middle"
    REFUSED = "400 for the whole call"
    BUSINESS_ERROR = "business error inside 200"
    PARTIAL = "a result is missing"
    PAGE_CUT = "the pages end early"
    PAGE_REPEATED = "a page comes twice"
    PAGE_SHIFTED = "a record slips between pages"
    DISK_FULL = "disk full"
    UNKNOWN_COMMIT = "committed, but nobody said so"
    RUNG_TWICE = "rung twice"
    RUNG_LATE = "rung behind a later one"
    RUNG_FOR_NOTHING = "rung though nothing is due"


_EVERYWHERE = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.OTHERS_BEFORE,
    Fault.OTHERS_AFTER,
    Fault.STALL_BEFORE,
    Fault.STALL_AFTER,
)
_ANSWERS = (Fault.GATEWAY, Fault.HTML, Fault.TOO_MANY, Fault.UNAUTHORIZED, Fault.BUSINESS_ERROR)
WRITE = (
    *_EVERYWHERE,
    Fault.STALL_SHORT,
    Fault.CLOCK_BACK,
    Fault.REQUEST_LOST,
    Fault.RESPONSE_LOST,
    Fault.TAKEN_LATE,
    Fault.SENT_LATE,
    *_ANSWERS,
    Fault.REFUSED,
    Fault.PARTIAL,
)
UPSERT = (
    *_EVERYWHERE,
    *(Fault.REQUEST_LOST, Fault.RESPONSE_LOST, Fault.TAKEN_LATE, Fault.TAKEN_TWICE),
    *_ANSWERS,
    *(Fault.REFUSED, Fault.PARTIAL),
)
READ = (*_EVERYWHERE, Fault.REQUEST_LOST, *_ANSWERS)
PAGED_BY_KEY = (*READ, Fault.PAGE_CUT, Fault.PAGE_REPEATED)
PREPARE = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.OTHERS_AFTER, Fault.STALL_AFTER, Fault.TOO_MANY, Fault.GATEWAY)
COMMIT = (*_EVERYWHERE, Fault.DISK_FULL, Fault.UNKNOWN_COMMIT)

DOORBELL = "doorbell"
MONEY_WRITES = ("send_batch", "AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch")
STEPS: dict[str, tuple[Fault, ...]] = {
    **dict.fromkeys(MONEY_WRITES, WRITE),
    **dict.fromkeys(("put_vendors", "put_codes"), UPSERT),
    **dict.fromkeys(("ledger.prepare", "payables.prepare"), PREPARE),
    **dict.fromkeys(
        (
            "server_time",
            "supplier_details",
            "codes",
            "ledger_states",
            "voucher_lines",
            "po_lines",
            "find_image",
            "stream_image",
            "open_batches",
            "payment_rows",
            "find_vendors",
            "list_codes",
            "find_batches",
            "find_invoices",
            "payments_by_id",
        ),
        READ,
    ),
    # Infor is paged by ranges of keys, AvidXchange by page numbers: only there a record slips from page to page.
    **dict.fromkeys(("changed_suppliers", "invoice_heads"), PAGED_BY_KEY),
    **dict.fromkeys(("changed_invoices", "payments"), (*PAGED_BY_KEY, Fault.PAGE_SHIFTED)),
    **{f"append in {name}": COMMIT for name in (*ERRANDS, *POLLS)},
    DOORBELL: (Fault.RUNG_TWICE, Fault.RUNG_LATE, Fault.RUNG_FOR_NOTHING),
    **dict.fromkeys(("claim", "release", "postpone", "poll claim", "poll finish", "poll fail", "relay"), COMMIT),
}
CELLS: tuple[tuple[str, Fault], ...] = tuple((step, fault) for step, faults in STEPS.items() for fault in faults)
NESTING = frozenset(
    {
        *(Fault.OTHERS_BEFORE, Fault.OTHERS_AFTER),
        *(Fault.STALL_BEFORE, Fault.STALL_AFTER, Fault.STALL_SHORT, Fault.CLOCK_BACK),
    }
)
# What must go wrong before a step is reached at all; only schedules that aim at the step arrange it.
LEADS = {
    "find_vendors": ("put_vendors", Fault.RESPONSE_LOST),
    "find_batches": ("send_batch", Fault.RESPONSE_LOST),
    "append in look_up_invoices": ("send_batch", Fault.RESPONSE_LOST),
}


class Crash(BaseException):
    """The process died here."""
