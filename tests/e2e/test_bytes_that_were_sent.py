"""A batch can be made again from events and images alone, byte for byte as AvidXchange received it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import Message, Receive, Scope, Send

from actors.errands.rebuild_batch import rebuild_batch
from domain.identifiers import stream_id
from tests.support.deployment import NAME, Deployment, command_line, deployed
from tieout.settings import load_file
from tieout.wiring import Deployment as Wired
from tieout.wiring import open_deployment

BATCHES = "/v1/invoices/batches"


def test_sent_batches_are_made_again_to_the_byte(tmp_path: Path) -> None:
    with deployed(tmp_path, invoices=60) as deployment:
        received = listen(deployment)
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=1.0)
        deployment.settled_sync()  # what came later changes nothing of what was sent
        assert len(received) >= 2
        with wired(deployment) as opened:
            for batch, body in received.items():
                made = rebuild(opened, batch, members=[one["ExternalId"] for one in json.loads(body)["Invoices"]])
                assert made == body


def listen(deployment: Deployment) -> dict[str, bytes]:
    """Keep the bodies of the batches from now on, by their ExternalId, as they came off the wire."""
    received: dict[str, bytes] = {}
    faults = deployment.sandbox.faults["avidxchange"]
    inner = faults._app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def hearing() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await inner(scope, hearing, send)
        if scope["path"] == BATCHES and scope["method"] == "POST":
            received[json.loads(body)["ExternalId"]] = bytes(body)

    faults._app = app
    return received


@contextmanager
def wired(deployment: Deployment) -> Iterator[Wired]:
    with command_line(deployment.environ()):
        settings = load_file(deployment.folder / "tieout.toml", environ={})
        with open_deployment(settings, environ={}) as opened:
            yield opened


def rebuild(opened: Wired, batch: str, *, members: list[str]) -> bytes:
    tools = opened.tools(NAME)
    histories = opened.log.load([stream_id(tools.connection, "invoice", member) for member in members])
    encoded = rebuild_batch(tools.payables, batch, histories.values())
    assert encoded.digest == hashlib.sha256(encoded.body).hexdigest()
    return encoded.body
