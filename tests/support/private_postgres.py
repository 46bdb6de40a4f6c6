"""A PostgreSQL of a test's own, from the system's programs: it may crash and come back as often as the test likes."""

import contextlib
import os
import shutil
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from tests.support import private_nodes
from tests.support.private_nodes import UnavailableError, free_port

_STOP_SECONDS = 30


class PrivatePostgres:
    """A server on a free port of loopback; as root it runs as the user postgres, which it insists on."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder, self._data = programs, folder, folder / "data"
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it and wait until it answers. Raises UnavailableError."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self._folder}"
        self._control("-l", self._folder / "log", "-o", options, "start")

    def crash(self) -> None:
        """End it as a failing machine does: nothing is finished, what was committed is recovered at the next start."""
        self._control("-m", "immediate", "stop")

    def stop(self) -> None:
        """End it in order."""
        with contextlib.suppress(UnavailableError):  # it may be down already
            self._control("-m", "fast", "stop")

    def _control(self, *arguments: str | Path) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-t", str(_STOP_SECONDS), *arguments)

    def _run(self, program: str, *arguments: str | Path) -> None:
        said = self._folder / "said"
        with said.open("wb") as file:  # a pipe would be kept open by the server that pg_ctl leaves behind
            ran = subprocess.run(  # noqa: S603 (the system's own program)
                [self._programs / program, *arguments],
                user=self._user,
                stdout=file,
                stderr=file,
                check=False,
                cwd=self._folder,
            )
        if ran.returncode:
            raise UnavailableError(f"{program} failed: {said.read_text(errors='replace').strip()[-500:]}")


def running(programs: Path) -> AbstractContextManager[PrivatePostgres]:
    """Run a server whose data are gone at the end. Raises UnavailableError."""
    return private_nodes.running(lambda folder: PrivatePostgres(programs, folder), prefix="tieout-postgres-")
