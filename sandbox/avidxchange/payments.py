"""The payments a pretend AvidXchange lets its customers read: pages by day of change, look-ups, history."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.avidxchange.desk import Desk, by_change
from sandbox.avidxchange.records import METHOD_IDS, STATUS_IDS, UNKNOWN_ID, Payment, Remittance
from sandbox.avidxchange.wire import Accent, RefusedRequestError, only_known, wanted_ids


class PaymentDesk(Desk):
    """GET /payments and /payments/{id}/paymenthistory."""

    async def get(self, request: Request) -> Response:
        """List payments by days of their last change, by payment ids, or by the invoices they pay."""
        only_known(request, "lastModifiedFrom", "lastModifiedTo", "paymentIds", "invoiceExternalIds")
        payments = self.books.payments
        ids, external_ids = wanted_ids(request, "paymentIds"), wanted_ids(request, "invoiceExternalIds")
        window = self.window(request)
        if ids is not None:
            found = [payments[payment_id] for payment_id in ids if payment_id in payments]
        elif external_ids is not None:
            wanted = set(external_ids)
            found = [
                payment
                for payment in payments.values()
                if any(one.invoice_external_id in wanted for one in payment.remittances)
            ]
        elif window is not None:
            found = by_change(payments.values(), *window)
        else:
            raise RefusedRequestError(400, "payments are listed by lastModifiedFrom, paymentIds or invoiceExternalIds")
        return self.wire.listing(request, found, _item)

    async def history(self, request: Request) -> Response:
        """Tell the steps one payment has taken, oldest first."""
        payment = self.books.payments.get(request.path_params["payment_id"])
        if payment is None:
            raise RefusedRequestError(404, "no such payment")
        accent = self.wire.accent()
        return accent.json(
            [
                {
                    "Id": accent.number(entry.entry_id),
                    "PaymentID": accent.number(payment.payment_id),
                    "PaymentProcessName": entry.process,
                    "Description": entry.description,
                    "Comment": entry.comment,
                    "InsertDateTime": accent.moment(entry.at),
                }
                for entry in payment.history
            ]
        )


def _item(payment: Payment, accent: Accent) -> dict[str, Any]:
    return {
        "PaymentId": accent.number(payment.payment_id),
        "BatchId": payment.batch_id,
        "Status": _named(payment.status, STATUS_IDS),
        "PaymentMethod": _named(payment.method, METHOD_IDS),
        "Amount": payment.amount,
        "Currency": "USD",
        "PaymentDate": payment.payment_date.isoformat(),
        "SettledDate": payment.settled_date.isoformat() if payment.settled_date else None,
        "ClearedDate": payment.cleared_date.isoformat() if payment.cleared_date else None,
        "VendorExternalId": payment.vendor_external_id,
        "CheckNumber": accent.number(payment.check_number),
        "AchTraceNumber": payment.ach_trace,
        "VirtualCardLast4": payment.card_last4,
        "ReturnCode": payment.return_code,
        "ReplacesPaymentId": accent.number(payment.replaces),
        "LastModifiedDate": accent.moment(payment.last_modified),
        "Remittances": [_remittance(one, accent) for one in payment.remittances],
    }


def _named(name: str, ids: dict[str, int]) -> dict[str, Any]:
    return {"Id": ids.get(name, UNKNOWN_ID), "Description": name}


def _remittance(one: Remittance, accent: Accent) -> dict[str, Any]:
    return {
        "InvoiceExternalId": one.invoice_external_id,
        "InvoiceNumber": accent.number(one.invoice_number),
        "Gross": one.gross,
        "Discount": one.discount,
        "Net": one.net,
    }
