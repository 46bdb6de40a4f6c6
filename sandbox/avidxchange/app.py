"""The pretend AvidXchange as an ASGI app: its routes under /v1, its control under /control/avidxchange."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.avidxchange.access import Access
from sandbox.avidxchange.books import AvidBooks
from sandbox.avidxchange.codes import CodeDesk
from sandbox.avidxchange.control import ControlDesk
from sandbox.avidxchange.desk import Clock
from sandbox.avidxchange.invoices import InvoiceDesk
from sandbox.avidxchange.options import AvidOptions
from sandbox.avidxchange.payments import PaymentDesk
from sandbox.avidxchange.vendors import VendorDesk
from sandbox.avidxchange.wire import RefusedRequestError as Refused
from sandbox.avidxchange.wire import Wire, exception, only_known

Handler = Callable[[Request], Awaitable[Response]]


def build_avidxchange(books: AvidBooks, clock: Clock, options: AvidOptions) -> Starlette:
    """Return the app; it serves one account over these books and reads the time from this clock."""
    shared = (books, clock, options, Wire(options))
    access, vendors, codes = Access(*shared), VendorDesk(*shared), CodeDesk(*shared)
    invoices, payments, control = InvoiceDesk(*shared), PaymentDesk(*shared), ControlDesk(*shared)

    async def accounting_systems(request: Request) -> Response:
        only_known(request)
        systems = [{"ID": 1, "Name": "Infor M3"}]
        return access.wire.listing(request, systems, lambda record, _accent: record)

    table: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/accountingSystems", accounting_systems),
        ("PUT", "/vendors", vendors.put),
        ("GET", "/vendors", vendors.get),
        ("PUT", "/enterpriseCodes", codes.put),
        ("GET", "/enterpriseCodes", codes.get),
        ("POST", "/invoices/batches", invoices.post),
        ("GET", "/invoices/batches", invoices.get_batches),
        ("GET", "/invoices", invoices.get),
        ("GET", "/payments", payments.get),
        ("GET", "/payments/{payment_id}/paymenthistory", payments.history),
    )

    def guarded(name: str, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            books.calls[name] += 1
            access.check(request)
            books.run_due(clock.now)
            return await handler(request)

        return endpoint

    routes = [
        Route(f"/v1{path}", guarded(f"{method} {path}", handler), methods=[method]) for method, path, handler in table
    ]
    token = Route("/v1/token", access.token, methods=["POST"])
    handlers = {Refused: _refused, HTTPException: _http_exception}
    return Starlette(routes=[*routes, token, *control.routes()], exception_handlers=handlers)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return exception(error.status, error.detail)


async def _http_exception(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return exception(error.status_code, error.detail)
