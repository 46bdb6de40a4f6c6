"""The console's one page for now: which version runs, and whether the store and the projections are well."""

from collections.abc import Callable, Sequence
from html import escape

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

OK, NOT_OK = 200, 503
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>tieout</title>
<style>body{{font:16px/1.5 sans-serif;margin:3rem auto;max-width:40rem}}td{{padding:.2rem 1rem .2rem 0}}</style>
<h1>tieout {version}</h1>
<table>{rows}</table>
</html>
"""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """How one thing is. text: a sentence for the person who looks."""

    what: str
    is_well: bool
    text: str


Look = Callable[[], Sequence[Finding]]


def make_app(*, version: str, look: Look) -> Starlette:
    """Make the application, which only reads; `look` is asked at every visit and may block."""

    def page(_request: Request) -> Response:
        findings = look()
        rows = "".join(
            f"<tr><td>{escape(one.what)}</td><td>{'well' if one.is_well else 'not well'}</td>"
            f"<td>{escape(one.text)}</td></tr>"
            for one in findings
        )
        status = OK if all(one.is_well for one in findings) else NOT_OK
        return HTMLResponse(_PAGE.format(version=escape(version), rows=rows), status_code=status, headers=HEADERS)

    return Starlette(routes=[Route("/", page, methods=["GET"])])
