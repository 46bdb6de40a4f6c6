"""Alert rules, dashboard and scalers ask for metrics that tieout serves, with labels these have."""

import copy
import json
import re
from collections.abc import Iterator
from itertools import combinations

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.deploy.files import ROOT, Node, manifests, seconds
from tests.deploy.metrics import samples
from tests.deploy.promql import strange, strange_words
from tests.deploy.test_commands_and_variables import misfits
from tieout.observability.metrics import METRICS
from tieout.observability.store_metrics import PATIENCE_SECONDS

# What nobody may find out from a customer, and the alert that tells first.
TOLD_BY = {
    "a doubt that stands": "TieoutDoubtStands",
    "an invoice at risk": "TieoutUrgentIssue",
    "due work that is stuck": "TieoutWorkIsStuck",
    "a poll that is silent": "TieoutPollIsSilent",
    "a relay that lags": "TieoutRelayLags",
    "projections that lag": "TieoutProjectionsLag",
    "a token about to end": "TieoutTokenIsAboutToEnd",
    "a remote that answers 429": "TieoutRateLimited",
    "no worker": "TieoutNoWorker",
    "PostgreSQL down, wherever it runs": "TieoutStoreIsDown",
    "PostgreSQL or RabbitMQ down": "TieoutStoreOrBrokerIsDown",
}


def alert_rules() -> Node:
    return dict(yaml.safe_load((ROOT / "deploy/prometheus/rules.yaml").read_text("utf-8")))


def dashboard() -> Node:
    return dict(json.loads((ROOT / "deploy/grafana/tieout.json").read_text("utf-8")))


def alerts(node: Node) -> list[Node]:
    return [rule for group in node["groups"] for rule in group["rules"]]


def wrong_rules(node: Node) -> Iterator[str]:
    schema = json.loads((ROOT / "tests/deploy/rules.schema.json").read_text("utf-8"))
    yield from (error.message[:150] for error in Draft202012Validator(schema).iter_errors(node))
    names = [rule["alert"] for rule in alerts(node)]
    yield from (f"{name} is there twice" for name in {one for one in names if names.count(one) > 1})
    for rule in alerts(node):
        yield from (f"{rule['alert']}: {found}" for found in strange(rule["expr"]))
        for text in rule["annotations"].values():
            yield from (f"{rule['alert']}: {found}" for found in strange_words(text, rule["expr"]))


def wrong_panels(node: Node) -> Iterator[str]:
    panels = node["panels"]
    for panel in panels:
        if not panel["title"] or not panel["description"] or not panel["targets"]:
            yield f"panel {panel['id']} does not say what it shows"
        for target in panel["targets"]:
            yield from (f"{panel['title']}: {found}" for found in strange_target(target))
    for variable in (one for one in node["templating"]["list"] if one["type"] == "query"):
        query = variable["query"]["query"]
        asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
        found = strange(f"max by ({asked[2]}) ({asked[1]})") if asked else [query]
        yield from (f"{variable['label']}: {one}" for one in found)
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "two panels have one id"
    for one, other in combinations(panels, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} lies over {other['title']}"


def strange_target(target: Node) -> Iterator[str]:
    """Find what a query of the dashboard, and the legend of its lines, names and nobody measures."""
    expression = target["expr"].replace("$__rate_interval", "5m")
    yield from strange(expression)
    legend = re.sub(r"\{\{(\w+)\}\}", r"{{ $labels.\1 }}", target["legendFormat"])
    yield from strange_words(legend, expression)


def _overlap(one: Node, other: Node) -> bool:
    apart = [
        one[at] >= other[at] + other[size] or other[at] >= one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    ]
    return not any(apart)


def test_the_alert_rules_are_what_prometheus_reads_and_ask_for_what_is_measured() -> None:
    assert list(wrong_rules(alert_rules())) == []


def test_everything_that_must_not_be_found_out_from_a_customer_has_its_alert() -> None:
    assert set(TOLD_BY.values()) <= {rule["alert"] for rule in alerts(alert_rules())}


