"""How long things may be, and what a comment owes the reader."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.tidy.tree import ROOT, Source, problems, python, snippet, texts

FILE_LINES = 400
FUNCTION_LINES = 70
ARCHITECTURE_LINES = 300
EXEMPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no\s*\w+)", re.IGNORECASE)
REASONED = (
    re.compile(r"#\s*noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*\W+[a-zA-Z]\w*(?:\W+\w+|\w{5,})"),
    re.compile(r"#\s*type: ignore\[[a-z-]+(?:, ?[a-z-]+)*\]\W+[a-zA-Z]\w*(?:\W+\w+|\w{5,})"),
    re.compile(r"#\s*pragma: no \w+\W+[a-z]\w*\W+\w+"),
)
MARKS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
RULE_LISTS = re.compile(r"^(?:ignore|ignore_imports|\"[^\"]+\") = \[(?P<inside>[^\]]*)\](?P<after>.*)$", re.MULTILINE)


def too_long(source: Source) -> Iterator[str]:
    """Find files and functions nobody reads in one go."""
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield source.at(lines, f"{lines} lines, {FILE_LINES} at most")
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield source.at(node.lineno, f"{node.name} takes {length} lines, {FUNCTION_LINES} at most")


def bare_exemptions(source: Source) -> Iterator[str]:
    """Find exemptions from a rule without code or reason."""
    for line, comment in source.comments:
        asked = len(EXEMPTION.findall(comment))
        given = sum(1 for pattern in REASONED if pattern.search(comment))
        if asked > given:
            yield source.at(line, f"an exemption without its code and reason: {comment}")


def unreasoned_settings(text: str) -> Iterator[str]:
    """Find rules switched off for a tool without a word why: on the entry's line, or behind a one-line list."""
    for found in RULE_LISTS.finditer(text):
        inside, after = found["inside"], found["after"]
        entries = [line for line in inside.splitlines() if '"' in line] if "\n" in inside else [inside + after]
        yield from (entry.strip() for entry in entries if "#" not in entry)


def marks(source: Source) -> Iterator[str]:
    """Find notes of work that was left."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if MARKS.search(line):
            yield source.at(number, line.strip())


def test_files_and_functions_can_be_read_in_one_go() -> None:
    assert problems(too_long(one) for one in python()) == []


def test_the_architecture_can_be_read_in_one_go() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()) <= ARCHITECTURE_LINES


def test_every_exemption_says_which_and_why() -> None:
    assert problems(bare_exemptions(one) for one in python()) == []
    assert list(unreasoned_settings((ROOT / "pyproject.toml").read_text("utf-8"))) == []


def test_nothing_is_marked_as_left_for_later() -> None:
    assert problems(marks(one) for one in texts()) == []


def test_a_long_file_and_a_long_function_are_noticed() -> None:
    assert list(too_long(snippet("a = 1\n" * 401)))
    assert not list(too_long(snippet("a = 1\n" * 400)))
    assert list(too_long(snippet("def f():\n" + "    a = 1\n" * 70)))
    assert not list(too_long(snippet("async def f():\n" + "    a = 1\n" * 69)))


@pytest.mark.parametrize(
    "comment",
    [
        "# no" + "qa",
        "# no" + "qa: S101",
        "# no" + "qa: likewise",
        "# no" + "qa (a reason without a code)",
        "# type: " + "ignore",
        "# type: " + "ignore[attr-defined]",
        "# type: " + "ignore  # a reason without a code",
        "# pragma: " + "no cover",
    ],
)
def test_an_exemption_without_code_or_reason_is_noticed(comment: str) -> None:
    assert list(bare_exemptions(snippet(f"a = 1  {comment}\n")))


@pytest.mark.parametrize(
    "comment",
    [
        "# no" + "qa: S101 - a test asserts",
        "# no" + "qa: A002, ARG002 (the base class says so)",
        "# type: " + "ignore[misc, override]  # the port's own signature",
        "# type: " + "ignore[attr-defined]  # likewise",
    ],
)
def test_an_exemption_with_code_and_reason_is_let_through(comment: str) -> None:
    assert not list(bare_exemptions(snippet(f"a = 1  {comment}\n")))


def test_a_rule_switched_off_without_a_reason_is_noticed() -> None:
    assert list(unreasoned_settings('ignore = [\n    "A1", # why\n    "B2",\n]\n')) == ['"B2",']
    assert list(unreasoned_settings('"tests/**" = ["D"]\n'))
    assert not list(unreasoned_settings('"tests/**" = ["D"] # a name says it\n'))


def test_a_mark_is_noticed() -> None:
    assert list(marks(snippet("# TO" + "DO: later\n")))
    assert not list(marks(snippet("# TODOS are none\n")))
