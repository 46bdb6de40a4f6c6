"""Facts about an errand."""

from typing import ClassVar

from domain.event import Event, topic


@topic
class ErrandFailed(Event, frozen=True, kw_only=True):
    """What an errand asks a remote for does not work; verdict: what happens next (retry bounded, stop).

    stop: a person must mend settings, credentials or rights. Faults that pass after a few tries are not recorded.
    """

    TOPIC: ClassVar[str] = "errand.failed/1"
    errand: str
    flow: str
    verdict: str
    text: str


@topic
class ErrandRecovered(Event, frozen=True, kw_only=True):
    """What the errand asks for works again; nothing of it was lost meanwhile."""

    TOPIC: ClassVar[str] = "errand.recovered/1"
    errand: str
    flow: str
