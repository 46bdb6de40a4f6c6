"""How AvidXchange's answers are judged: one verdict table per kind of call, in the words of the doubt protocol.

Money write (POST /invoices/batches)          verdict
    nothing written                           not sent
    401 403 404 405 429                       not sent   (given before anything is processed)
    400 413                                   refused    (the payload was judged)
    200, result matched, Successful true      confirmed  (with an InvoiceId; without one: doubt)
    200, result matched, Successful false     refused    (its first Code)
    200, record without a result              doubt
    everything else, no answer included       doubt
"""

from collections.abc import Sequence

import msgspec

from adapters.avidxchange.wire import Fault, Result, Text, read_refusal, read_results, text
from adapters.http_messages import Reply, WriteFaultError
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError, MisconfiguredError, RefusedError, TieoutError, TransientError
from domain.ports.answers import CallAnswer, RecordAnswer, Verdict

OK = 200
WHOLE_CALL: dict[int, Verdict] = {
    400: Verdict.REFUSED,
    401: Verdict.NOT_SENT,
    403: Verdict.NOT_SENT,
    404: Verdict.NOT_SENT,
    405: Verdict.NOT_SENT,
    413: Verdict.REFUSED,
    429: Verdict.NOT_SENT,
}
LOGIN = 401
FORBIDDEN = 403
SAYS: dict[int, str] = {
    400: "the request is not what it expects",
    401: "it does not take the credentials: `tieout connection rotate` puts in new ones",
    403: "the account has no right to this",
    404: "there is no such address: see avidxchange.base_url and avidxchange.paths",
    405: "the address does not take this: see avidxchange.paths",
    413: "the request is too large",
    429: "the quota is used up",
}
TO_MEND = (401, 403, 404, 405)
NO_LOGIN = f"AvidXchange answered {LOGIN}: {SAYS[LOGIN]}"  # the poll's row keeps it, alerts know it by it


class BatchItem(msgspec.Struct, rename="pascal"):
    """What comes back of one submitted invoice."""

    external_id: Text = None
    invoice_id: Text = None
    status: Text = None


def judge_batch(reply: Reply, external_ids: Sequence[str]) -> CallAnswer:
    """Judge the answer to a batch; an answered batch has an entry for each of `external_ids`."""
    verdict = WHOLE_CALL.get(reply.status)
    if verdict is not None:
        return CallAnswer(
            verdict=verdict,
            code=f"HTTP_{reply.status}",
            text=explain(reply),
            retry_after=reply.retry_after,
            to_mend=reply.status in TO_MEND,
        )
    if reply.status != OK or not reply.whole:
        why = f"HTTP_{reply.status}" if reply.status != OK else "CUT"
        said = f"AvidXchange answered {reply.status}, which does not tell what happened"
        return CallAnswer(verdict=Verdict.DOUBT, code=why, text=said, retry_after=reply.retry_after)
    try:
        results = read_results(reply)
    except MalformedError as error:
        return CallAnswer(verdict=Verdict.DOUBT, code="UNREADABLE", text=str(error))
    return CallAnswer(verdict=Verdict.CONFIRMED, records=_by_external_id(results, external_ids))


def judge_fault(fault: WriteFaultError) -> CallAnswer:
    """Judge a batch that brought no answer: not sent when no byte was written, else doubt."""
    verdict = Verdict.NOT_SENT if fault.zero_bytes else Verdict.DOUBT
    return CallAnswer(verdict=verdict, code=fault.why.upper().replace(" ", "_"), text=str(fault))


def refusal(result: Result) -> RecordAnswer:
    """Give the refusal of one record: its first code, every message."""
    return RecordAnswer(verdict=Verdict.REFUSED, code=_code(result.faults), text=_messages(result.faults))


def read_error(reply: Reply) -> TieoutError:
    """Say why a read (already retried, already logged in again) brought nothing."""
    if WHOLE_CALL.get(reply.status) is Verdict.REFUSED:
        return RefusedError(explain(reply), code=f"HTTP_{reply.status}", status=reply.status)
    if reply.status in WHOLE_CALL or 300 <= reply.status < 400:  # noqa: PLR2004 - the redirections
        return MisconfiguredError(explain(reply))
    return TransientError(explain(reply), retry_after=reply.retry_after, status=reply.status)


def upsert_error(reply: Reply) -> TieoutError:
    """Say why an upsert as a whole brought nothing, and whether anything may have been processed."""
    verdict = WHOLE_CALL.get(reply.status)
    if verdict is Verdict.REFUSED:
        return RefusedError(explain(reply), code=f"HTTP_{reply.status}", status=reply.status)
    before = verdict is Verdict.NOT_SENT
    return TransientError(explain(reply), retry_after=reply.retry_after, before_processing=before, status=reply.status)


def codes_forbidden(reply: Reply) -> RefusedError:
    """Say what to do where the account does not let codes be written."""
    said = (
        f"AvidXchange answered {reply.status}: this account does not let codes be written; "
        'set avidxchange.gl_accounts = "verify" to compare them only'
    )
    return RefusedError(said, code=f"HTTP_{reply.status}", status=reply.status)


def explain(reply: Reply) -> str:
    """Say an unsuccessful status in one sentence; the body of a failed log-in is never quoted."""
    said = f"AvidXchange answered {reply.status}: {SAYS.get(reply.status, 'it gives no usable answer')}"
    if reply.status == LOGIN or not reply.body:
        return said
    reason, detail = read_refusal(reply)
    quoted = ": ".join(part for part in (reason, detail) if part)
    return f"{said} ({quoted})" if quoted else said


def _by_external_id(results: Sequence[Result], external_ids: Sequence[str]) -> dict[str, RecordAnswer]:
    wanted = set(external_ids)
    answers: dict[str, RecordAnswer] = {}
    for result in results:
        item = _item(result)
        external_id = text(item.external_id) if item is not None else ""
        if item is None or external_id not in wanted:
            continue
        answer = _receipt(result, item)
        if external_id in answers and answers[external_id] != answer:
            answer = RecordAnswer(verdict=Verdict.DOUBT, code="ANSWERED_TWICE", text="two results for one invoice")
        answers[external_id] = answer
    unmatched = RecordAnswer(verdict=Verdict.DOUBT, code="NO_RESULT", text="AvidXchange gave no result for it")
    return {external_id: answers.get(external_id, unmatched) for external_id in external_ids}


def _receipt(result: Result, item: BatchItem) -> RecordAnswer:
    invoice_id = text(item.invoice_id)
    if result.successful is False:
        return refusal(result)
    if result.successful and invoice_id:
        return RecordAnswer(verdict=Verdict.CONFIRMED, item_id=invoice_id, status=text(item.status))
    said = "AvidXchange's result is no receipt: it says neither no nor an InvoiceId"
    return RecordAnswer(verdict=Verdict.DOUBT, code="NO_RECEIPT", text=said)


def _item(result: Result) -> BatchItem | None:
    """Read whom a result is about; None when it does not tell, which leaves its record in doubt."""
    try:
        return msgspec.json.decode(result.item, type=BatchItem)
    except UNREADABLE:
        return None


def _code(faults: Sequence[Fault]) -> str:
    return next((text(fault.code) for fault in faults if text(fault.code)), "REFUSED")


def _messages(faults: Sequence[Fault]) -> str:
    said = "; ".join(text(fault.message) for fault in faults if text(fault.message))
    return said or "AvidXchange refused it without a word"
