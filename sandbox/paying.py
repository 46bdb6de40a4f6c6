"""Lets the pretend AvidXchange pay by itself, for whoever watches a whole deployment at work."""

import asyncio
from itertools import count

from starlette.types import ASGIApp

from sandbox.asgi import post_json

SETTLE = "/control/avidxchange/settle"


async def pay_for_ever(control: ASGIApp, *, every_seconds: float) -> None:
    """Pay what is due every so many seconds, until cancelled; each round has a seed of its own."""
    for seed in count(1):
        await asyncio.sleep(every_seconds)
        await post_json(control, SETTLE, {"share": 1.0, "seed": seed})
