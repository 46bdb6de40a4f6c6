"""The store on PostgreSQL passes the suites of every port."""

from collections.abc import Iterator

import pytest

from tests.contracts.store.blobs_suite import BlobsSuite
from tests.contracts.store.event_log_suite import EventLogSuite
from tests.contracts.store.polls_suite import PollsSuite
from tests.contracts.store.relay_suite import RelaySuite
from tests.contracts.store.threads_suite import ThreadsSuite
from tests.contracts.store.work_suite import WorkSuite
from tests.contracts.store.world import World, url_world
from tests.support.postgres_server import emptied


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    with url_world(emptied(postgres_url)) as world:
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
