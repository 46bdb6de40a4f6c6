"""Every metric there is: its kind, its labels and what it says; nothing else is ever exposed."""

from typing import Literal, NamedTuple

from prometheus_client import disable_created_metrics

Kind = Literal["counter", "gauge", "histogram"]
ERRAND_BUCKETS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Metric(NamedTuple):
    """One metric. labels: a connection is named, never by its id."""

    kind: Kind
    labels: tuple[str, ...]
    says: str


METRICS: dict[str, Metric] = {
    "tieout_events_total": Metric("counter", ("connection", "type"), "Events in the log, by type."),
    "tieout_errands_total": Metric(
        "counter", ("errand", "connection", "outcome"), "Runs in this process that found something to do, by outcome."
    ),
    "tieout_errand_seconds": Metric("histogram", ("errand",), "How long those runs took."),
    "tieout_pending": Metric("gauge", ("connection", "errand"), "Rows of due work, those at work included."),
    "tieout_pending_oldest_due_seconds": Metric(
        "gauge", ("connection", "errand"), "How long the oldest row of due work has been due."
    ),
    "tieout_poll_lag_seconds": Metric(
        "gauge",
        ("connection", "flow"),
        "Time since a poll last came to its end, or its connection was added or resumed after that.",
    ),
    "tieout_in_doubt": Metric("gauge", ("connection", "kind"), "Writes whose outcome nobody knows yet."),
    "tieout_remote_calls_total": Metric(
        "counter", ("connection", "system", "status"), "Requests this process sent, by HTTP status or no-answer."
    ),
    "tieout_rate_budget_wait_seconds": Metric(
        "gauge", ("tenant",), "How long the tenant's next request would wait for its budget or its Retry-After."
    ),
    "tieout_projection_lag_events": Metric("gauge", (), "Events the slowest projection has not folded yet."),
    "tieout_relay_lag_events": Metric("gauge", (), "Events the relay has not folded yet."),
    "tieout_token_age_seconds": Metric("gauge", ("connection",), "Age of the Infor token this process holds."),
    "tieout_token_expires_seconds": Metric(
        "gauge", ("connection",), "Time that token has left, 0 while none is to be had."
    ),
    "tieout_issues_open": Metric("gauge", ("connection", "severity"), "Open issues, urgent and normal."),
    "tieout_build_info": Metric("gauge", ("version",), "Always 1; the label says which version runs."),
}


def without_created() -> None:
    """Keep the library from adding a metric of its own, the time of creation, beside every counter and histogram."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library gives it no types
