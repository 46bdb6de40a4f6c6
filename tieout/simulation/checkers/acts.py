"""I12, before and after: what a person acted on was known before, and stands otherwise since."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.connections import connection
from domain.event import Recorded
from domain.invoices import invoice
from domain.invoices.submission_events import InvoiceResubmissionOrdered
from domain.ledger_codes import ledger_code
from domain.payments import payment
from domain.postings import posting
from domain.suppliers import supplier
from tieout.simulation.world import World

OURSELVES = "tieout"
FOLDS: dict[str, Callable[[Sequence[Recorded]], Any]] = {
    "connection": connection.fold,
    "invoice": invoice.fold,
    "ledger-code": ledger_code.fold,
    "payment": payment.fold,
    "posting": posting.fold,
    "supplier": supplier.fold,
}

HURRIES = (InvoiceResubmissionOrdered,)  # one that waits already is due at once, and no other than before


def acts_show_before_and_after(world: World) -> Iterator[str]:
    """I12: the log shows the record before each act of a person, and that the act made another one of it."""
    histories: dict[UUID, list[Recorded]] = defaultdict(list)
    for recorded in world.history():
        past = histories[recorded.stream]
        fold = FOLDS.get(recorded.event.TOPIC.partition(".")[0])
        if recorded.meta.actor != OURSELVES and fold is not None:
            if not past:
                yield f"{recorded.event.TOPIC} of {recorded.meta.actor} has no before: nothing was known of its record"
            elif not isinstance(recorded.event, HURRIES) and _as_seen(fold(past)) == _as_seen(fold([*past, recorded])):
                yield f"{recorded.event.TOPIC} of {recorded.meta.actor} left its record as it was"
        past.append(recorded)


def _as_seen(state: Any) -> Any:
    """Give a state without the count of its facts, which every fact changes."""
    return msgspec.structs.replace(state, version=0)
