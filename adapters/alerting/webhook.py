"""Tells a webhook: one POST of JSON, no retry in here; the address may be a secret and is never shown."""

from urllib.parse import urlsplit

from adapters.clock import SystemClock
from adapters.http import Remote
from adapters.http_messages import Request
from domain.errors import TieoutError, TransientError

TIMEOUT_SECONDS = 10.0
LARGEST_REPLY_BYTES = 64 * 1024
ACCEPTED = range(200, 300)


class Webhook:
    """Posts documents to one address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._host = urlsplit(url).hostname or "the webhook"
        self._remote = Remote("webhook", clock=SystemClock(), budget=_Unlimited(), timeout_seconds=TIMEOUT_SECONDS)

    def post(self, document: bytes) -> None:
        """Post a document; any 2xx means it was taken. Raises TransientError, without the address's path."""
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "*/*"}
        request = Request(method="POST", url=self._url, headers=headers, body=document, max_bytes=LARGEST_REPLY_BYTES)
        try:
            status = self._remote.upsert(request).status
        except TieoutError as error:
            said = f"answered {error.status}" if isinstance(error, TransientError) and error.status else None
            why = said or str(error).replace(request.place, "").strip(": ")
            raise TransientError(f"the webhook at {self._host}: {why}") from None  # the cause's text holds the path
        if status not in ACCEPTED:
            raise TransientError(f"the webhook at {self._host}: answered {status}", status=status)

    def close(self) -> None:
        """Let the connection go."""
        self._remote.close()


class _Unlimited:
    """A budget for an address that has none: alerts are few."""

    def acquire(self, *, wait_at_most: float) -> float:  # noqa: ARG002 (the port's signature)
        """Let everything through."""
        return 0.0

    def block(self, seconds: float) -> None:
        """Nothing to remember: the next try is minutes away anyway."""
