"""The store on SQLite passes the suites of every port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.store.blobs_suite import BlobsSuite
from tests.contracts.store.event_log_suite import EventLogSuite
from tests.contracts.store.polls_suite import PollsSuite
from tests.contracts.store.relay_suite import RelaySuite
from tests.contracts.store.threads_suite import ThreadsSuite
from tests.contracts.store.work_suite import WorkSuite
from tests.contracts.store.world import World, sqlite_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with sqlite_world(tmp_path) as world:
        yield world


class TestEventLog(EventLogSuite):
    pass


class TestWork(WorkSuite):
    pass


class TestRelay(RelaySuite):
    pass


class TestPolls(PollsSuite):
    pass


class TestBlobs(BlobsSuite):
    pass


class TestThreads(ThreadsSuite):
    pass
