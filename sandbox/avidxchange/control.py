"""The control routes of the pretend AvidXchange: a person's hand in its books, JSON, without credentials."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.avidxchange.account import account
from sandbox.avidxchange.desk import Desk
from sandbox.avidxchange.invoices import change_invoice
from sandbox.avidxchange.lifecycle import change_method, finish, move, number_payment, reissue, reverse
from sandbox.avidxchange.records import (
    METHOD_IDS,
    REVERSED_STATUSES,
    ZERO,
    Invoice,
    Payment,
    Remittance,
)
from sandbox.avidxchange.settle import SettleOptions, settle
from sandbox.avidxchange.wire import NUMBER_MONEY, RefusedRequestError
from sandbox.clock import chance

BASE = "/control/avidxchange"
StructT = TypeVar("StructT", bound=msgspec.Struct)


class Choice(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which records an act is about: these ids, or else `count` of those it fits, picked by the seed."""

    count: int = 1
    seed: int = 1
    payment_ids: list[str] = []
    external_ids: list[str] = []
    kind: str = ""
    reason: str = "not our invoice"
    seconds: float = 0.0


class ControlDesk(Desk):
    """One method per control route; each answers the ids it has touched."""

    def routes(self) -> list[Route]:
        """Return the routes under /control/avidxchange."""
        acts: dict[str, Callable[[Choice], Any]] = {
            "advance": self._advance,
            "reverse": self._reverse,
            "reissue": self._reissue,
            "release": self._release,
            "cleared": self._cleared,
            "change-method": self._change_method,
            "unknown-status": self._unknown_status,
            "unknown-method": self._unknown_method,
            "strangers": self._strangers,
            "reject": lambda choice: self._end_invoices(choice, "Rejected", choice.reason),
            "void": lambda choice: self._end_invoices(choice, "Void", None),
            "exclude": self._exclude,
        }
        posts = [_post(f"{BASE}/{name}", Choice, act, self) for name, act in acts.items()]
        pay = _post(f"{BASE}/settle", SettleOptions, lambda options: settle(self, options), self)
        orders = Route(f"{BASE}/purchase-orders", self._purchase_orders, methods=["POST"])
        return [Route(f"{BASE}/books", self._books, methods=["GET"]), pay, orders, *posts]

    async def _books(self, _request: Request) -> Response:
        self.books.run_due(self.clock.now)
        return _json(account(self.books))

    async def _purchase_orders(self, request: Request) -> Response:
        """Know purchase orders from now on: {number: vendor external id}; others are refused."""
        self.books.purchase_orders = _decode(await request.body(), dict[str, str])
        return _json({"purchase_orders": len(self.books.purchase_orders)})

    def _advance(self, choice: Choice) -> dict[str, Any]:
        self.clock.advance(timedelta(seconds=choice.seconds))
        return {"now": self.clock.now().isoformat(), "moved": self.books.run_due(self.clock.now)}

    def _reverse(self, choice: Choice) -> dict[str, Any]:
        kind = choice.kind or "Void"
        if kind not in REVERSED_STATUSES:
            raise RefusedRequestError(400, f"kind is one of {', '.join(sorted(REVERSED_STATUSES))}")
        chosen = self._payments(choice, lambda payment: payment.settled)
        for payment in chosen:
            reverse(self, payment, kind, chance("reverse", payment.payment_id))
        return _ids(chosen)

    def _reissue(self, choice: Choice) -> dict[str, Any]:
        replaced = {payment.replaces for payment in self.books.payments.values()}
        chosen = self._payments(choice, lambda one: one.status in REVERSED_STATUSES and one.payment_id not in replaced)
        made = [reissue(self, payment, chance("reissue", payment.payment_id)) for payment in chosen]
        return _ids([payment for payment in made if payment is not None])

    def _release(self, choice: Choice) -> dict[str, Any]:
        waiting = ("Held", "Processing", "Pending Approval")
        chosen = self._payments(choice, lambda payment: payment.status in waiting)
        for payment in chosen:
            number_payment(payment, chance("number", payment.payment_id))
            if payment.status == "Held":
                move(self, payment, "Processing", comment="released")
            finish(self, payment)
        return _ids(chosen)

    def _cleared(self, choice: Choice) -> dict[str, Any]:
        chosen = self._payments(choice, lambda one: one.settled and one.status != "Cleared")
        for payment in chosen:
            move(self, payment, "Cleared")
            payment.cleared_date = self.clock.now().date()
        return _ids(chosen)

    def _change_method(self, choice: Choice) -> dict[str, Any]:
        method = choice.kind or "Check"
        if method not in METHOD_IDS:
            raise RefusedRequestError(400, f"kind is one of {', '.join(METHOD_IDS)}")
        fits = self._payments(choice, lambda one: one.method != method and one.status not in REVERSED_STATUSES)
        for payment in fits:
            change_method(self, payment, method, chance("method", payment.payment_id))
        return _ids(fits)

    def _unknown_status(self, choice: Choice) -> dict[str, Any]:
        chosen = self._payments(choice, lambda payment: not payment.settled)
        for payment in chosen:
            move(self, payment, choice.kind or "Under Partner Review")
        return _ids(chosen)

    def _unknown_method(self, choice: Choice) -> dict[str, Any]:
        chosen = self._payments(choice, lambda payment: not payment.settled)
        for payment in chosen:
            payment.method = choice.kind or "Wire"
            move(self, payment, payment.status, comment="method changed")
        return _ids(chosen)

    def _strangers(self, choice: Choice) -> dict[str, Any]:
        """Settle payments for invoices that were never submitted here."""
        made = []
        for _ in range(choice.count):
            payment_id, now = self.books.next_id("payment"), self.clock.now()
            remittance = Remittance(
                "", f"100|AAA|V0|V0|STRANGER-{payment_id}|{now.year}", f"STRANGER-{payment_id}", "AAA",
                Decimal("250.00"), ZERO,
            )  # fmt: skip
            payment = Payment(payment_id, "PB-0", "100|V0", "Check", remittance.net, now.date(), [remittance], now)
            self.books.payments[payment_id] = payment
            number_payment(payment, chance("number", payment_id))
            finish(self, payment)
            made.append(payment)
        return _ids(made)

    def _end_invoices(self, choice: Choice, status: str, reason: str | None) -> dict[str, Any]:
        """Reject or void live invoices that nothing has paid yet."""
        unpaid = [one for one in self.books.live_invoices() if one.applied == ZERO]
        chosen: Sequence[Invoice]
        if choice.external_ids:
            chosen = [one for one in unpaid if one.external_id in set(choice.external_ids)]
        else:
            chosen = chance("end", choice.seed).sample(unpaid, min(choice.count, len(unpaid)))
        for invoice in chosen:
            change_invoice(self, invoice, status=status, reason=reason)
        return {"external_ids": [invoice.external_id for invoice in chosen]}

    def _exclude(self, choice: Choice) -> dict[str, Any]:
        """Exclude these vendors from payment, whether they are here already or come later."""
        self.books.excluded |= set(choice.external_ids)
        now = self.clock.now()
        for external_id in choice.external_ids:
            vendor = self.books.vendors.true.get(external_id)
            if vendor is not None:
                excluded = msgspec.structs.replace(vendor, status="Excluded", last_modified=now)
                self.books.vendors.true[external_id] = excluded
                self.books.publish(self.books.vendors, external_id, excluded, now)
        self.books.run_due(self.clock.now)
        return {"external_ids": choice.external_ids}

    def _payments(self, choice: Choice, fits: Callable[[Payment], bool]) -> list[Payment]:
        payments = self.books.payments
        if choice.payment_ids:
            missing = [payment_id for payment_id in choice.payment_ids if payment_id not in payments]
            if missing:
                raise RefusedRequestError(404, f"no payment {', '.join(missing)}")
            return [payments[payment_id] for payment_id in choice.payment_ids]
        fitting = [payment for payment in payments.values() if fits(payment)]
        return chance("choose", choice.seed).sample(fitting, min(choice.count, len(fitting)))


def _post(path: str, kind: type[StructT], act: Callable[[StructT], Any], desk: Desk) -> Route:
    async def endpoint(request: Request) -> Response:
        choice = _decode(await request.body() or b"{}", kind)
        desk.books.run_due(desk.clock.now)
        return _json(act(choice))

    return Route(path, endpoint, methods=["POST"])


AnyT = TypeVar("AnyT")


def _decode(body: bytes, kind: type[AnyT]) -> AnyT:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise RefusedRequestError(400, str(error)) from error


def _json(body: Any) -> Response:
    return Response(NUMBER_MONEY.encode(body), media_type="application/json")


def _ids(payments: Sequence[Payment]) -> dict[str, Any]:
    return {"payment_ids": [payment.payment_id for payment in payments]}