def test_every_alert_says_what_to_type_first() -> None:
    for rule in alerts(alert_rules()):
        program, *words = rule["annotations"]["runbook"].split()
        assert program in ("tieout", "kubectl")
        assert program == "kubectl" or list(misfits([w for w in words if w not in ("{{", "}}")])) == []


def test_the_dashboard_asks_for_what_is_measured_and_nothing_overlaps() -> None:
    assert list(wrong_panels(dashboard())) == []


def test_every_metric_is_shown_somewhere() -> None:
    shown = json.dumps(dashboard())
    assert [name for name in METRICS if name not in shown] == []


def test_the_scalers_ask_for_what_is_measured() -> None:
    queries = [one["metadata"]["query"] for one in triggers() if one["type"] == "prometheus"]
    assert queries
    assert [found for query in queries for found in strange(query)] == []


def held_by_an_idle_pod(expressions: list[str]) -> Iterator[str]:
    """Find what takes another than the youngest token of all pods: one that idles lets its own end."""
    for one in expressions:
        left = re.findall(r"(\w+) by \((?:namespace, )?connection\) \(tieout_token_expires_seconds\b", one)
        if "tieout_token_expires_seconds" in one and left != ["max"]:
            yield one


def expressions() -> list[str]:
    asked = [rule["expr"] for rule in alerts(alert_rules())]
    return asked + [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def test_a_token_that_one_pod_renewed_is_renewed() -> None:
    assert sum("tieout_token_expires_seconds" in one for one in expressions()) == 2
    assert list(held_by_an_idle_pod(expressions())) == []


@pytest.mark.parametrize("by", ["min by (connection) (tieout_token_expires_seconds)", "tieout_token_expires_seconds"])
def test_a_token_of_an_idle_pod_that_would_page_is_noticed(by: str) -> None:
    assert list(held_by_an_idle_pod([f"{by} < 300"]))


def triggers() -> list[Node]:
    return [one for _, each in manifests() for one in (each.get("spec") or {}).get("triggers", [])]


def shared_out(found: list[Node]) -> Iterator[str]:
    """Find triggers whose kind of number is not written out, and ages that would be divided by the number of pods."""
    for one in found:
        is_age = "_seconds" in one["metadata"].get("query", "")
        if one.get("metricType") != ("Value" if is_age else "AverageValue"):
            yield f"{one['type']}: {'an age is not' if is_age else 'messages are'} shared out among pods"


def test_keda_shares_messages_out_among_pods_and_no_age() -> None:
    """One trigger of messages has to be there: before 2.18 KEDA takes no fallback where every number is a Value."""
    assert {one["type"] for one in triggers()} == {"rabbitmq", "prometheus"}
    assert list(shared_out(triggers())) == []


@pytest.mark.parametrize("kind", ["rabbitmq", "prometheus"])
def test_a_trigger_that_does_not_say_what_its_number_is_is_noticed(kind: str) -> None:
    bare = [{**one, "metricType": None} for one in triggers() if one["type"] == kind]
    assert len(list(shared_out(bare))) == 1


def test_a_scrape_outlasts_the_wait_for_a_store_that_hangs() -> None:
    monitors = [one for _, one in manifests() if one["kind"] == "PodMonitor"]
    (endpoint,) = [endpoint for one in monitors for endpoint in one["spec"]["podMetricsEndpoints"]]
    assert seconds(endpoint["scrapeTimeout"]) >= 2 * PATIENCE_SECONDS


def wrong_adapter(asked: list[Node], rules: list[Node]) -> Iterator[str]:
    """Find external metrics that the adapter does not make, or makes of several series, which a scaler would sum."""
    made = {rule["name"]["as"]: rule for rule in rules}
    for one in asked:
        name, target = one["metric"]["name"], one["target"]
        if name not in made:
            yield f"nothing makes {name}"
        if target["type"] != "Value":
            yield f"{name}: an age is not shared out among pods"
    for name, rule in made.items():
        yield from (f"{name}: {found}" for found in strange(rule["seriesQuery"]))
        if rule["metricsQuery"] != "max(<<.Series>>{<<.LabelMatchers>>})":
            yield f"{name}: more than one series, or not of this namespace"


def outside() -> list[Node]:
    scalers = [one for _, one in manifests() if one["kind"] == "HorizontalPodAutoscaler"]
    return [metric["external"] for one in scalers for metric in one["spec"]["metrics"] if metric["type"] == "External"]


def adapter_rules() -> list[Node]:
    return list(yaml.safe_load((ROOT / "deploy/prometheus/adapter.yaml").read_text("utf-8"))["externalRules"])


def test_the_scaler_without_keda_asks_for_the_one_number_the_adapter_makes() -> None:
    assert outside()
    assert list(wrong_adapter(outside(), adapter_rules())) == []


def test_an_external_metric_that_would_be_summed_is_noticed() -> None:
    raw = {"metric": {"name": "tieout_pending_oldest_due_seconds"}, "target": {"type": "AverageValue"}}
    assert len(list(wrong_adapter([raw], adapter_rules()))) == 2
    summed = {**adapter_rules()[0], "metricsQuery": "sum(<<.Series>>{<<.LabelMatchers>>})", "seriesQuery": "tieout_x"}
    assert len(list(wrong_adapter([], [summed]))) == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("expr", "max(tieout_doubts) > 0"),
        ("expr", 'max(tieout_in_doubt{tenant="a"}) > 0'),
        ("expr", "max(tieout_in_doubt > 0"),
        ("expr", "max by (conection, kind) (tieout_in_doubt) > 0"),
        ("expr", "vector(1)"),
        ("for", "an hour"),
        ("labels", {"severity": "loud"}),
        ("annotations", {"summary": "x"}),
        ("annotations", {"summary": "{{ $labels.flow }}", "description": "x", "runbook": "tieout doubts"}),
        ("alerts", "x"),
    ],
)
def test_a_wrong_rule_is_noticed(key: str, value: object) -> None:
    broken = copy.deepcopy(alert_rules())
    broken["groups"][0]["rules"][0][key] = value
    assert list(wrong_rules(broken))


