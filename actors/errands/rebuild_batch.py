"""Re-create a submitted batch byte for byte from events and blobs, and prove it by the digests of its intents."""

from collections.abc import Iterable, Sequence

from domain.errors import MalformedError
from domain.event import Recorded
from domain.invoices.rebuild import sent_batch
from domain.ports import PayablesSystem
from domain.ports.payables import EncodedBatch


def rebuild_batch(payables: PayablesSystem, batch: str, histories: Iterable[Sequence[Recorded]]) -> EncodedBatch:
    """Encode the batch again from its members' histories; image bytes come from the blob store.

    Raises MalformedError when the bytes differ from those the intents froze (another mapping, a lost image).
    """
    sent = sent_batch(batch, histories)
    encoded = payables.encode_batch(batch, sent.members)
    if encoded.digest != sent.digest or encoded.record_digests != sent.record_digests:
        raise MalformedError(f"batch {batch}: the re-created body differs from the one sent", record=batch)
    return encoded
