"""A deployment as a user has it: settings, keys and store in a folder, the sandbox on loopback, the command line."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.serve import Sandbox, SandboxOptions
from tieout.cli import run
from tieout.settings.template import toml_value

NAME = "acme"
ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 30.0
LAG_SECONDS = 0.15
CALL_TIMEOUT_SECONDS = 1.0
FLOWS = ("suppliers", "ledger_codes", "invoices", "payments")
DISAGREEMENTS = ("doubles", "missing", "strays", "differing", "unposted", "misposted", "not_closed")
SENT_TO_AVID = ("PUT", "POST")
SENT_TO_INFOR = "GLS840MI/"

Table = dict[str, Any]

WINDOWS: Table = {
    "call_timeout_seconds": CALL_TIMEOUT_SECONDS,
    "clock_margin_seconds": 0.1,
    "settle_window": "2s",
    "requests_per_minute": 60000,
}
INFOR: Table = {
    **WINDOWS,
    "company": 100,
    "payment_interface": "AVXPAY",
    "bank_id": "USB01",
    "first_posting": "trust",
    "posting_patience": "2s",
    "read_back_after_seconds": 0.2,
    "locked_retry_seconds": 0.2,
    "lookup_lag_seconds": LAG_SECONDS,
}
AVIDXCHANGE: Table = {
    **WINDOWS,
    "search_lag_seconds": LAG_SECONDS,
    "dimensions": {2: "Cost center", 3: "Building"},
}


def schedule(name: str = NAME) -> str:
    """Give the table of a connection that polls every flow every two seconds."""
    return f"[connections.{name}.schedule]\n{_lines(dict.fromkeys(FLOWS, '2s'))}"


def is_through(counts: Mapping[str, int], *states: str) -> bool:
    """Whether a flow has records in one of the states, and none that wait or are in doubt."""
    return any(counts[state] for state in states) and not counts["waiting"] and not counts["in_doubt"]


@dataclass(frozen=True)
class Ran:
    """A command that ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it wrote on stdout, as the one JSON document it must be."""
        return json.loads(self.out)


@dataclass
class Desk:
    """The control desk of both pretend systems: what people do there, and what their own books say."""

    address: str

    def books(self) -> Table:
        """Give both systems' own books."""
        return self._call("books")

    def tie_out(self) -> Table:
        """Give what disagrees between the two systems' books."""
        return self._call("tie-out")

    def tell(self, path: str, **body: Any) -> Table:
        """Let somebody do something inside a pretend system."""
        return self._call(path, body)

    def payments(self) -> dict[str, Table]:
        """Give AvidXchange's payments by id."""
        return {one["payment_id"]: one for one in self.books()["avidxchange"]["payments"]}

    def sent(self) -> dict[str, int]:
        """Count every call so far that writes at either side: PUT and POST there, GLS840MI here."""
        books = self.books()
        avid = {path: n for path, n in books["avidxchange"]["calls"].items() if path.startswith(SENT_TO_AVID)}
        infor = {name: n for name, n in books["infor"]["calls"].items() if name.startswith(SENT_TO_INFOR)}
        return avid | infor

    def _call(self, path: str, body: Table | None = None) -> Table:
        request = urllib.request.Request(  # noqa: S310 (the sandbox's own address, on loopback)
            f"{self.address}/control/{path}", data=None if body is None else json.dumps(body).encode()
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=ANSWER_SECONDS) as reply:
            found: Table = json.loads(reply.read())
            return found


