"""Finds the invoice's image in Infor Document Management and streams it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from adapters.http import Reply, with_query
from adapters.infor.client import Client
from adapters.infor.errors import BAD_REQUEST, OK, UNAUTHORIZED, check_read
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError, RefusedError
from domain.identifiers import InvoiceKey
from domain.ports.ledger import ImageFound

_HEX_DIGEST = re.compile("[0-9a-f]{64}")
_SEARCH = "/IDM/api/items/search"
_LIMIT = "15"
LONGEST_SIZE_DIGITS = 15  # of a count of bytes; a longer one is too large all the same
_WHAT = "the search in document management"


class _Resource(msgspec.Struct):
    name: str | None = None
    size: int | str | None = None
    mimetype: str | None = None
    filename: str | None = None
    sha256: str | None = None


class _Resources(msgspec.Struct):
    res: Any = None


class _Item(msgspec.Struct):
    pid: str | None = None
    resrs: _Resources | None = None


class _Items(msgspec.Struct):
    item: Any = None


class _Found(msgspec.Struct):
    items: _Items | None = None


def search_query(client: Client, key: InvoiceKey) -> str:
    """Write IDM's query for an invoice's document; `"` and `&` inside values are escaped."""
    assumed = client.settings.assumed
    values = {
        "company": str(key.company),
        "division": key.division,
        "supplier": key.supplier,
        "payee": key.payee,
        "number": key.number,
        "year": str(key.year),
    }
    terms = (f'@{name}="{_escaped(values[part])}"' for name, part in assumed.document_attributes)
    return f"/{assumed.document_type}[{' and '.join(terms)}]"


def find_image(client: Client, key: InvoiceKey) -> ImageFound | None:
    """Search the invoice's image; None when there is none. Raises RefusedError when IDM refuses the query."""
    pairs = (("$query", search_query(client, key)), ("$offset", "0"), ("$limit", _LIMIT))
    url = with_query(f"{client.base}{_SEARCH}", pairs)
    return client.read("GET", url, _first, what=_WHAT)


def stream_image(client: Client, image: ImageFound) -> Iterator[bytes]:
    """Stream an image's bytes; a 401 is met once with a fresh token."""
    url = f"{client.base}/IDM/api/items/{quote(image.pid, safe='')}/resource/stream"
    for last_try in (False, True):
        token = client.tokens.current()
        request = msgspec.structs.replace(
            client.request("GET", url, token, label="an image of document management"),
            max_bytes=client.settings.largest_image_bytes,
        )
        with client.remote.stream(request) as streamed:
            if streamed.status == UNAUTHORIZED and not last_try:
                client.tokens.drop(token)
                continue
            what = f"the image {image.pid}"
            if streamed.status == BAD_REQUEST:
                raise RefusedError(f"Infor refused {what}", code="HTTP_400", status=streamed.status)
            check_read(Reply(status=streamed.status, headers=streamed.headers, body=b""), what=what)
            yield from streamed.chunks
            return


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;")


def _first(reply: Reply) -> ImageFound | None:
    """Give the first item that has its full document (the resource without a name)."""
    if reply.status != OK:
        raise RefusedError(f"Infor refused {_WHAT}", code="HTTP_400", status=reply.status)
    try:
        found = msgspec.json.decode(reply.body, type=_Found)
        items = msgspec.convert(_many(found.items.item if found.items else None), list[_Item])
        for item in items:
            resources = msgspec.convert(_many(item.resrs.res if item.resrs else None), list[_Resource])
            for resource in resources:
                if not resource.name and item.pid:
                    return _image(item.pid, resource)
    except UNREADABLE as fault:
        raise MalformedError("the answer of document management cannot be read") from fault
    return None


def _image(pid: str, resource: _Resource) -> ImageFound:
    size = str(resource.size or "").strip()[:LONGEST_SIZE_DIGITS]
    sha256 = (resource.sha256 or "").strip().lower()
    return ImageFound(
        pid=pid,
        file_name=(resource.filename or "").strip(),
        content_type=(resource.mimetype or "").strip().lower(),
        size=int(size) if size.isdecimal() else 0,
        sha256=sha256 if _HEX_DIGEST.fullmatch(sha256) else "",
    )


def _many(value: Any) -> list[Any]:
    """Read one or many: a list of one may come as the thing itself, and a null is none."""
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None]