def test_a_rule_that_is_there_twice_is_noticed() -> None:
    twice = alert_rules()
    assert list(wrong_rules({"groups": [*twice["groups"], twice["groups"][0]]}))


def test_a_wrong_panel_is_noticed() -> None:
    broken = dashboard()
    broken["panels"][0]["targets"][0]["expr"] = "sum(rate(tieout_errand_seconds[5m]))"
    broken["panels"][1]["id"] = broken["panels"][2]["id"]
    broken["panels"][3]["gridPos"] = broken["panels"][4]["gridPos"]
    broken["panels"][5]["description"] = ""
    broken["panels"][6]["targets"][0]["legendFormat"] = "{{flow}}"
    broken["templating"]["list"][1]["query"]["query"] = "label_values(tieout_poll_lag_seconds, errand)"
    assert len(list(wrong_panels(broken))) == 6


def test_a_metric_that_the_code_renames_or_whose_label_it_drops_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = METRICS["tieout_issues_open"]._replace(labels=("connection",))
    monkeypatch.setattr("tests.deploy.metrics.METRICS", {**METRICS, "tieout_issues_open": bare})
    assert any("no label severity" in found for found in wrong_rules(alert_rules()))
    left = {name: metric for name, metric in METRICS.items() if name != "tieout_pending_oldest_due_seconds"}
    monkeypatch.setattr("tests.deploy.metrics.METRICS", left)
    query = next(one["metadata"]["query"] for one in triggers() if one["type"] == "prometheus")
    for asked in (wrong_rules(alert_rules()), wrong_panels(dashboard()), strange(query)):
        assert any("no metric tieout_pending_oldest_due_seconds" in found for found in asked)
    assert list(wrong_adapter([], adapter_rules()))


def test_a_histogram_is_asked_for_by_its_three_samples() -> None:
    assert samples()["tieout_errand_seconds_bucket"] == {"errand", "le", "namespace"}
    assert "tieout_errand_seconds" not in samples()
