"""Every handler names its verdict: no bare except, nothing swallowed without a word why."""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.tree import ROOMS, Source, problems, python, snippet

EVERYTHING = frozenset({"Exception", "BaseException"})


def silent_handlers(source: Source) -> Iterator[str]:
    """Find bare handlers, and handlers that do nothing and do not say why in a comment beside them."""
    commented = {line for line, _ in source.comments}
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            yield from _handler(source, node, commented)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for call in (item.context_expr for item in node.items):
                if _is_suppress(call) and not commented.intersection((node.lineno - 1, node.lineno, node.lineno + 1)):
                    yield source.at(node.lineno, f"{ast.unparse(call)} without a word why")


def _handler(source: Source, node: ast.ExceptHandler, commented: set[int]) -> Iterator[str]:
    if node.type is None:
        yield source.at(node.lineno, "a bare except")
        return
    lines = set(range(node.lineno - 1, (node.end_lineno or node.lineno) + 1))
    if all(_does_nothing(statement) for statement in node.body) and not commented & lines:
        yield source.at(node.lineno, f"except {ast.unparse(node.type)} does nothing and does not say why")
    names = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)}
    used = any(isinstance(part, ast.Raise | ast.Call) for statement in node.body for part in ast.walk(statement))
    if names & EVERYTHING and not used:
        yield source.at(node.lineno, "everything is caught, and neither raised again nor handed on")


def _does_nothing(statement: ast.stmt) -> bool:
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return constant or isinstance(statement, ast.Pass | ast.Continue | ast.Break)


def _is_suppress(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "suppress"


def test_no_room_swallows_a_fault_silently() -> None:
    assert problems(silent_handlers(one) for one in python(*ROOMS)) == []


@pytest.mark.parametrize(
    "handler",
    [
        "except:\n    raise",
        "except ValueError:\n    pass",
        "except (ValueError, OSError):\n    ...",
        "except ValueError:\n    'a text is no comment'",
        "except Exception:\n    done = False  # whatever",
        "except BaseException as fault:\n    done = fault",
    ],
)
def test_a_swallowed_fault_is_noticed(handler: str) -> None:
    assert list(silent_handlers(snippet(f"try:\n    work()\n{handler}\n")))


def test_a_suppressed_fault_is_noticed() -> None:
    assert list(silent_handlers(snippet("with contextlib.suppress(OSError):\n    close()\n")))
    assert list(silent_handlers(snippet("with lock, suppress(OSError):\n    close()\n")))


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    work()\nexcept ValueError:\n    pass  # the verdict stands below\n",
        "with suppress(OSError):  # how it ends no longer matters\n    close()\n",
        "try:\n    work()\nexcept Exception:\n    log()\n    raise\n",
        "try:\n    work()\nexcept ValueError as error:\n    raise MalformedError(str(error)) from error\n",
    ],
)
def test_a_verdict_is_let_through(text: str) -> None:
    assert not list(silent_handlers(snippet(text)))
