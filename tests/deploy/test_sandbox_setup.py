"""What the sandbox profile does, with processes instead of containers: Compose's own words, over TLS."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.files import ROOT, compose

INSIDE = "/var/lib/tieout/sandbox"
LONGEST_RUN_SECONDS = 120


class Host:
    """A folder that plays the host: the settings of the sandbox profile, and what it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.environment: dict[str, str] = {}

    def words(self, service: str) -> list[str]:
        """Give a service's command line, its places moved into the folder."""
        return [word.replace(INSIDE, str(self.files)) for word in compose()["services"][service]["command"]]

    def starts(self, words: list[str]) -> "subprocess.Popen[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
        return subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, "-m", "tieout", *words],
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def runs(self, *words: str) -> tuple[int, str]:
        process = self.starts(list(words))
        out, err = process.communicate(timeout=LONGEST_RUN_SECONDS)
        return process.returncode, out + err


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    words = made.words("sandbox")
    words[words.index("--host") + 1] = "localhost"  # no resolver knows the container's name here
    for option in ("--infor-port", "--avidxchange-port"):
        words[words.index(option) + 1] = "0"
    sandbox = made.starts([*words, "--json"])
    assert sandbox.stdout is not None
    address = sandbox.stdout.readline().split('"avidxchange":')[1].split('"')[1]
    settings = (ROOT / "deploy/compose/sandbox.toml").read_text("utf-8")
    (tmp_path / "tieout.toml").write_text(settings.replace("https://sandbox:8444/v1", address), "utf-8")
    variables = compose()["services"]["sandbox-setup"]["environment"]
    avid = {name: value.replace(INSIDE, str(made.files)) for name, value in variables.items() if "AVID" in name}
    made.environment = {**avid, "SSL_CERT_FILE": str(made.files / "ca.pem")}
    yield made
    sandbox.terminate()
    sandbox.communicate(timeout=30)


def test_the_setup_adds_the_connection_and_both_pretend_systems_answer_over_tls(host: Host) -> None:
    assert host.runs("init")[0] == 0
    code, said = host.runs(*host.words("sandbox-setup"))
    assert (code, "sandbox: added" in said) == (0, True), said

    code, said = host.runs("connection", "test", "sandbox")
    assert code == 0, said

    host.environment["SSL_CERT_FILE"] = os.devnull
    code, said = host.runs("connection", "test", "sandbox")
    assert code != 0, "whoever does not trust the sandbox's authority gets no answer"
