"""What becomes of an upsert that was sent like a money write: the faults its callers know, and what is known of it."""

from collections.abc import Callable

from adapters.http_messages import Reply, Request, WriteFaultError
from domain.errors import MisconfiguredError, TransientError

TOO_MANY = 429
GAVE_UP = 408
SERVER_FAULT = 500


def may_pass(status: int) -> bool:
    """Whether a status tells of a fault that may pass by itself."""
    return status in (GAVE_UP, TOO_MANY) or status >= SERVER_FAULT


def passing_fault(request: Request, reply: Reply) -> TransientError:
    """Word a status that may pass."""
    status = reply.status
    text = f"{request.place}: answered {status}"
    return TransientError(text, retry_after=reply.retry_after, before_processing=status == TOO_MANY, status=status)


def judged_as_upsert(request: Request, write: Callable[[], Reply]) -> Reply:
    """Write, and give the reply; raises TransientError, or MisconfiguredError for what a person must mend.

    Verdict: retry. What wrote nothing was processed by nobody; the outcome of the rest is unknown.
    """
    try:
        reply = write()
    except WriteFaultError as fault:
        if isinstance(fault.__cause__, MisconfiguredError):
            raise fault.__cause__ from None
        in_time = f"{request.place}: no answer in time"
        late = fault.why == "deadline" and not fault.zero_bytes
        raise TransientError(in_time if late else str(fault), before_processing=fault.zero_bytes) from fault
    if may_pass(reply.status):
        raise passing_fault(request, reply)
    if not reply.whole:
        raise TransientError(f"{request.place}: the answer broke off", status=reply.status)
    return reply
