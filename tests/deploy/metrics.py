"""The samples a query may ask for, with their labels: those of tieout, and the few of the cluster that we use."""

from tieout.observability.metrics import METRICS

SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
PLACE = frozenset({"namespace"})  # Prometheus puts it on what it reads in a cluster; elsewhere it is the empty text
CLUSTER = {  # of kube-state-metrics
    "kube_deployment_status_replicas_available": frozenset({"deployment"}),
    "kube_pod_status_ready": frozenset({"pod", "condition"}),
    "kube_pod_status_phase": frozenset({"pod", "phase"}),
}


def samples() -> dict[str, frozenset[str]]:
    """Give every sample's name with its labels, a histogram's three included."""
    ours = {
        name + suffix: frozenset(metric.labels) | ({"le"} if suffix == "_bucket" else set())
        for name, metric in METRICS.items()
        for suffix in SUFFIXES[metric.kind]
    }
    return {name: labels | PLACE for name, labels in (ours | CLUSTER).items()}
