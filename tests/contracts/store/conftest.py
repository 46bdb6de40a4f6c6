"""Lets the assertions in the suites say what differed."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.store.event_log_suite",
    "tests.contracts.store.work_suite",
    "tests.contracts.store.relay_suite",
    "tests.contracts.store.polls_suite",
    "tests.contracts.store.blobs_suite",
    "tests.contracts.store.threads_suite",
)
