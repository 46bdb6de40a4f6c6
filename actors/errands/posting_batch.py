"""A batch of postings in hand: their states from the log, and what Infor shows of them, read in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from actors.errands.posting_facts import original_key
from actors.errands.streams import connection_stream, invoice_stream, posting_stream
from actors.settle import History
from actors.tools import Tools
from domain.connections import connection
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.ports.ledger import Problem
from domain.ports.store import DueRow
from domain.postings import posting
from domain.postings.events import PostingPlan
from domain.postings.evidence import Rows

CUT_OFF = "the tenant cuts Infor's lists off before their end"
LOOK_BACK = timedelta(days=45)  # payment rows older than this before the accounting date are none of ours


@dataclass(frozen=True)
class Hand:
    """Claimed rows with the postings they are about, by KEY1; versions: the postings' when they were taken in hand."""

    rows: dict[str, DueRow]
    plans: dict[str, PostingPlan]
    versions: dict[str, int]

    def streams(self, connection_id: UUID) -> list[UUID]:
        """The streams every decision about these postings reads: postings, invoices, connection."""
        keys = {key for key1 in self.plans for key in (key1, original_key(key1))}
        postings = [posting_stream(connection_id, key1) for key1 in sorted(keys)]
        invoices = [invoice_stream(connection_id, key) for key in self.invoices()]
        return [connection_stream(connection_id), *postings, *invoices]

    def invoices(self) -> list[InvoiceKey]:
        """Every invoice the postings pay, once."""
        return list(dict.fromkeys(line.invoice for plan in self.plans.values() for line in plan.lines))

    def only(self, keys: Iterable[str]) -> "Hand":
        """The part of the hand with these KEY1s."""
        kept = set(keys)
        return Hand(
            {key: row for key, row in self.rows.items() if key in kept},
            {key: plan for key, plan in self.plans.items() if key in kept},
            {key: version for key, version in self.versions.items() if key in kept},
        )


@dataclass(frozen=True)
class LedgerView:
    """What Infor shows: balances, payment rows, batches still open in GLS840 (each may lag behind a write).

    unreadable: invoices without a usable balance; cut: those whose payment rows may not all be there.
    """

    states: dict[InvoiceKey, LedgerState | None]
    rows: Rows
    open_batches: frozenset[str]
    unreadable: frozenset[InvoiceKey] = field(default_factory=frozenset)
    cut: frozenset[InvoiceKey] = field(default_factory=frozenset)

    def first_cut(self, plan: PostingPlan) -> InvoiceKey | None:
        """Give the first invoice of a plan of which absence says nothing."""
        return next((line.invoice for line in plan.lines if line.invoice in self.cut), None)


def take_in_hand(tools: Tools, rows: Sequence[DueRow]) -> tuple[Hand, list[DueRow]]:
    """Load the postings of claimed rows; give the hand and the rows without a plan (there should be none)."""
    history = tools.log.load([row.aggregate for row in rows])
    hand = Hand({}, {}, {})
    lost = []
    for row in rows:
        state = posting.fold(history[row.aggregate])
        if state.plan is None:
            lost.append(row)
        else:
            hand.rows[state.plan.key1] = row
            hand.plans[state.plan.key1] = state.plan
            hand.versions[state.plan.key1] = state.version
    return hand, lost


def moved_rows(tools: Tools, hand: Hand) -> tuple[list[DueRow], list[DueRow]]:
    """Split the rows: those whose posting has new facts since it was taken in hand, and the others."""
    history = tools.log.load([posting_stream(tools.connection, key1) for key1 in hand.plans])
    moved: list[DueRow] = []
    idle: list[DueRow] = []
    for key1, row in hand.rows.items():
        unchanged = state_of(tools, key1, history).version == hand.versions[key1]
        (idle if unchanged else moved).append(row)
    return moved, idle


def read_ledger(tools: Tools, hand: Hand) -> LedgerView:
    """Read balances, open batches and payment rows of the postings in hand: three kinds of bulk calls.

    The rows come last: a batch that M3 posts meanwhile then shows as posted, never as gone without a trace.
    """
    if not hand.plans:
        return LedgerView({}, {}, frozenset())
    states, unreadable = read_states(tools, hand)
    since = min(plan.accounting_date for plan in hand.plans.values()) - LOOK_BACK
    shown = read_open_batches(tools, hand)
    paid = tools.ledger.payment_rows(hand.invoices(), since=since)
    return LedgerView(states, paid.rows, shown, unreadable, paid.cut)


def read_states(tools: Tools, hand: Hand) -> tuple[dict[InvoiceKey, LedgerState | None], frozenset[InvoiceKey]]:
    """Read the balances; give them and the invoices whose answer was no usable one."""
    answers = tools.ledger.ledger_states(hand.invoices())
    states = {key: answer for key, answer in answers.items() if not isinstance(answer, Problem)}
    return states, frozenset(key for key, answer in answers.items() if isinstance(answer, Problem))


def read_open_batches(tools: Tools, hand: Hand) -> frozenset[str]:
    """Read which KEY1s GLS840 still shows, in bulk across divisions."""
    return tools.ledger.open_batches([(plan.division, plan.key1) for plan in hand.plans.values()])


def state_of(tools: Tools, key1: str, history: History) -> posting.Posting:
    """Fold one posting out of a history."""
    return posting.fold(history[posting_stream(tools.connection, key1)])


def where_to_look(plan: PostingPlan) -> str:
    """Say what a person's word must rest on when the log is no proof: any voucher may settle it, whatever its KEY1."""
    if plan.kind == "R":
        return f"look in M3 whether {plan.key1} took payment {plan.payment_id} back, in GLS037 too"
    return (
        f"look in M3, in GLS037 too, for every voucher of payment {plan.payment_id} (number {plan.number}) in division"
        f" {plan.division}, whatever its KEY1 and text: it is absent only when there is none; one that is booked"
        " settles it as posted-by-hand"
    )


def read_back_only(state: posting.Posting, conn: connection.Connection) -> bool:
    """Whether it may be booked without a word in this log: look, never write."""
    return posting.is_forgotten(state, conn.unsure_before)
