"""The repository as the house rules see it: its tracked files, its Python sources, their comments."""

import ast
import io
import shutil
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "actors", "adapters", "projections", "console", "sandbox", "tieout")
MADE = frozenset({"__pycache__", "dist", "build"})  # folders that make or Python writes
KEPT_HIDDEN = frozenset({".ci", ".gitignore"})


@dataclass(frozen=True)
class Source:
    """One text file; path: relative to the root, with slashes."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the parsed Python, parents before children."""
        return list(ast.walk(ast.parse(self.text)))

    @property
    def room(self) -> str:
        """The top folder, "" for a file at the root."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """The Python comments with their line numbers."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]

    def at(self, line: int, what: str) -> str:
        """Say what is wrong where."""
        return f"{self.path}:{line}: {what}"


@cache
def paths() -> tuple[str, ...]:
    """Give every file that git tracks or would track, relative to the root."""
    listed = _git_paths() or walked_paths()
    return tuple(sorted(path for path in listed if (ROOT / path).is_file()))


def walked_paths() -> Iterator[str]:
    """Give the files as an unpacked archive has them: no git, nothing hidden, nothing that was made."""
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in KEPT_HIDDEN for part in parts)
        if path.is_file() and not hidden and not MADE.intersection(parts):
            yield "/".join(parts)


@cache
def texts() -> tuple[Source, ...]:
    """Give every text file."""
    found = ((path, (ROOT / path).read_bytes()) for path in paths())
    return tuple(Source(path, data.decode()) for path, data in found if b"\0" not in data)


def python(*rooms: str) -> list[Source]:
    """Give the Python sources, or those of some top folders."""
    return [one for one in texts() if one.path.endswith(".py") and (not rooms or one.room in rooms)]


def snippet(text: str, path: str = "domain/snippet.py") -> Source:
    """Make a source up, to show that a rule can fail."""
    return Source(path, text)


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Give the modules a source imports, wherever in it; `from a import b` gives `a`."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "."


def problems(rule_findings: Iterable[Iterable[str]]) -> list[str]:
    """Put the findings of all sources into one list."""
    return [finding for findings in rule_findings for finding in findings]


def _git_paths() -> list[str]:
    """Ask git; it knows nothing where the files came in an archive, or there is no git."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return []
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)  # noqa: S603 (fixed words)
    return [path for path in listed.stdout.decode().split("\0") if path]
