"""What befalls a write on its way to the fake ledger, as tests script it."""

import msgspec

from domain.ports.answers import CallAnswer, Verdict


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A scripted fault of one write. done: the work was done in spite of it; late: it is done by `deliver_late`."""

    verdict: Verdict = Verdict.DOUBT
    done: bool = False
    late: bool = False
    code: str = ""
    text: str = "scripted"
    retry_after: float | None = None
    to_mend: bool = False

    @property
    def answer(self) -> CallAnswer:
        """What the sender hears."""
        wait = self.retry_after
        return CallAnswer(verdict=self.verdict, code=self.code, text=self.text, retry_after=wait, to_mend=self.to_mend)


LOST = Fault(text="lost on the way there")
ANSWER_LOST = Fault(done=True, text="lost on the way back")
LATE = Fault(late=True, text="done after we gave up")
NOT_SENT = Fault(verdict=Verdict.NOT_SENT, code="HTTP_429", retry_after=1.0)
FORBIDDEN = Fault(verdict=Verdict.NOT_SENT, code="HTTP_403", text="the gateway answered 403", to_mend=True)
