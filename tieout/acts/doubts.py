"""A person settles a doubt: an invoice that may be at AvidXchange, a posting that may be booked in Infor."""

from uuid import UUID

import msgspec

from actors.errands.posting_facts import ended_for_invoices, posted_for_invoices
from actors.errands.streams import invoice_stream
from actors.settle import Decide, History, appended
from domain.errors import RefusedError
from domain.event import Append
from domain.invoices import invoice
from domain.invoices.persons import decide_doubt_resolution
from domain.payments import payment
from domain.payments.payment import Payment
from domain.payments.persons import decide_found_absent
from domain.postings import posting
from domain.postings.events import EvidenceRow, PostingPlan
from domain.postings.persons import ABSENT, decide_resolution, is_unbooked_reversal
from domain.postings.posting import Posting
from tieout.acts.act import Act
from tieout.acts.retry import kind_of

_WORD_OF_A_PERSON = "a person's word"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What the person says: resolution is posted, posted-by-hand (with the voucher) or absent."""

    resolution: str
    voucher: str = ""
    avid_invoice_id: str = ""


def resolve(act: Act, stream: UUID, word: Word) -> str:
    """Append the person's word and what follows from it; give the record's kind.

    Raises RefusedError when the word does not fit the record, or comes before a late answer is ruled out.
    """
    history = act.log.load([stream])
    kind = kind_of(history[stream])
    if kind == "payment":
        stream, kind = _open_posting(act, payment.fold(history[stream])), "posting"
    if kind == "invoice":
        _resolve_invoice(act, stream, word)
    elif kind == "posting":
        _resolve_posting(act, stream, word)
    else:
        raise RefusedError("the record is neither an invoice nor a posting: nothing is in doubt", code="NOT_IN_DOUBT")
    return kind


def _open_posting(act: Act, state: Payment) -> UUID:
    """Give the one posting a payment stands for: people know payments, one voucher belongs to one posting.

    Raises RefusedError when none of its postings is open, or several are.
    """
    legs = (*state.legs, *(state.reversal.reversing if state.reversal else ()))
    streams = {leg.posting: act.stream("posting", leg.posting) for leg in legs}
    history = act.log.load(list(streams.values()))
    states = {key1: posting.fold(history[stream]) for key1, stream in streams.items()}
    still_open = [key1 for key1, state in states.items() if _is_open(state)]
    if not still_open:
        raise RefusedError("none of the payment's postings is open: nothing is in doubt", code="NOT_IN_DOUBT")
    if len(still_open) > 1:
        raise RefusedError(f"the payment has several postings, name one: {', '.join(still_open)}", code="SEVERAL")
    return streams[still_open[0]]


def _is_open(state: Posting) -> bool:
    return not state.ended or state.phase == "refused" or is_unbooked_reversal(state)


def _resolve_invoice(act: Act, stream: UUID, word: Word) -> None:
    if word.voucher:
        raise RefusedError("a voucher belongs to a posting, this is an invoice", code="VOUCHER")

    def decide(history: History) -> list[Append]:
        state = invoice.fold(history[stream])
        facts = decide_doubt_resolution(
            state,
            resolution=word.resolution,
            person=act.person,
            reason=act.reason,
            avid_invoice_id=word.avid_invoice_id,
        )
        settled_at = state.attempt.look_at if state.attempt else act.log.now()
        if act.log.now() < settled_at and (word.resolution == ABSENT or state.stage == "sending"):
            text = f"the submission may still arrive until {settled_at.isoformat(timespec='seconds')}: resolve it then"
            raise RefusedError(text, code="TOO_EARLY")
        return [appended(history[stream], stream, *facts)]

    act.settle([stream], _once(stream, decide))


def _resolve_posting(act: Act, stream: UUID, word: Word) -> None:
    plan = posting.fold(act.log.load([stream])[stream]).plan
    if plan is None:
        raise RefusedError("the posting was never planned", code="NOT_IN_DOUBT")
    invoices = [invoice_stream(act.connection, line.invoice) for line in plan.lines]
    home = act.stream("payment", plan.payment_id)

    def decide(history: History) -> list[Append]:
        act.refuse_while_held()
        state = posting.fold(history[stream])
        facts = decide_resolution(
            state,
            resolution=word.resolution,
            voucher=word.voucher,
            person=act.person,
            reason=act.reason,
            now=act.log.now(),
            settle=act.settle_infor,
        )
        left = decide_found_absent(payment.fold(history[home]), plan.key1) if word.resolution == ABSENT else ()
        return [
            appended(history[stream], stream, *facts),
            *_for_invoices(act, plan, history, word),
            appended(history[home], home, *left),
        ]

    act.settle([stream, home, *invoices], _once(stream, decide))


def _once(stream: UUID, decide: Decide) -> Decide:
    """Decide once: after an unknown commit our own event ends the stream, and nothing is left to say."""
    lengths: list[int] = []

    def decide_once(history: History) -> list[Append]:
        lengths.append(len(history[stream]))
        newest = history[stream][-1].event.TOPIC
        if lengths[-1] > lengths[0] and newest.endswith(".doubt-resolved/1"):
            return []
        return list(decide(history))

    return decide_once


def _for_invoices(act: Act, plan: PostingPlan, history: History, word: Word) -> list[Append]:
    if word.resolution == ABSENT:
        return ended_for_invoices(act.connection, plan, history, why=f"{act.person}: {act.reason}")
    rows = [
        EvidenceRow(
            invoice=line.invoice,
            ledger_row="",
            voucher=word.voucher,
            amount=abs(line.net),
            accounting_date=None,
            text=_WORD_OF_A_PERSON,
        )
        for line in plan.lines
    ]
    return posted_for_invoices(act.connection, plan, history, rows)
