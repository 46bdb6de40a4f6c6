"""Invoices and their batches at the pretend AvidXchange: submission, processing in time, look-ups that lag."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.avidxchange.desk import Desk, by_change
from sandbox.avidxchange.fields import Fields, read_object, records_of
from sandbox.avidxchange.invoice_checks import KNOWN, check_invoice
from sandbox.avidxchange.records import Batch, Invoice
from sandbox.avidxchange.wire import Accent, Outcome, RefusedRequestError, only_known, wanted_ids

MOST_INVOICES = 50
LONGEST_ID = 100


class InvoiceDesk(Desk):
    """POST /invoices/batches and the look-ups of batches and invoices."""

    async def post(self, request: Request) -> Response:
        """Take a batch of up to 50 invoices; the same ExternalId again makes a second live invoice."""
        keys = frozenset({"ExternalId", "Invoices"})
        body = await read_object(request, limit_bytes=self.options.max_body_bytes, keys=keys)
        records = records_of(body["Invoices"], name="Invoices", most=MOST_INVOICES)
        batch_id = body["ExternalId"]
        if type(batch_id) is not str or not 0 < len(batch_id) <= LONGEST_ID:
            raise RefusedRequestError(400, "ExternalId of the batch must be text of 1 to 100 characters")
        self.books.run_due(self.clock.now)
        return self.wire.results(lambda accent: self._take(batch_id, records, accent))

    async def get(self, request: Request) -> Response:
        """Look invoices up by external ids or by the days of their last change."""
        only_known(request, "externalIds", "lastModifiedFrom", "lastModifiedTo")
        ids, window = wanted_ids(request, "externalIds"), self.window(request)
        shown = self.books.invoices.shown
        if ids is not None:
            candidates = (invoice for one in ids for invoice in self.books.by_external_id.get(one, ()))
            invoices = [shown[one.invoice_id] for one in candidates if one.invoice_id in shown]
        elif window is not None:
            invoices = by_change(shown.values(), *window)
        else:
            raise RefusedRequestError(400, "invoices are listed by externalIds or lastModifiedFrom")
        return self.wire.listing(request, invoices, _invoice_item)

    async def get_batches(self, request: Request) -> Response:
        """Look batches up by their external ids."""
        only_known(request, "externalIds")
        ids = wanted_ids(request, "externalIds")
        if ids is None:
            raise RefusedRequestError(400, "batches are listed by externalIds")
        wanted = set(ids)
        batches = [batch for batch in self.books.batches.shown.values() if batch.external_id in wanted]
        return self.wire.listing(request, batches, _batch_item)

    def _take(self, batch_id: str, records: list[Any], accent: Accent) -> list[Outcome]:
        now, lag = self.clock.now(), self.options.search_lag_seconds
        batch_shown_at = now + self.books.lag(lag)
        outcomes, taken = [], 0
        for record in records:
            fields = Fields(record, known=KNOWN)
            invoice = check_invoice(fields, self.books, self.options, batch=batch_id, now=now)
            if fields.errors:
                outcomes.append(Outcome({"ExternalId": invoice.external_id}, fields.errors))
                continue
            invoice.invoice_id = self.books.next_id("invoice")
            self.books.add_invoice(invoice)
            self._process_invoice(invoice, now, batch_shown_at)
            taken += 1
            outcomes.append(
                Outcome(
                    {
                        "InvoiceId": accent.number(invoice.invoice_id),
                        "ExternalId": invoice.external_id,
                        "Status": invoice.status,
                    }
                )
            )
        self._process_batch(batch_id, taken, len(records), now, batch_shown_at)
        return outcomes

    def _process_invoice(self, invoice: Invoice, now: datetime, batch_shown_at: datetime) -> None:
        # The batch is worked through after the answer: its invoices become searchable one by one,
        # never before the batch itself.
        books, span = self.books, self.options.batch_seconds
        created = now + timedelta(seconds=books.random.uniform(0, span * 0.9))
        first_shown = max(batch_shown_at, created + books.lag(self.options.search_lag_seconds))
        books.publish(books.invoices, invoice.invoice_id, msgspec.structs.replace(invoice), first_shown)

        def start_workflow() -> None:
            if invoice.status == "Received":
                change_invoice(self, invoice, status="In Workflow")

        books.at(now + timedelta(seconds=span), start_workflow)

    def _process_batch(self, external_id: str, taken: int, sent: int, now: datetime, shown: datetime) -> None:
        books, span = self.books, self.options.batch_seconds
        processing = "Processing" if taken == sent else "Processing with Exceptions"
        batch_id = books.next_id("batch")
        for share, status in ((0.0, "Received"), (0.3, processing), (1.0, "Closed")):
            when = now + timedelta(seconds=span * share)
            batch = Batch(batch_id, external_id, status, taken, when)
            books.batches.true[batch_id] = batch
            seen = shown if status == "Received" else when + books.lag(self.options.search_lag_seconds)
            books.publish(books.batches, batch_id, batch, max(shown, seen))


def change_invoice(desk: Desk, invoice: Invoice, *, status: str, reason: str | None = None) -> None:
    """Give an invoice a new status; searches notice it after the lag."""
    books, now = desk.books, desk.clock.now()
    invoice.status, invoice.reason, invoice.last_modified = status, reason, now
    if invoice.invoice_id in books.invoices.shown:
        when = now + books.lag(desk.options.search_lag_seconds)
    else:
        when = now + timedelta(seconds=desk.options.search_lag_seconds + desk.options.batch_seconds)
    books.publish(books.invoices, invoice.invoice_id, msgspec.structs.replace(invoice), when)


def _invoice_item(invoice: Invoice, accent: Accent) -> dict[str, Any]:
    return {
        "InvoiceId": accent.number(invoice.invoice_id),
        "ExternalId": invoice.external_id,
        "InvoiceNumber": accent.number(invoice.invoice_number),
        "VendorExternalId": invoice.vendor_external_id,
        "GrossAmount": invoice.gross,
        "Status": invoice.status,
        "StatusReason": invoice.reason,
        "LastModifiedDate": accent.moment(invoice.last_modified),
    }


def _batch_item(batch: Batch, accent: Accent) -> dict[str, Any]:
    return {
        "ExternalId": batch.external_id,
        "Status": batch.status,
        "InvoiceCount": accent.number(str(batch.invoice_count)),
    }
