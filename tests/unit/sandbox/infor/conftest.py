"""Tenants to test with: a prompt one, a slow one, and an old one."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.unit.sandbox.infor.desk import Desk, make_desk


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as held:
        yield held


@pytest.fixture
def desk(runner: asyncio.Runner) -> Desk:
    return make_desk(runner)


@pytest.fixture
def slow_desk(runner: asyncio.Runner) -> Desk:
    return make_desk(runner, search_lag_seconds=30, posting_delay_seconds=60)


@pytest.fixture
def old_desk(runner: asyncio.Runner) -> Desk:
    return make_desk(runner, without=frozenset({"APS200MI/LstInvoiceTrans"}), language="DE", maxrecs_cap=5)
