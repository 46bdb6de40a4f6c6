"""The console's page: what it shows, and that it only reads."""

import asyncio
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from console.app import Finding, make_app

WELL = Finding(what="store", is_well=True, text="answers")
ILL = Finding(what="projections", is_well=False, text="a <b>fault</b> & more")


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    headers: dict[bytes, bytes]
    text: str


def visit(findings: Sequence[Finding], method: str = "GET") -> Page:
    """Ask the application for its page, as a web server would."""
    sent: list[MutableMapping[str, Any]] = []
    scope = {"type": "http", "method": method, "path": "/", "headers": [], "query_string": b"", "root_path": ""}

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(make_app(version="9.8.7", look=lambda: findings)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return Page(sent[0]["status"], dict(sent[0]["headers"]), body.decode())


def test_the_page_shows_the_version_and_what_is_well() -> None:
    page = visit([WELL])
    assert page.status == 200
    assert "<h1>tieout 9.8.7</h1>" in page.text
    assert "<td>store</td><td>well</td><td>answers</td>" in page.text
    assert page.headers[b"cache-control"] == b"no-store"


def test_a_fault_is_shown_as_text_and_by_the_status() -> None:
    page = visit([WELL, ILL])
    assert page.status == 503
    assert "not well</td><td>a &lt;b&gt;fault&lt;/b&gt; &amp; more" in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed_through_it(method: str) -> None:
    assert visit([WELL], method).status == 405
