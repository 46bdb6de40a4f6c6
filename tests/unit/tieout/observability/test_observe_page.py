"""The page for operators lists exactly the metrics, outcomes and log keys there are."""

import re
from pathlib import Path

import pytest

from tieout.observability.logs import FIRST
from tieout.observability.metrics import METRICS
from tieout.observability.runs import OUTCOMES

PAGE = Path(__file__).parents[4] / "docs/how-to/observe.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def test_the_page_has_a_row_for_every_metric_and_no_other(page: str) -> None:
    rows = re.findall(r"^\| `(tieout_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    assert [(name, kind, tuple(re.findall(r"`(\w+)`", labels)), says) for name, kind, labels, says in rows] == [
        (name, *metric) for name, metric in METRICS.items()
    ]


def test_the_page_names_every_outcome_and_every_key_of_a_line(page: str) -> None:
    assert [name for name in (*OUTCOMES, *FIRST) if f"`{name}`" not in page] == []


def test_names_follow_the_rules_of_prometheus() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"tieout_[a-z_]+", name)
        assert name.endswith("_total") == (metric.kind == "counter")
        assert not set(metric.labels) & {"le", "id", "connection_id"}
