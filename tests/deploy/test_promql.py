"""The check of PromQL finds what Prometheus would refuse, and what it would take and never answer."""

import pytest

from tests.deploy.promql import labels_of, strange, strange_words

GOOD = [
    "max by (connection, kind) (tieout_in_doubt) > 0",
    "max(tieout_in_doubt) by (connection,) > 4 * 3600",
    'count by (namespace) (tieout_build_info{namespace=~"a.*", version!="1"} offset 5m)',
    "sum by (connection) (rate(tieout_errands_total[5m])) > 0.5 * sum by (connection) (rate(tieout_events_total[5m]))",
    "histogram_quantile(0.9, sum by (errand, le) (rate(tieout_errand_seconds_bucket[5m])))",
    "absent(tieout_build_info) or (tieout_relay_lag_events and on (namespace) kube_pod_status_ready)",
]
REFUSED = [
    "max by (connection kind tieout_in_doubt) > 0 0",
    "max(tieout_token_expires_seconds) by connection < 300",
    "max(tieout_in_doubt > 0",
    "max(tieout_in_doubt)) > 0",
    "sum(tieout_events_total[5m])",
    "rate(tieout_events_total)",
    "maximum(tieout_in_doubt)",
    'tieout_in_doubt{kind="a" connection="b"}',
    'tieout_in_doubt{kind=~"["}',
    "",
]
UNKNOWN = [
    ("max by (conection, kind) (tieout_in_doubt) > 0", "tieout_in_doubt has no label conection"),
    ("sum without (flow) (tieout_in_doubt)", "tieout_in_doubt has no label flow"),
    ("sum by (kind) (max by (connection) (tieout_in_doubt))", "(tieout_in_doubt) has no label kind"),
    ('max(tieout_in_doubt{tenant="a"})', "tieout_in_doubt has no label tenant"),
    ('max(tieout_in_doubt{kind="a" or tenant="a"})', "tieout_in_doubt has no label tenant"),
    ("max(rate(tieout_doubts_total[5m]))", "no metric tieout_doubts_total"),
    ('{__name__="tieout_in_doubt"}', "a selector without a name"),
    ("vector(1)", "asks for no metric"),
    ("tieout_pending > on (flow) tieout_pending", "tieout_pending has no label flow"),
    ("tieout_pending > ignoring (flow) tieout_pending", "tieout_pending has no label flow"),
    ("tieout_pending > tieout_in_doubt", "the sides have different labels and never match"),
    ("sum by (errand) (tieout_pending) and max(tieout_pending)", "the sides have different labels and never match"),
    ("histogram_quantile(0.9, sum by (errand) (rate(tieout_errand_seconds_bucket[5m])))", "has no label le"),
    ("tieout_errand_seconds", "no metric tieout_errand_seconds"),
]


@pytest.mark.parametrize("expression", GOOD)
def test_what_prometheus_takes_and_tieout_measures_is_let_through(expression: str) -> None:
    assert list(strange(expression)) == []


@pytest.mark.parametrize("expression", REFUSED)
def test_what_prometheus_refuses_is_noticed(expression: str) -> None:
    assert [one.endswith(f": {expression}") for one in strange(expression)] == [True]


@pytest.mark.parametrize(("expression", "found"), UNKNOWN)
def test_a_name_that_nobody_measures_is_noticed(expression: str, found: str) -> None:
    assert any(found in one for one in strange(expression))


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("max(tieout_in_doubt) > 0", set()),
        ("topk(3, tieout_pending)", {"namespace", "connection", "errand"}),
        ("sum without (errand) (tieout_pending)", {"namespace", "connection"}),
        ("tieout_pending and on (namespace) tieout_build_info", {"namespace", "connection", "errand"}),
        ("tieout_build_info * on (namespace) tieout_relay_lag_events", {"namespace"}),
        (
            "tieout_pending * on (namespace) group_left (version) tieout_build_info",
            {"namespace", "connection", "errand", "version"},
        ),
        ("absent(tieout_build_info) or max by (namespace) (tieout_pending)", {"namespace"}),
        ("scalar(tieout_relay_lag_events) < max by (errand) (tieout_pending)", {"errand"}),
    ],
)
def test_an_answer_has_the_labels_that_its_expression_leaves(expression: str, labels: set[str]) -> None:
    assert labels_of(expression) == labels


@pytest.mark.parametrize("text", ["no label", "{{ $labels.kind }}: {{ $value }} for {{ $value | humanizeDuration }}"])
def test_an_annotation_may_tell_the_labels_and_the_value(text: str) -> None:
    assert list(strange_words(text, GOOD[0])) == []


@pytest.mark.parametrize(
    "text", ["{{ $labels.flow }}", "{{ $label.kind }}", "{{ $value | humanise }}", "{{ $labels.kind }", "$labels.kind"]
)
def test_an_annotation_that_tells_what_the_alert_does_not_have_is_noticed(text: str) -> None:
    assert len(list(strange_words(text, GOOD[0]))) == 1
