"""Do the Dockerfile's steps give a tieout that works? `python tests/deploy/image_steps.py` says so in one line.

No container engine is needed: the build stage is followed in a temporary folder, where `/src` and `/opt` of the image
become folders of it, with the Python this runs in. Then the installed command runs from an empty folder, and nothing
that only a developer needs may have come along.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.deploy.dockerfile import Instruction, Stage, stages

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("/src", "/opt")
INVOICES = 5
LONGEST_STEP_SECONDS = 600
FOREIGN = ("pip", "setuptools", "pytest", "mypy", "ruff", "hatchling", "yaml", "tests")
IMPORTABLE = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n)])"


class ImageError(Exception):
    """The steps do not give what the image promises."""


def check() -> str:
    """Follow the build stage and use what it made; give what was seen. Raises ImageError."""
    begun = time.monotonic()
    built, final = stages((ROOT / "Dockerfile").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="tieout-image-") as name:
        folder = Path(name).resolve()
        _follow(built, folder)
        home = folder / "opt" / "tieout"
        entry = json.loads(final.of("ENTRYPOINT")[0].rest)
        command = str(home / "bin" / entry[0])
        empty = folder / "empty"
        empty.mkdir()
        _run(empty, [command, "--help"])
        told = json.loads(_run(empty, [command, "demo", "--invoices", str(INVOICES), "--json"]))
        if not told["books"]["agree"]:
            raise ImageError("the demo's books do not agree")
        brought = _run(empty, [str(home / "bin" / "python"), "-c", IMPORTABLE, *FOREIGN]).split()
        if brought:
            raise ImageError(f"the image would hold {', '.join(brought)}, which no pod needs")
    spent = time.monotonic() - begun
    return f"the steps of the image: tieout answers, a demo of {INVOICES} invoices ties out, {spent:.0f} s"


def _follow(stage: Stage, folder: Path) -> None:
    """Do a stage's COPY and RUN instructions below the folder."""
    for place in PLACES:
        (folder / place.strip("/")).mkdir(parents=True)
    at = folder / stage.of("WORKDIR")[0].rest.strip("/")
    for instruction in stage.instructions:
        if instruction.word == "COPY":
            _copy(instruction, at)
        elif instruction.word == "RUN":
            for command in instruction.commands:
                _run(at, [_moved(word, folder) for word in command])


def _copy(instruction: Instruction, at: Path) -> None:
    *sources, target = instruction.rest.split()
    for source in sources:
        place = at / target
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)


def _moved(word: str, folder: Path) -> str:
    if word == "python":
        return sys.executable
    return str(folder / word.strip("/")) if word.startswith(PLACES) else word


def _run(at: Path, command: list[str]) -> str:
    """Run one command in a folder, away from the sources; give what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TIEOUT_"))}
    environ = kept | {"TMPDIR": str(at), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1", "COLUMNS": "100"}
    done = subprocess.run(  # noqa: S603 (the Dockerfile's own commands)
        command,
        cwd=at,
        env=environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_STEP_SECONDS,
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise ImageError(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{said}")
    return done.stdout


def main() -> int:
    """Check the steps; 0 when they work."""
    try:
        said, code = check(), 0
    except ImageError as error:
        said, code = str(error), 1
    sys.stdout.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
