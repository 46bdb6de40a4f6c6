"""What people did about an issue; one stream per cause."""

from typing import ClassVar

from domain.event import Event, topic


@topic
class IssueRetried(Event, frozen=True, kw_only=True):
    """A person asked to try the records under the issue again (their own events stand in their streams)."""

    TOPIC: ClassVar[str] = "issue.retried/1"
    cause: str
    person: str
    reason: str
    records: tuple[str, ...]


@topic
class IssueResolved(Event, frozen=True, kw_only=True):
    """A person closed the issue and said why."""

    TOPIC: ClassVar[str] = "issue.resolved/1"
    cause: str
    person: str
    reason: str
