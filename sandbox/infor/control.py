"""The control desk: what people do inside Infor while we watch (approve, stop, pay, block, close a period)."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.infor.posting import pay_inside, settle
from sandbox.infor.records import IN_PROPOSAL, Invoice, Supplier, why_not
from sandbox.infor.tenant import Tenant
from sandbox.infor.view import key_text, whole_books

Act = Callable[[Tenant, Invoice], None]


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What a control call asks for; `keys` are natural keys of invoices or supplier numbers."""

    count: int = 1
    keys: list[str] = []
    until: str = ""
    fields: dict[str, str] = {}


def control_routes(tenant: Tenant) -> list[Route]:
    """Give the routes below `/control/infor`: JSON in, JSON out, no authentication."""

    async def books(_request: Request) -> Response:
        settle(tenant)
        body = msgspec.json.encode(whole_books(tenant.books))
        return Response(body, media_type="application/json")

    def order(path: str, act: Callable[[Tenant, Order], list[str]]) -> Route:
        async def endpoint(request: Request) -> Response:
            settle(tenant)
            try:
                asked = msgspec.json.decode(await request.body() or b"{}", type=Order)
                keys = act(tenant, asked)
            except (msgspec.DecodeError, ValueError, LookupError) as problem:
                return JSONResponse({"error": str(problem)}, status_code=400)
            return JSONResponse({"count": len(keys), "keys": keys})

        return Route(path, endpoint, methods=["POST"])

    return [
        Route("/books", books, methods=["GET"]),
        order("/approve", _approve),
        order("/stop", _on_invoices(_can_go_out, _stop)),
        order("/unstop", _on_invoices(lambda held: held.stopped_on is not None, _unstop)),
        order("/propose", _on_invoices(_can_go_out, _propose)),
        order("/pay-in-m3", _on_invoices(_can_go_out, _pay)),
        order("/stick", _stick),
        order("/close-period", _close_period),
        order("/block-supplier", _on_suppliers(_block)),
        order("/change-supplier", _on_suppliers(_change)),
    ]


def _approve(tenant: Tenant, asked: Order) -> list[str]:
    """Approve invoices that wait in the ledger, then let new ones arrive."""
    books = tenant.books
    waiting = [held for held in books.invoices.values() if not held.approved]
    if asked.keys:
        waiting = [held for held in waiting if key_text(books, held) in asked.keys]
        chosen = waiting
    else:
        chosen = waiting[: asked.count]
        for _ in range(min(asked.count - len(chosen), len(books.spare))):
            arrived = books.spare.pop(0)
            books.enter(arrived)
            chosen.append(arrived)
    for held in chosen:
        held.approved = True
        _touch(tenant, held)
    return [key_text(books, held) for held in chosen]


def _on_invoices(fits: Callable[[Invoice], bool], act: Act) -> Callable[[Tenant, Order], list[str]]:
    def run(tenant: Tenant, asked: Order) -> list[str]:
        books = tenant.books
        if asked.keys:
            by_key = {key_text(books, held): held for held in books.invoices.values()}
            chosen = [by_key[key] for key in asked.keys]
        else:
            chosen = [held for held in books.invoices.values() if fits(held)][: asked.count]
        for held in chosen:
            act(tenant, held)
            _touch(tenant, held)
        return [key_text(books, held) for held in chosen]

    return run


def _can_go_out(held: Invoice) -> bool:
    return why_not(held) is None


def _stop(tenant: Tenant, held: Invoice) -> None:
    held.stopped_on = tenant.now().date()


def _unstop(_tenant: Tenant, held: Invoice) -> None:
    held.stopped_on = None


def _propose(_tenant: Tenant, held: Invoice) -> None:
    held.payment_status = IN_PROPOSAL


def _pay(tenant: Tenant, held: Invoice) -> None:
    if held.open_cents:
        pay_inside(tenant, held)


def _touch(tenant: Tenant, held: Invoice) -> None:
    held.changed_at = tenant.now()
    held.ever_eligible = held.ever_eligible or why_not(held) is None


def _stick(tenant: Tenant, asked: Order) -> list[str]:
    tenant.books.stick_next += asked.count
    return []


def _close_period(tenant: Tenant, asked: Order) -> list[str]:
    tenant.books.closed_until = datetime.strptime(asked.until, "%Y%m%d").replace(tzinfo=UTC).date()
    return []


def _on_suppliers(act: Callable[[Supplier, Order], None]) -> Callable[[Tenant, Order], list[str]]:
    def run(tenant: Tenant, asked: Order) -> list[str]:
        suppliers = tenant.books.suppliers
        if asked.keys:
            chosen = [suppliers[number] for number in asked.keys]
        else:
            chosen = [held for held in suppliers.values() if held.status == "20"][: asked.count]
        for held in chosen:
            act(held, asked)
            held.changed_at = tenant.now()
        return [held.number for held in chosen]

    return run


def _block(held: Supplier, _asked: Order) -> None:
    held.status = "90"


def _change(held: Supplier, asked: Order) -> None:
    """Change name, phone, email or street; without `fields` the phone."""
    fields = asked.fields or {"phone": "704-555-0199"}
    for name, value in fields.items():
        if name in {"name", "phone", "status"}:
            setattr(held, name, value)
        elif name == "email":
            held.emails = [value]
        elif name == "street" and held.addresses:
            held.addresses[0].lines = (value, *held.addresses[0].lines[1:])
        else:
            raise LookupError(f"cannot change {name} of {held.number}")