@dataclass
class Deployment:
    """A folder with a deployment in it, and the command line pointed at it."""

    folder: Path
    sandbox: Sandbox
    desk: Desk
    infor: Table = field(default_factory=dict)
    avidxchange: Table = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    name: str = NAME

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / "tieout.db"

    def command(self, *arguments: str) -> Ran:
        """Run a command line in this process."""
        with command_line(self.environ()) as run_it:
            ran: Ran = run_it("--config", str(self.folder / "tieout.toml"), *arguments)
            return ran

    def json(self, *arguments: str) -> Any:
        """Run a command with --json and give its document; it must end well or with something left."""
        ran = self.command(*arguments, "--json")
        assert ran.code in (0, 3), (ran.code, ran.err)
        return ran.document

    def sync(self, *arguments: str) -> Ran:
        """Sync and give how that ended."""
        return self.command("sync", self.name, "--wait", "30", *arguments, "--json")

    def settled_sync(self, *arguments: str) -> Table:
        """Sync, which must end with 0 or 3; give its totals."""
        ran = self.sync(*arguments)
        assert ran.code in (0, 3), (ran.code, ran.err)
        totals: Table = ran.document
        return totals

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command line as a process of its own."""
        return subprocess.Popen(  # noqa: S603 (our own command line)
            [sys.executable, "-m", "tieout", "--config", str(self.folder / "tieout.toml"), *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environ()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_up(self) -> None:
        """Do what a person does first: init, connection add."""
        self.write_settings()
        made = self.command("init", str(self.folder))
        assert made.code == 0, made.err
        added = self.command("connection", "add", self.name, "--ionapi", str(self.ionapi), "--by", "alice")
        assert added.code == 0, added.err

    @property
    def ionapi(self) -> Path:
        """The credentials the sandbox gave us for Infor."""
        return next((self.folder / "sandbox").glob("*.ionapi"))

    def write_settings(self, *, infor: Table | None = None, avidxchange: Table | None = None) -> None:
        """Write `tieout.toml`, with some settings changed from now on."""
        self.infor |= infor or {}
        self.avidxchange |= avidxchange or {}
        (self.folder / "tieout.toml").write_text(self.settings(), "utf-8")

    def settings(self) -> str:
        """Give the tables of this connection, as `tieout.toml` holds them."""
        tables = {
            "infor": {**INFOR, "divisions": tuple(self.divisions()), **self.infor},
            "avidxchange": {**AVIDXCHANGE, "base_url": self.sandbox.avidxchange_url, **self.avidxchange},
        }
        return "".join(f"[connections.{self.name}.{side}]\n{_lines(table)}\n" for side, table in tables.items())

    def divisions(self) -> list[str]:
        """Name the divisions Infor has."""
        return list(self.desk.books()["infor"]["divisions"])

    def environ(self) -> dict[str, str]:
        """The environment of the person who runs tieout: AvidXchange's tokens."""
        account = self.sandbox.avidxchange_options
        given = {
            "TIEOUT_AVID_COMPANY_TOKEN": account.company_token,
            "TIEOUT_AVID_USER_TOKEN": account.user_token,
            "TIEOUT_AVID_CLIENT_ID": account.client_id,
            "TIEOUT_AVID_CLIENT_SECRET": account.client_secret,
        }
        return given | self.tokens

    def copy_store(self, place: Path) -> None:
        """Copy the store as a backup does while nothing runs: the file and what SQLite keeps beside it."""
        place.mkdir()
        for file in self.store_files():
            shutil.copy2(file, place / file.name)

    def restore_store(self, place: Path) -> None:
        """Put a copy back in the place of the store."""
        for file in self.store_files():
            file.unlink()
        for file in place.iterdir():
            shutil.copy2(file, self.folder / file.name)

    def store_files(self) -> list[Path]:
        """Name the store's file and what SQLite keeps beside it."""
        return [file for suffix in ("", "-wal", "-shm") if (file := Path(f"{self.store}{suffix}")).exists()]

    def issues(self) -> dict[str, Table]:
        """Give the open issues by kind."""
        return {issue["kind"]: issue for issue in self.json("issues")}

    def assert_books_agree(self) -> Table:
        """Compare the two systems' own books, to the cent; give them."""
        found = self.desk.tie_out()
        wrong = {kind: found[kind] for kind in DISAGREEMENTS if found[kind]}
        assert not wrong, wrong
        return found


@contextlib.contextmanager
def deployed(
    folder: Path,
    *,
    infor: Table | None = None,
    avidxchange: Table | None = None,
    tenant: Table | None = None,
    account: Table | None = None,
    set_up: bool = True,
    name: str = NAME,
    **options: Any,
) -> Iterator[Deployment]:
    """Open a sandbox and a deployment that points at it.

    infor, avidxchange: settings of ours; tenant, account, options: of the pretend Infor, AvidXchange, and both;
    name: what the connection is called.
    """
    asked: Table = {
        "invoices": 20,
        "divisions": 3,
        "search_lag_seconds": LAG_SECONDS,
        "posting_delay_seconds": LAG_SECONDS,
        "call_timeout_seconds": CALL_TIMEOUT_SECONDS,
        "out": str(folder / "sandbox"),
        "infor": tenant or {},
        "avidxchange": account or {},
    } | options
    with Sandbox(SandboxOptions(**asked)) as sandbox:
        desk = Desk(sandbox.control_url)
        made = Deployment(folder, sandbox, desk, dict(infor or {}), dict(avidxchange or {}), name=name)
        if set_up:
            made.set_up()
        yield made


@contextlib.contextmanager
def command_line(environ: Mapping[str, str]) -> Iterator[Any]:
    """Give a function that runs a command line in this process under an environment, and collects what it wrote."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("TIEOUT_")]:
        del os.environ[name]
    os.environ.update(environ)

    def run_it(*arguments: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        return Ran(code, out.getvalue(), err.getvalue())

    try:
        yield run_it
    finally:
        os.environ.clear()
        os.environ.update(before)


def _lines(table: Table) -> str:
    return "".join(f"{name} = {toml_value(value)}\n" for name, value in table.items())
