"""I6 as the store's own log has it: what shut a gate again, nothing passes."""

from collections.abc import Iterator

from domain.event import Event
from domain.identifiers import supplier_key
from domain.invoices import events as i
from domain.invoices import submission_events as s
from domain.postings import events as p
from domain.suppliers import events as v
from domain.suppliers.supplier import EXCLUDED
from tieout.simulation.world import World

SEEN = (v.SupplierRecorded, v.SupplierChanged, v.SupplierBlocked, v.SupplierUnblocked)


class Gates:
    """Which suppliers are confirmed and in use, which invoices are live, by what was said so far."""

    def __init__(self) -> None:
        self.active: set[str] = set()
        self.confirmed: set[str] = set()
        self.live: set[str] = set()

    def hear(self, event: Event) -> None:
        """Take a fact in; a supplier that Infor blocks must be confirmed anew, a dead invoice found again."""
        match event:
            case _ if isinstance(event, SEEN):
                self._seen(event.content)
            case v.SupplierConfirmed(key=key):
                if event.enrolment == EXCLUDED or key not in self.active:
                    self.confirmed.discard(key)
                else:
                    self.confirmed.add(key)
            case s.InvoiceSubmitted() | s.InvoiceFoundByLookup():
                self.live.add(event.key.external_id)
            case s.InvoiceDoubtResolved():
                self._said(event)
            case i.InvoiceRejectedByAvid():
                self.live.discard(event.key.external_id)
            case _:
                pass

    def _seen(self, content: v.SupplierContent) -> None:
        key = supplier_key(content.company, content.number)
        if content.active:
            self.active.add(key)
        else:
            self.active.discard(key)
            self.confirmed.discard(key)

    def _said(self, word: s.InvoiceDoubtResolved) -> None:
        if word.resolution == "posted":
            self.live.add(word.key.external_id)
        else:
            self.live.discard(word.key.external_id)


def nothing_passes_a_shut_gate(world: World) -> Iterator[str]:
    """I6: no invoice goes out while its supplier is not in use and confirmed, none is paid that is not live."""
    gates = Gates()
    for recorded in world.history():
        match recorded.event:
            case s.InvoiceSubmissionStarted(key=key) if key.vendor_external_id not in gates.confirmed:
                yield f"{key.external_id} is sent while its supplier is blocked or not confirmed"
            case p.PostingPlanned(plan=plan) if plan.kind == "T":
                dead = [line.invoice.external_id for line in plan.lines if line.invoice.external_id not in gates.live]
                if dead:
                    yield f"posting {plan.key1} is planned while {dead[0]} is not live"
            case other:
                gates.hear(other)
