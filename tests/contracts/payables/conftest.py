"""Gives every contract test its world, once per implementation of the port."""

from collections.abc import Iterator

import pytest

from sandbox.serve import Sandbox, SandboxOptions
from tests.contracts.payables.worlds import AvidWorld, FakeWorld, World


@pytest.fixture(params=["fake", "fake as simulated", "customer-token", "partner"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh world."""
    if request.param.startswith("fake"):
        yield FakeWorld(drawn=request.param == "fake as simulated")
        return
    options = SandboxOptions(invoices=1, divisions=1, search_lag_seconds=30, avidxchange={"auth": request.param})
    with Sandbox(options) as sandbox:
        real = AvidWorld(sandbox)
        yield real
        real.close()
