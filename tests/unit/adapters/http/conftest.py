"""Lets connections go after every test: what stays open is a warning, and warnings are errors."""

from collections.abc import Iterator

import pytest

from tests.unit.adapters.http.remotes import close_remotes


@pytest.fixture(autouse=True)
def _closed_remotes() -> Iterator[None]:
    yield
    close_remotes()
