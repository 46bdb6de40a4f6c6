"""The domain and the projections: which modules they may know, and no floats, clock or chance."""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import Source, imports, problems, python, snippet

ALLOWED_IN_DOMAIN = frozenset(
    {
        *("base64", "collections", "datetime", "decimal", "domain", "enum", "hashlib", "msgspec", "typing", "uuid"),
        "functools",  # remembers what pure functions gave
    }
)
MONEY = ("domain/", "projections/", "actors/errands/", "adapters/infor/", "adapters/avidxchange/")
TIMING = ("auth.py", "client.py")  # of the adapters: they count the seconds of tokens and calls, and see no amount
SECONDS = ("seconds", "retry_after", "monotonic")  # names of spans of time: the only floats there are
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"},
    "uuid": {"uuid1", "uuid4"},
    "os": {"urandom", "getrandom"},
}
CHANCE = frozenset({"random", "secrets", "time"})


def foreign_imports(source: Source) -> Iterator[str]:
    """Find what the domain must not know."""
    for line, module in imports(source):
        if module.partition(".")[0] not in ALLOWED_IN_DOMAIN:
            yield source.at(line, f"imports {module}")


def floats(source: Source) -> Iterator[str]:
    """Find float literals, conversions and true divisions, and floats that are not spans of seconds or a clock's."""
    spans = set(_span_annotations(source))
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex) and node not in spans:
            yield source.at(node.lineno, f"the float {node.value}")
        elif isinstance(node, ast.Name) and node.id == "float" and node not in spans:
            yield source.at(node.lineno, "float, but for no span of seconds")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) and node not in spans:
            yield source.at(node.lineno, "a division with a remainder lost in a float")


def clocks(source: Source) -> Iterator[str]:
    """Find a look at the clock or a throw of the dice."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if node.attr in CLOCKS.get(owner, ()):
                yield source.at(node.lineno, f"{owner}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            taken = {alias.name for alias in node.names} & CLOCKS.get(node.module or "", set())
            yield from (source.at(node.lineno, f"{node.module}.{name}") for name in sorted(taken))
    yield from (source.at(line, f"imports {name}") for line, name in imports(source) if name in CHANCE)


def _span_annotations(source: Source) -> Iterator[ast.AST]:
    for node in source.nodes:
        if isinstance(node, ast.arg) and node.annotation and _is_span(node.arg):
            yield from ast.walk(node.annotation)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            if all(_is_span(ast.unparse(target)) for target in targets):
                yield from ast.walk(node)
        elif isinstance(node, ast.FunctionDef) and node.returns and _is_span(node.name):
            yield from ast.walk(node.returns)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "datetime.fromtimestamp":
            yield from ast.walk(node)


def _is_span(name: str) -> bool:
    return name.lower().endswith(SECONDS)


def test_the_domain_knows_the_standard_library_it_names_and_msgspec() -> None:
    assert problems(foreign_imports(one) for one in python("domain")) == []
    used = {module.partition(".")[0] for one in python("domain") for _, module in imports(one)}
    assert used == ALLOWED_IN_DOMAIN, "the list names what is used, no more"


def test_money_never_touches_binary_floats() -> None:
    sources = [one for one in python() if one.path.startswith(MONEY) and not one.path.endswith(TIMING)]
    assert len({one.room for one in sources}) == len({place.partition("/")[0] for place in MONEY})
    assert problems(floats(one) for one in sources) == []


def test_the_domain_and_the_projections_know_no_clock_and_no_chance() -> None:
    assert problems(clocks(one) for one in python("domain", "projections")) == []


@pytest.mark.parametrize(
    "text", ["import httpx", "from adapters.http import Remote", "def f():\n    import random", "from . import money"]
)
def test_a_foreign_import_is_noticed(text: str) -> None:
    assert len(list(foreign_imports(snippet(text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "rate = 0.05",
        "rate = 1e2",
        "minor = float(text)",
        "half = amount / 2",
        "amount /= 2",
        "amount: float = 0",
        "def net(gross: float) -> int: ...",
        "def net(gross: int) -> float | None: ...",
    ],
)
def test_a_binary_float_is_noticed(text: str) -> None:
    assert list(floats(snippet(text)))


def test_spans_of_seconds_and_whole_divisions_are_no_money() -> None:
    text = "WAIT_SECONDS = 0.5\nretry_after: float | None = None\ndef f(wait_seconds: float = 1): return minor // 100"
    assert list(floats(snippet(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "at = datetime.now(tz=UTC)",
        "at = datetime.datetime.utcnow()",
        "day = date.today()",
        "import time",
        "from time import monotonic",
        "from random import choice",
        "id = uuid.uuid4()",
        "from uuid import UUID, uuid4",
        "noise = os.urandom(12)",
    ],
)
def test_a_clock_or_chance_is_noticed(text: str) -> None:
    assert list(clocks(snippet(text)))
