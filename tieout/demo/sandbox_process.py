"""The sandbox as a child process: started, talked to on its control address, ended with its standard input."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from domain.errors import StoreError
from tieout.demo.settings import VOID_INTERFACE, Pace

ANSWER_SECONDS = 60.0


class Addresses(msgspec.Struct, frozen=True):
    """Where the pretend systems listen, all on loopback."""

    infor: str
    avidxchange: str
    control: str


class SandboxProcess:
    """A running sandbox; it ends when this process closes its standard input, however that comes about."""

    def __init__(self, folder: Path, *, seed: int, invoices: int, faults: str, pace: Pace | None = None) -> None:
        self.folder = folder
        self.pace = pace or Pace()
        command = [sys.executable, "-m", "sandbox", "--until-stdin-closes", "--out", str(folder)]
        options = {
            "seed": seed,
            "invoices": invoices,
            "faults": faults,
            "search-lag": self.pace.lag_seconds,
            "posting-delay": self.pace.posting_delay_seconds,
            "call-timeout": self.pace.call_timeout_seconds,
            "void-interface": VOID_INTERFACE,
        }
        command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own module
        self.addresses = self._first_line()

    def books(self) -> dict[str, Any]:
        """Give both systems' own books."""
        return self._call("/control/books")

    def tie_out(self) -> dict[str, Any]:
        """Give what disagrees between the two systems' own books."""
        return self._call("/control/tie-out")

    def tell(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Tell the pretend systems to do something."""
        return self._call(f"/control/{path}", body)

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait(timeout=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def _first_line(self) -> Addresses:
        line = self._process.stdout.readline() if self._process.stdout is not None else b""
        if not line:
            raise StoreError("the sandbox did not start; `python -m sandbox` says why")
        return msgspec.json.decode(line, type=Addresses)

    def _call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address is our own child's, on loopback
            self.addresses.control + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=ANSWER_SECONDS) as reply:
            return msgspec.json.decode(reply.read(), type=dict[str, Any])
