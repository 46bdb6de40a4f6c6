"""Re-create the members of a batch as they were sent, from their histories alone: what an auditor needs."""

from collections.abc import Iterable, Sequence

import msgspec

from domain.errors import MalformedError
from domain.event import Recorded
from domain.invoices.invoice import fold
from domain.invoices.submission_events import InvoiceSubmissionStarted
from domain.ports.payables import BatchMember


class SentBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The members in order of position, and the digests their intents froze (body, and record by ExternalId)."""

    batch: str
    members: tuple[BatchMember, ...]
    digest: str
    record_digests: dict[str, str]


def sent_batch(batch: str, histories: Iterable[Sequence[Recorded]]) -> SentBatch:
    """Fold each member's history up to its intent; content and image are those of that moment.

    Raises MalformedError when the histories are not exactly the batch's members.
    """
    found = [pair for history in histories for pair in _intents(batch, history)]
    found.sort(key=lambda pair: pair[0].position)
    positions = [intent.position for intent, _ in found]
    if not found or positions != list(range(1, found[0][0].members + 1)):
        raise MalformedError(f"batch {batch}: its members are not all there, positions {positions}", record=batch)
    return SentBatch(
        batch=batch,
        members=tuple(member for _, member in found),
        digest=found[0][0].batch_digest,
        record_digests={intent.key.external_id: intent.record_digest for intent, _ in found},
    )


def _intents(batch: str, history: Sequence[Recorded]) -> Iterable[tuple[InvoiceSubmissionStarted, BatchMember]]:
    for at, recorded in enumerate(history):
        intent = recorded.event
        if isinstance(intent, InvoiceSubmissionStarted) and intent.batch == batch:
            state = fold(history[:at])
            if state.content is None:
                raise MalformedError(f"batch {batch}: an intent without content", record=intent.key.external_id)
            image = state.image if intent.image else None
            yield intent, BatchMember(key=intent.key, content=state.content, image=image)
