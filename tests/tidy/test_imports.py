"""Who may import whom, where the import linter cannot say it: single modules, and names others might take."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.tidy.tree import ROOMS, ROOT, Source, imports, problems, python, snippet

ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "httpx": ("adapters/http.py",),
    "dramatiq": (
        "actors/broker.py",
        "actors/consumer.py",
        "actors/dead_letters.py",
        "actors/engine.py",
        "actors/hands.py",
        "actors/middleware/",
        "actors/queues.py",
        "actors/ringer.py",
        "actors/shell.py",
    ),
    "pika": ("actors/broker.py", "actors/broker_login.py", "actors/consumer.py"),
    "eventsourcing": ("adapters/eventlog/",),
    "cryptography": ("adapters/vault/", "adapters/eventlog/personal.py", "sandbox/certificates.py"),
    # The simulation judges the bound of a deadline as the adapters set it.
    "adapters": ("adapters/", "tieout/wiring/", "tieout/simulation/money_writes.py"),
    "typer": ("tieout/",),
    "rich": ("tieout/",),
    "prometheus_client": ("tieout/observability/", "tieout/health/"),
    "structlog": ("tieout/observability/",),
    "opentelemetry": ("tieout/observability/",),
    "uvicorn": ("sandbox/", "tieout/processes/console.py"),
    "starlette": ("sandbox/", "console/"),
}


def out_of_place(source: Source) -> Iterator[str]:
    """Find imports of a library or room outside the place that hides it."""
    for line, module in imports(source):
        places = ONLY_IN.get(module.partition(".")[0])
        if places is not None and not source.path.startswith(places):
            yield source.at(line, f"imports {module}, which only {', '.join(places)} may")


def taken_names(providers: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Find rooms whose generic name another distribution in this environment provides, too."""
    return {room: owners for room in ROOMS if (owners := sorted({*providers.get(room, []), "tieout"} - {"tieout"}))}


def test_each_library_is_hidden_in_its_place() -> None:
    assert problems(out_of_place(one) for one in python(*ROOMS)) == []


def test_nobody_else_provides_a_package_named_like_a_room() -> None:
    assert taken_names(packages_distributions()) == {}
    for room in ROOMS:
        assert Path(str(import_module(room).__file__)).resolve().is_relative_to(ROOT), room


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("adapters/infor/client.py", "import httpx"),
        ("adapters/http_watchdog.py", "from httpx import Client"),
        ("actors/errands/close_invoices.py", "def f():\n    import dramatiq.errors"),
        ("tieout/sync.py", "from adapters.clock import SystemClock"),
        ("sandbox/serve.py", "import adapters.http"),
    ],
)
def test_an_import_out_of_place_is_noticed(path: str, text: str) -> None:
    assert len(list(out_of_place(snippet(text, path)))) == 1


def test_a_taken_name_is_noticed() -> None:
    assert taken_names({"domain": ["tieout", "domain-models"], "rich": ["rich"]}) == {"domain": ["domain-models"]}
    assert taken_names({"domain": ["tieout", "tieout"]}) == {}
