"""What an errand says once and not at every try: that its call does not work, and that it works again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.errands.events import ErrandFailed, ErrandRecovered
from domain.event import Event, Recorded

STOP = "stop"
RETRY = "retry bounded"
MOST_TEXTS = 5  # of one failure: what a remote quotes may differ at every try
DOUBTFUL_FOR = timedelta(hours=1)  # a first try that works says nothing of the records that failed before


def decide_failed(history: Sequence[Recorded], *, errand: str, flow: str, verdict: str, text: str) -> tuple[Event, ...]:
    """Record the failure unless it stands: a passing one in any words, one for a person in these, or in many."""
    said = ErrandFailed(errand=errand, flow=flow, verdict=verdict, text=text)
    before = _standing(history)
    known = said in before if verdict == STOP else bool(before)
    return () if known or len(before) >= MOST_TEXTS else (said,)


def decide_recovered(
    history: Sequence[Recorded], *, errand: str, flow: str, tried: bool, now: datetime
) -> tuple[Event, ...]:
    """Record that the call works, when a failure stood.

    tried: it worked for what had failed before. Else one record that fails for ever, amid others that go, would end
    its own failure and begin it anew at each try.
    """
    last = failure(history)
    if last is None:
        return ()
    old = now - history[-1].meta.recorded_at >= DOUBTFUL_FOR
    return (ErrandRecovered(errand=errand, flow=flow),) if tried or old or last.verdict == STOP else ()


def failure(history: Sequence[Recorded]) -> ErrandFailed | None:
    """Give the failure that stands, None when there is none."""
    before = _standing(history)
    return before[-1] if before else None


def _standing(history: Sequence[Recorded]) -> list[ErrandFailed]:
    """Give the failures recorded since the last recovery, in order."""
    found: list[ErrandFailed] = []
    for recorded in reversed(history):
        if not isinstance(recorded.event, ErrandFailed):
            break
        found.insert(0, recorded.event)
    return found
