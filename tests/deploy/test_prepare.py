"""prepare.py gives Compose what it asks for, keeps what exists, and the settings beside it are ones tieout takes."""

import runpy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.seed.masters import division_code
from sandbox.serve import SandboxOptions
from tests.deploy.files import ROOT, compose
from tieout.settings.checks import check
from tieout.settings.decoding import Place, decode
from tieout.settings.keys import ring_text, seal_text

SCRIPT = ROOT / "deploy/compose/prepare.py"
SETTINGS = [*sorted(ROOT.glob("deploy/**/*.toml"))]


@pytest.fixture
def prepare() -> Callable[..., int]:
    main: Callable[..., int] = runpy.run_path(str(SCRIPT))["main"]
    return main


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def test_every_secret_that_compose_asks_for_is_made(prepare: Callable[..., int], tmp_path: Path) -> None:
    assert prepare(["--sandbox", "--secrets", str(tmp_path / "secrets")]) == 0

    made = read(tmp_path / "secrets")
    asked = {one["file"].rpartition("/")[2] for one in compose()["secrets"].values()}
    variables = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text("utf-8").splitlines())
    password = made["postgres-password"].strip()
    assert set(made) == asked
    assert made["store-url"] == f"postgresql://tieout:{password}@postgres:5432/tieout\n"
    assert made["rabbitmq.conf"].split()[-1] in made["broker-url"]
    assert len(password) == 48
    assert variables == {
        "TIEOUT_SETTINGS": str(ROOT / "deploy/compose/sandbox.toml"),
        "TIEOUT_SECRETS": str(tmp_path / "secrets"),
        "TIEOUT_CA_BUNDLE": "/var/lib/tieout/sandbox/ca.pem",
    }


def test_the_keys_are_a_ring_that_tieout_reads(prepare: Callable[..., int], tmp_path: Path) -> None:
    prepare(["--sandbox", "--secrets", str(tmp_path / "secrets")])
    environ = {"TIEOUT_KEYS_FILE": str(tmp_path / "secrets" / "keys")}
    assert ring_text(tmp_path / "none", environ=environ).startswith("k")
    assert seal_text(tmp_path / "none", environ=environ)


def test_only_the_owner_enters_the_folder_and_nothing_that_exists_changes(
    prepare: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "secrets"
    prepare(["--sandbox", "--secrets", str(folder)])
    before = read(folder)

    prepare(["--settings", str(ROOT / "deploy/compose/sandbox.toml"), "--secrets", str(folder)])

    assert read(folder) == before
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "nothing" in capsys.readouterr().err


def test_settings_that_are_not_there_are_refused_before_anything_is_made(
    prepare: Callable[..., int], tmp_path: Path
) -> None:
    assert prepare(["--settings", str(tmp_path / "lost.toml"), "--secrets", str(tmp_path / "secrets")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_half_a_pair_of_broker_secrets_is_refused(prepare: Callable[..., int], tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    prepare(["--sandbox", "--secrets", str(folder)])
    (folder / "broker-url").unlink()
    with pytest.raises(SystemExit, match="belong together"):
        prepare(["--sandbox", "--secrets", str(folder)])


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_settings_file_is_one_that_tieout_takes(path: Path) -> None:
    check(decode(tomllib.loads(path.read_text("utf-8")), path), Place(path))


def _connection(path: str) -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / path).read_text("utf-8"))["connections"]["sandbox"])


@pytest.mark.parametrize("path", ["deploy/compose/sandbox.toml", "deploy/kubernetes/overlays/sandbox/tieout.toml"])
def test_the_sandboxs_settings_name_divisions_it_has(path: str) -> None:
    options = SandboxOptions()
    infor = _connection(path)["infor"]
    assert infor["divisions"] == [division_code(place) for place in range(options.divisions - 1)]
    assert infor["company"] == options.company


def test_the_sandbox_is_called_where_it_listens() -> None:
    words = compose()["services"]["sandbox"]["command"]
    host, port = words[words.index("--host") + 1], words[words.index("--avidxchange-port") + 1]
    assert _connection("deploy/compose/sandbox.toml")["avidxchange"]["base_url"] == f"https://{host}:{port}/v1"
    assert "--tls" in words
