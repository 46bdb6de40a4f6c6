"""Lets the assertions in the suite say what differed."""

import pytest

pytest.register_assert_rewrite("tests.contracts.projections.projections_suite")
