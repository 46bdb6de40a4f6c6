"""How Infor's answers are judged, as tables: what a code means to a reader, and the verdicts on GLS840 steps.

Judged by code and status, never by text. A write's answer is exactly one of not sent, refused, confirmed, doubt;
whatever stands in no table is doubt.
"""

from adapters.http_messages import Reply, WriteFaultError
from adapters.infor.answers import Kind, Outcome, read_termination
from domain.errors import MisconfiguredError, RefusedError, TransientError
from domain.ports.answers import CallAnswer, RecordAnswer, Verdict

NO_SUPPLIER = "WSU0103"
NOTHING_FOUND = frozenset({"XRE0103", NO_SUPPLIER})
EXISTS = "XRE0104"
NO_COMPANY = "XAU0008"
TRANSACTION_MISSING = "TransactionNotFound"
FIELD_TOO_LONG = "FIELD_TOO_LONG"

HANDOVER = "UpdBatch"  # the point of no return: a NOK from it is doubt
ADDING = frozenset({"AddBatchHead", "AddBatchLine"})  # of these XRE0104 means: it is there already
STATUS_ADDED = "added"
STATUS_FOUND = "found"

OK, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, BAD_METHOD, TOO_LARGE = 200, 400, 401, 403, 404, 405, 413
_PAYLOAD_JUDGED = (BAD_REQUEST, TOO_LARGE)
_BEFORE_PROCESSING = (UNAUTHORIZED, FORBIDDEN, NOT_FOUND, BAD_METHOD, 429)
_ADDRESS = {
    FORBIDDEN: "the service account lacks a role: give it the roles the connection needs, in Infor's user management",
    NOT_FOUND: "the path does not exist: check that the .ionapi file belongs to this tenant",
    BAD_METHOD: "the gateway does not allow the call: M3 REST and IDM must be authorized for the tenant's gateway",
}

# Verdict on one GLS840 transaction by what M3 said of it; UpdBatch has its own column.
_STEP_VERDICTS: dict[Kind, tuple[Verdict, Verdict]] = {
    Kind.ROWS: (Verdict.CONFIRMED, Verdict.CONFIRMED),
    Kind.REFUSED: (Verdict.REFUSED, Verdict.DOUBT),
    Kind.TERMINATED: (Verdict.REFUSED, Verdict.DOUBT),
    Kind.SKIPPED: (Verdict.NOT_SENT, Verdict.NOT_SENT),
    Kind.MISSING: (Verdict.DOUBT, Verdict.DOUBT),
    Kind.BROKEN: (Verdict.DOUBT, Verdict.DOUBT),
}


def judge_step(step: str, outcome: Outcome) -> RecordAnswer:
    """Give the verdict on one transaction of the chain."""
    if step in ADDING and outcome.kind is Kind.REFUSED and outcome.code == EXISTS:
        return RecordAnswer(verdict=Verdict.CONFIRMED, status=STATUS_FOUND, code=EXISTS)
    verdict = _STEP_VERDICTS[outcome.kind][step == HANDOVER]
    status = STATUS_ADDED if verdict is Verdict.CONFIRMED else ""
    text = outcome.text or (outcome.kind.value if verdict is not Verdict.CONFIRMED else "")
    return RecordAnswer(verdict=verdict, status=status, code=outcome.code, text=text, field=outcome.field)


def judge_status(reply: Reply, *, handover: bool) -> CallAnswer:
    """Give the verdict on a whole call that was not answered with 200. handover: it holds an UpdBatch."""
    if reply.status in _BEFORE_PROCESSING:
        verdict = Verdict.NOT_SENT
    elif reply.status in _PAYLOAD_JUDGED and not handover:
        verdict = Verdict.REFUSED
    else:
        verdict = Verdict.DOUBT
    ended = read_termination(reply.body)
    said = (f"the gateway answered {reply.status}", ended.text, _ADDRESS.get(reply.status, ""))
    code = ended.kind or f"HTTP_{reply.status}"
    to_mend = reply.status in (UNAUTHORIZED, *_ADDRESS)
    text = ": ".join(part for part in said if part)
    return CallAnswer(verdict=verdict, code=code, text=text, retry_after=reply.retry_after, to_mend=to_mend)


def judge_fault(fault: WriteFaultError) -> CallAnswer:
    """Give the verdict on a call that brought no answer."""
    verdict = Verdict.NOT_SENT if fault.zero_bytes else Verdict.DOUBT
    return CallAnswer(verdict=verdict, code=fault.why, text=str(fault))


def check_read(reply: Reply, *, what: str) -> None:
    """Raise what a reader must know of a status other than 200 and 400 (those speak for themselves)."""
    status = reply.status
    if status in (OK, BAD_REQUEST):
        return
    if status in _ADDRESS:
        raise MisconfiguredError(f"Infor answered {status} to {what}: {_ADDRESS[status]}")
    if status == UNAUTHORIZED:
        text = f"Infor refused a fresh token for {what}"
        raise TransientError(text, before_processing=True, status=status)
    if status == TOO_LARGE:
        raise RefusedError(f"Infor answered {status} to {what}", code=f"HTTP_{status}", status=status)
    raise TransientError(f"Infor answered {status} to {what}", status=status, retry_after=reply.retry_after)


def no_company(company: int) -> MisconfiguredError:
    """Say that the service account may not work in the company (XAU0008)."""
    text = f"Infor's service account is not authorized for company {company}"
    return MisconfiguredError(f"{text}: give its M3 user access, or correct `company` in the settings")
