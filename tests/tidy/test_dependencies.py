"""The lock is hashed and names no address; every library has its reason written down."""

import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.tidy.tree import ROOT, paths

PINNED = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?P<extras>\[[a-z0-9._-]+(?:, [a-z0-9._-]+)*\])?"
    r"==(?P<version>[^\s;\\]+)(?P<marker>\s*;[^\\]*)?\s*\\$"
)
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
COMMENT = re.compile(r"^\s*#")
DISTRIBUTION = re.compile(r"[A-Za-z0-9._-]+")


def unlocked(text: str) -> Iterator[str]:
    """Find lines of a lock that are neither a pinned requirement with its hashes nor a comment, and any address."""
    hashes = 1
    for number, line in enumerate(text.splitlines(), start=1):
        if "://" in line:
            yield f"line {number}: an address: {line.strip()}"
        elif PINNED.match(line):
            if not hashes:
                yield f"line {number}: the requirement above has no hash"
            hashes = 0
        elif HASH.match(line):
            hashes += 1
        elif line.strip() and not COMMENT.match(line):
            yield f"line {number}: neither pinned nor a hash: {line.strip()}"
    if not hashes:
        yield "the last requirement has no hash"


def unexplained(requirements: list[str], decision: str) -> list[str]:
    """Find libraries the decision does not mention."""
    named = [found.group() for one in requirements if (found := DISTRIBUTION.match(one))]
    return [name for name in named if not re.search(rf"\b{re.escape(name)}\b", decision, re.IGNORECASE)]


def _requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]


def _lock() -> str:
    return (ROOT / "requirements.lock").read_text("utf-8")


def test_the_lock_is_hashed_and_names_no_address() -> None:
    assert list(unlocked(_lock())) == []


def test_everything_that_is_asked_for_is_locked() -> None:
    locked = {found["name"] for line in _lock().splitlines() if (found := PINNED.match(line))}
    asked = {found.group().lower() for one in _requirements() if (found := DISTRIBUTION.match(one))}
    assert asked <= locked


def test_the_installers_own_lock_is_not_kept() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text("utf-8").split()
    assert "uv.lock" not in paths()


def test_every_library_has_its_reason() -> None:
    decision = (ROOT / "docs/decisions/0005-dependencies.md").read_text("utf-8")
    assert unexplained(_requirements(), decision) == []
    assert unexplained(["left-pad>=1", "httpx>=0.28"], decision) == ["left-pad"]


GOOD = "a==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via b\n"


@pytest.mark.parametrize(
    "text",
    [
        "--index" + "-url https://packages.example.com/simple\n" + GOOD,
        "a @ https://packages.example.com/a.whl\n",
        "a>=1.0 \\\n    --hash=sha256:" + "0" * 64,
        "a==1.0\n",
        "a==1.0 \\\n" + GOOD,
        GOOD + "b==1.0 \\\n",
        "-e .\n",
        "--find-links wheels\n" + GOOD,
        "a==1.0 \\\n    --hash=md5:0\n",
    ],
)
def test_a_loose_lock_is_noticed(text: str) -> None:
    assert list(unlocked(text))
    assert not list(unlocked(GOOD))
