"""The documents: every path, make target and module they name exists."""

import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from functools import cache

import pytest

from tests.tidy.tree import ROOT, Source, paths, problems, snippet, texts

CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
WORD = re.compile(r"[\w.*/<>{}-]+")
MAKE = re.compile(r"(?:^|[\s`;&])make ([a-z][\w-]*)")
MODULE = re.compile(r"python3? -m ([\w.]+)")
OURS = (".py", ".md", ".lock", ".yml", ".yaml", ".json", ".toml", ".ini", ".cfg", ".sh")
WRITTEN = frozenset({"tieout.toml", "tokens.json", "addresses.json"})  # files the program writes for its user
TARGET = re.compile(r"^([a-z][\w-]*):", re.MULTILINE)


def lost_paths(source: Source, known: Collection[str]) -> Iterator[str]:
    """Find links and paths in code spans that lead nowhere; a path may begin inside a room, and may hold `*`."""
    folder = source.path.rpartition("/")[0]
    for line, text in enumerate(source.text.splitlines(), start=1):
        for link in LINK.findall(text):
            if not _is_there(_joined(folder, link), known, anywhere=False):
                yield source.at(line, f"the link {link} leads nowhere")
    for line, text in _code(source):
        for word in WORD.findall(text):
            if _is_path(word, known) and not _is_there(word, known, anywhere=True):
                yield source.at(line, f"{word} does not exist")


def lost_targets(source: Source, makefile: str) -> Iterator[str]:
    """Find make targets in code spans that the Makefile does not have."""
    targets = set(TARGET.findall(makefile))
    for line, text in _code(source):
        for target in MAKE.findall(text):
            if target not in targets:
                yield source.at(line, f"make has no target {target}")


def lost_modules(source: Source, known: Collection[str]) -> Iterator[str]:
    """Find `python -m` in code spans with a module of ours that does not exist."""
    rooms = {path.partition("/")[0] for path in known}
    for line, text in _code(source):
        for module in MODULE.findall(text):
            place = module.replace(".", "/")
            ours = module.partition(".")[0] in rooms
            if ours and f"{place}.py" not in known and f"{place}/__main__.py" not in known:
                yield source.at(line, f"there is no module {module}")


def _code(source: Source) -> Iterator[tuple[int, str]]:
    for found in CODE.finditer(source.text):
        first = source.text.count("\n", 0, found.start()) + 1
        for offset, line in enumerate(found.group().splitlines()):
            yield first + offset, line


def _is_path(word: str, known: Collection[str]) -> bool:
    if word in WRITTEN or word.startswith(("/", "<", "-", ".venv/")) or "{" in word:
        return False
    tops = {path.partition("/")[0] for path in known}
    return word.endswith(OURS) or ("/" in word and word.partition("/")[0] in tops)


def _is_there(word: str, known: Collection[str], *, anywhere: bool) -> bool:
    pattern = word.rstrip("/").removeprefix("./")
    places = _places(tuple(known)) if anywhere else _folders(tuple(known))
    return pattern in places or ("*" in pattern and any(fnmatchcase(place, pattern) for place in places))


@cache
def _folders(known: tuple[str, ...]) -> frozenset[str]:
    """Give every file and every folder above one."""
    parts = [path.split("/") for path in known]
    return frozenset("/".join(path[:end]) for path in parts for end in range(1, len(path) + 1))


@cache
def _places(known: tuple[str, ...]) -> frozenset[str]:
    """Give every file and folder, also as it is called from inside any folder above it."""
    parts = [path.split("/") for path in _folders(known)]
    return frozenset("/".join(path[begin:]) for path in parts for begin in range(len(path)))


def _joined(folder: str, link: str) -> str:
    parts = folder.split("/") if folder else []
    for part in link.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts = [*parts, part]
    return "/".join(parts)


def _documents() -> list[Source]:
    found = [one for one in texts() if one.path.endswith(".md")]
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} <= {one.path for one in found}
    return found


def test_every_path_a_document_names_exists() -> None:
    assert problems(lost_paths(one, paths()) for one in _documents()) == []


def test_every_make_target_and_module_a_document_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert problems(lost_targets(one, makefile) for one in _documents()) == []
    assert problems(lost_modules(one, paths()) for one in _documents()) == []


KNOWN = ("README.md", "docs/a.md", "docs/deep/b.md", "domain/money.py", "tieout/__main__.py")


@pytest.mark.parametrize(
    "text",
    [
        "see [b](deep/c.md)",
        "see [money](../domain/cash.py)",
        "in `domain/cash.py` it is",
        "in `cash.py` it is",
        "in `domain/*_cash.py` it is",
        "in `docs/lost/` it is",
        "```\ncat docs/c.md\n```",
    ],
)
def test_a_lost_path_is_noticed(text: str) -> None:
    assert list(lost_paths(snippet(text, "docs/a.md"), KNOWN))


@pytest.mark.parametrize(
    "text",
    [
        "see [b](deep/b.md) and [there](https://example.com/c.md) and [money](../domain/money.py#top)",
        "in `domain/money.py`, `money.py`, `domain/mon*.py`, `docs/deep/`, `deep/`",
        "`POST /invoices/batches`, `and/or`, `tieout.toml`, `<store>.checkpoint`",
    ],
)
def test_a_path_that_is_there_is_let_through(text: str) -> None:
    assert not list(lost_paths(snippet(text, "docs/a.md"), KNOWN))


def test_a_lost_target_or_module_is_noticed() -> None:
    makefile = "test: ready  ## all\n\techo\n"
    assert list(lost_targets(snippet("run `make tests`"), makefile))
    assert list(lost_targets(snippet("```\nmake demo  # it\n```"), makefile))
    assert not list(lost_targets(snippet("run `make test`, and make sure"), makefile))
    assert list(lost_modules(snippet("`python -m domain.cash`"), KNOWN))
    assert not list(lost_modules(snippet("`python -m tieout`, `python -m domain.money`, `python -m venv`"), KNOWN))
