"""Does the built wheel work without the sources? `python tests/wheel/check_wheel.py dist` says so in one line.

The wheel goes into a fresh virtual environment in a temporary folder. The libraries it needs are those of the
environment this runs in, lent through a `.pth` file, so that nothing is fetched: a folder named in one is searched,
but its own `.pth` files, and with them the editable sources, are not read.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "actors", "adapters", "projections", "console", "sandbox", "tieout")
INVOICES = 20
LONGEST_RUN_SECONDS = 300
IMPORT_ALL = """
import importlib, pkgutil, sys
from pathlib import Path
home = Path(sys.argv[1]).resolve()
count = 0
for room in sys.argv[2:]:
    package = importlib.import_module(room)
    names = [room] + [found.name for found in pkgutil.walk_packages(package.__path__, room + ".")]
    for name in names:
        if name.endswith(".__main__"):
            continue
        module = importlib.import_module(name)
        if not Path(module.__file__).resolve().is_relative_to(home):
            sys.exit(f"{name} comes from {module.__file__}, not from the wheel")
        count += 1
print(count)
"""


class WheelError(Exception):
    """The wheel does not do what the sources do."""


def check(dist: Path) -> str:
    """Install the wheel apart from the sources and use it; give what was seen. Raises WheelError."""
    wheel = _wheel(dist)
    _check_contents(wheel)
    with tempfile.TemporaryDirectory(prefix="tieout-wheel-") as name:
        folder = Path(name).resolve()
        home = _environment(folder, wheel)
        scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        _run(folder, scripts / "tieout", "--help")
        modules = int(_run(folder, scripts / "python", "-c", IMPORT_ALL, str(home), *ROOMS))
        if modules != _modules_of(wheel):
            raise WheelError(f"{modules} modules were imported, the wheel holds {_modules_of(wheel)}")
        told = json.loads(_run(folder, scripts / "tieout", "demo", "--invoices", str(INVOICES), "--json"))
        if not told["books"]["agree"]:
            raise WheelError("the demo's books do not agree")
    return f"{wheel.name}: {modules} modules import, tieout answers, a demo of {INVOICES} invoices ties out"


def _wheel(dist: Path) -> Path:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    found = sorted(dist.glob(f"tieout-{version}-*.whl"))
    if len(found) != 1:
        raise WheelError(f"{dist} holds {len(found)} wheels of version {version}: run `make build`")
    return found[0].resolve()


def _check_contents(wheel: Path) -> None:
    """The wheel holds the rooms as they are, and nothing else but its own metadata."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        licensed = any(name.endswith("/LICENSE") for name in archive.namelist())
    sources = {path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    if sources - held:
        raise WheelError(f"the wheel lacks {sorted(sources - held)}: is it older than the sources?")
    strange = sorted(name for name in held if not name.startswith(tuple(f"{room}/" for room in ROOMS)))
    if strange or not licensed:
        raise WheelError(f"the wheel holds {strange}, LICENSE: {licensed}")


def _modules_of(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        return sum(name.endswith(".py") and not name.endswith("/__main__.py") for name in archive.namelist())


def _environment(folder: Path, wheel: Path) -> Path:
    """Make the virtual environment with the wheel in it; give the folder of its packages."""
    venv.create(folder / "venv", with_pip=False, symlinks=os.name != "nt")
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-compile")
    _run(folder, Path(sys.executable), "-m", "pip", "--python", str(python), "install", *options, str(wheel))
    home = Path(_run(folder, python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (home / "lent.pth").write_text("".join(f"{path}\n" for path in lent), "utf-8")
    return home


def _run(folder: Path, program: Path, *words: str) -> str:
    """Run a program away from the sources, all its files in the folder; give what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TIEOUT_"))}
    environ = kept | {"TMPDIR": str(folder), "TEMP": str(folder), "PYTHONUTF8": "1", "COLUMNS": "100"}
    done = subprocess.run(  # noqa: S603 (our own programs)
        [str(program), *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_RUN_SECONDS,
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise WheelError(f"{program.name} {' '.join(words[:2])[:60]} ended with {done.returncode}:\n{said}")
    return done.stdout


def main() -> int:
    """Check the wheel in the folder named; 0 when it works."""
    try:
        said, code = check(Path(sys.argv[1])), 0
    except WheelError as error:
        said, code = str(error), 1
    sys.stdout.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
