"""Infor Document Management: search by the attributes of an invoice, and the stream of a document."""

import hashlib
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.infor.images import image_bytes, preview_bytes
from sandbox.infor.records import Image, Invoice
from sandbox.infor.tenant import Tenant

_QUERY = re.compile(r"/M3_SupplierInvoice\[(.+)\]")
_TERM = re.compile(r'@([A-Za-z0-9_]+)\s*=\s*"([^"]*)"(\s+and\s+|$)')
_ENTITY = re.compile(r"&(quot|amp|lt|gt|apos);")
_CHARACTERS = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
_STREAM = "/items/{pid}/resource/stream"


def document_routes(tenant: Tenant) -> list[Route]:
    """Give the routes below `/{tenant}/IDM/api`."""
    books = tenant.books

    async def search(request: Request) -> Response:
        wanted = _read(request.query_params.get("$query", ""))
        limit, offset = (request.query_params.get(name, "") for name in ("$limit", "$offset"))
        if wanted is None or not (limit or "15").isdecimal() or not (offset or "0").isdecimal():
            return JSONResponse({"error": {"message": "The query is not valid"}}, status_code=400)
        found = _find(tenant, wanted)[int(offset or 0) :][: int(limit or 15)]
        base = str(request.base_url).rstrip("/")
        return JSONResponse({"items": {"item": [_item(tenant, held, base) for held in found]}})

    async def stream(request: Request) -> Response:
        held = books.by_image.get(request.path_params["pid"])
        if held is None or held.image is None:
            return JSONResponse({"error": {"message": "No such item"}}, status_code=404)
        return Response(image_bytes(held.image), media_type=held.image.mimetype)

    async def preview(request: Request) -> Response:
        held = books.by_image.get(request.path_params["pid"])
        if held is None or held.image is None:
            return JSONResponse({"error": {"message": "No such item"}}, status_code=404)
        return Response(preview_bytes(held.image), media_type="image/jpeg")

    return [
        Route("/items/search", search, methods=["GET"]),
        Route(_STREAM, stream, methods=["GET"]),
        Route("/items/{pid}/resource/Preview/stream", preview, methods=["GET"]),
    ]


def digest(image: Image) -> str:
    """Give the SHA-256 of the full document, lower-case hex."""
    return hashlib.sha256(image_bytes(image)).hexdigest()


def _read(query: str) -> dict[str, str] | None:
    whole = _QUERY.fullmatch(query.strip())
    if whole is None:
        return None
    wanted, place, text = {}, 0, whole[1].strip()
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None or "&" in _ENTITY.sub("", term[2]):
            return None
        wanted[term[1]] = _ENTITY.sub(lambda entity: _CHARACTERS[entity[1]], term[2])
        place = term.end()
    return wanted


def _find(tenant: Tenant, wanted: dict[str, str]) -> list[Invoice]:
    books = tenant.books
    number = wanted.get("BOD_SupplierInvoiceID")
    candidates = books.by_image.values() if number is None else books.scanned.get(number, [])
    return [held for held in candidates if wanted.items() <= _attributes(tenant, held).items()]


def _attributes(tenant: Tenant, held: Invoice) -> dict[str, str]:
    return {
        "M3_Company": str(tenant.books.company),
        "M3_Division": held.division,
        "BOD_SupplierPartyID": held.supplier,
        "BOD_SupplierInvoiceID": held.number,
        "M3_InvoiceYear": str(held.year),
    }


def _item(tenant: Tenant, held: Invoice, base: str) -> dict[str, Any]:
    image = held.image
    if image is None:
        raise LookupError(held.key)
    url = f"{base}/items/{image.pid}/resource"
    preview = preview_bytes(image)
    return {
        "pid": image.pid,
        "attrs": {"attr": [{"name": name, "value": value} for name, value in _attributes(tenant, held).items()]},
        "resrs": {
            "res": [
                {
                    "name": "Preview",
                    "size": len(preview),
                    "mimetype": "image/jpeg",
                    "filename": "preview.jpg",
                    "url": f"{url}/Preview/stream",
                    "sha256": hashlib.sha256(preview).hexdigest(),
                },
                {
                    "name": "",
                    "size": image.size,
                    "mimetype": image.mimetype,
                    "filename": image.file_name,
                    "url": f"{url}/stream",
                    "sha256": digest(image),
                },
            ]
        },
    }
