"""What must be green before anything lands: `make check`, in which a missing service is a failure and no skip."""

import re
from collections.abc import Iterator

import pytest

from tests.tidy.tree import ROOT

ASKS_FOR_SERVICES = 'export CI="${CI:-true}"'
CHECKS = "exec make check"
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def lacking(script: str) -> Iterator[str]:
    """Find what the script does not do, or does too late."""
    commands = [line.strip() for line in COMMENT.sub("", script).splitlines() if line.strip()]
    if commands[-1:] != [CHECKS]:
        yield f"its last command is not `{CHECKS}`"
    if ASKS_FOR_SERVICES not in commands[:-1]:
        yield f"`{ASKS_FOR_SERVICES}` does not stand before it"


def test_ci_checks_everything_and_lets_no_service_be_missing() -> None:
    assert list(lacking((ROOT / ".ci" / "run").read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "script",
    [
        "",
        CHECKS,
        f"{ASKS_FOR_SERVICES}\nexec make test",
        f"{CHECKS}\n{ASKS_FOR_SERVICES}",
        f"# {ASKS_FOR_SERVICES}\n{CHECKS}",
        f"{ASKS_FOR_SERVICES}\n# {CHECKS}",
        f"{ASKS_FOR_SERVICES}\n{CHECKS}\ntrue",
    ],
)
def test_a_script_that_checks_less_is_noticed(script: str) -> None:
    assert list(lacking(script))
    assert not list(lacking(f"set -e\n{ASKS_FOR_SERVICES}\n{CHECKS}\n"))
