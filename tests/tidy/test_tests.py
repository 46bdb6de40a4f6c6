"""The tests themselves: none sleeps, none mocks our own code, each has the name of a sentence."""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import Source, imports, problems, python, snippet

SLEEPERS = frozenset({"time", "asyncio", "anyio", "trio", "gevent"})
MOCKS = frozenset({"mock", "unittest"})
WORDS = 3


def sleeps(source: Source) -> Iterator[str]:
    """Find a real sleep: called, handed on, or imported by name. A pretend `time` of a test is none."""
    sleepers = SLEEPERS & {module for _, module in imports(source)}
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr.startswith("sleep"):
            if ast.unparse(node.value) in sleepers:
                yield source.at(node.lineno, ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and node.module in SLEEPERS:
            taken = [alias.name for alias in node.names if alias.name.startswith("sleep")]
            yield from (source.at(node.lineno, f"{node.module}.{name}") for name in taken)


def mocks(source: Source) -> Iterator[str]:
    """Find mocks: a fake passes the port's contract suite instead."""
    for line, module in imports(source):
        if module.partition(".")[0] in MOCKS:
            yield source.at(line, f"imports {module}")


def short_names(source: Source) -> Iterator[str]:
    """Find tests whose name says nothing about the business."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first, *words = node.name.split("_")
            if first == "test" and len(words) < WORDS:
                yield source.at(node.lineno, f"{node.name} is no sentence")


def test_no_test_sleeps() -> None:
    assert problems(sleeps(one) for one in python("tests")) == []


def test_no_test_mocks_our_own_code() -> None:
    assert problems(mocks(one) for one in python("tests")) == []


def test_every_test_is_a_sentence() -> None:
    assert problems(short_names(one) for one in python("tests")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "import time\nwait(sleep=time.sleep)",
        "import asyncio\nasync def f(): await asyncio.sleep(0)",
        "from time import sleep",
        "from anyio import sleep_forever",
    ],
)
def test_a_sleep_is_noticed(text: str) -> None:
    assert list(sleeps(snippet(text)))


def test_a_pretend_sleep_is_none() -> None:
    assert not list(sleeps(snippet("def sleep(): ...\nsleep()\ntime = Time()\ntime.sleep(3)")))


def test_a_mock_is_noticed() -> None:
    assert list(mocks(snippet("from unittest.mock import patch")))
    assert not list(mocks(snippet("from tieout.simulation.fakes.ledger import FakeLedger")))


def test_a_name_that_is_no_sentence_is_noticed() -> None:
    assert list(short_names(snippet("def test_post(): ...")))
    assert not list(short_names(snippet("def test_a_payment_is_posted_once(): ...")))
