"""What befalls a write on its way to the fake ledger, as tests script it."""

import msgspec

from domain.ports.answers import Verdict


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A scripted fault of one write. done: the work was done in spite of it; late: it is done by `deliver_late`."""

    verdict: Verdict = Verdict.DOUBT
    done: bool = False
    late: bool = False
    code: str = ""
    text: str = "scripted"
    retry_after: float | None = None


LOST = Fault(text="lost on the way there")
ANSWER_LOST = Fault(done=True, text="lost on the way back")
LATE = Fault(late=True, text="done after we gave up")
NOT_SENT = Fault(verdict=Verdict.NOT_SENT, code="HTTP_429", retry_after=1.0)
