"""The sandbox as a running thing: both pretend systems behind HTTP on loopback, in one thread of this process."""

import asyncio
import json
import socket
import tempfile
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.asgi import CuttableProtocol
from sandbox.avidxchange.app import build_avidxchange
from sandbox.avidxchange.books import AvidBooks
from sandbox.avidxchange.options import AvidOptions
from sandbox.certificates import Certificates, make_certificates
from sandbox.clock import SandboxClock
from sandbox.control import Control
from sandbox.faults import FaultLimits, Faults, Profile, Side
from sandbox.infor.app import build_infor
from sandbox.infor.options import InforOptions, ionapi_file
from sandbox.paying import pay_for_ever
from sandbox.seed import SeedOptions, seed_infor

LONGEST_START_SECONDS = 20
KEEP_ALIVE_SECONDS = 120
SECRET_FILE_MODE = 0o600
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - asked for by naming a host that is not loopback: a container's own network


class SandboxOptions(msgspec.Struct, kw_only=True, frozen=True):
    """One sandbox: how much data, how slow, how faulty. `infor` and `avidxchange` replace single settings.

    `today` only places the seeded data in time (default: the machine's date in UTC); the clock runs on real
    time until it is advanced. `infor` and `avidxchange` carry further fields of their options by name.
    `host` is the name it is called by: another than loopback listens on every interface. Port 0 lets the system
    choose. `pay_every_seconds` above 0 lets AvidXchange pay by itself what is due, that often.
    """

    seed: int = 1
    invoices: int = 200
    suppliers: int | None = None
    divisions: int = 24
    today: date | None = None
    faults: Profile = "calm"
    fault_seed: int | None = None
    search_lag_seconds: float = 0.3
    posting_delay_seconds: float = 0.3
    call_timeout_seconds: float = 3.0
    token_seconds: int = 3600
    tenant: str = "ACME_TST"
    company: int = 100
    host: str = "127.0.0.1"
    infor_port: int = 0
    avidxchange_port: int = 0
    tls: bool = False
    pay_every_seconds: float = 0.0
    infor: dict[str, object] = {}
    avidxchange: dict[str, object] = {}
    out: str | None = None


class Sandbox:
    """Both pretend systems; a context manager that listens from entry to exit, on ports the system chooses."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self.clock = SandboxClock()
        self.infor_options, self.avidxchange_options = _tenant(self.options), _account(self.options)
        self.infor_books = seed_infor(_seed(self.options))
        self.avidxchange_books = AvidBooks(seed=self.options.seed)
        infor = build_infor(self.infor_books, self.clock, self.infor_options)
        avidxchange = build_avidxchange(self.avidxchange_books, self.clock, self.avidxchange_options)
        self.faults: dict[Side, Faults] = {
            "infor": self._faulty(infor, "infor"),
            "avidxchange": self._faulty(avidxchange, "avidxchange"),
        }
        control = Control(self.clock, self.faults, infor, avidxchange)
        self._control = control
        self.certificates = make_certificates(self.options.host) if self.options.tls else None
        self._servers = [
            _server(self.faults["infor"], self.certificates),
            _server(_Split(control, self.faults["avidxchange"]), self.certificates),
        ]
        self._sockets: list[socket.socket] = []
        self._thread: threading.Thread | None = None
        self._listening = threading.Event()

    def __enter__(self) -> Self:
        """Start to listen; ready to be called when this returns."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to listen and let every port and thread go."""
        self.stop()

    def start(self) -> None:
        """Listen on two ports, and write the files of `options.out` when that is set."""
        options = self.options
        self._sockets = [_listen(options.host, port) for port in (options.infor_port, options.avidxchange_port)]
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        scheme = "https" if options.tls else "http"
        addresses = [f"{scheme}://{options.host}:{one.getsockname()[1]}" for one in self._sockets]
        self.infor_url, self.control_url = addresses
        self.avidxchange_url = f"{self.control_url}/v1"
        self._thread.start()
        if not self._listening.wait(LONGEST_START_SECONDS) or not self._thread.is_alive():
            self.stop()
            raise RuntimeError("the sandbox did not start to listen")
        if self.options.out is not None:
            self.write_out(Path(self.options.out))

    def stop(self) -> None:
        """Stop both servers; a request in flight is cut off after a moment."""
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join(LONGEST_START_SECONDS)
            self._thread = None
        for one in self._sockets:
            one.close()

    def addresses(self) -> dict[str, str]:
        """Return the base URLs: `infor`, `avidxchange` (with /v1) and `control`."""
        return {"infor": self.infor_url, "avidxchange": self.avidxchange_url, "control": self.control_url}

    def write_out(self, folder: Path) -> Path:
        """Write what a client needs and return the `.ionapi` file's path; `addresses.json` comes last.

        The tokens come together in `tokens.json`, and the first two alone in `company-token` and `user-token`, for
        variables that name a file. With TLS `ca.pem` holds the authority to trust.
        """
        folder.mkdir(parents=True, exist_ok=True)
        ionapi = folder / f"{self.options.tenant}.ionapi"
        account = self.avidxchange_options
        tokens = {
            "company_token": account.company_token,
            "user_token": account.user_token,
            "client_id": account.client_id,
            "client_secret": account.client_secret,
        }
        _write_secret(ionapi, _json(ionapi_file(self.infor_options, self.infor_url)))
        _write_secret(folder / "tokens.json", _json(tokens))
        _write_secret(folder / "company-token", account.company_token)
        _write_secret(folder / "user-token", account.user_token)
        if self.certificates is not None:
            (folder / "ca.pem").write_bytes(self.certificates.authority)
        (folder / "addresses.json").write_text(json.dumps(self.addresses(), indent=2) + "\n", "utf-8")
        return ionapi

    def _faulty(self, app: ASGIApp, side: Side) -> Faults:
        options = self.options
        return Faults(
            app,
            profile=options.faults,
            seed=options.seed if options.fault_seed is None else options.fault_seed,
            side=side,
            limits=FaultLimits(call_timeout_seconds=options.call_timeout_seconds),
        )

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._listening.set()

    async def _serve(self) -> None:
        running = [
            asyncio.ensure_future(server.serve(sockets=[one]))
            for server, one in zip(self._servers, self._sockets, strict=True)
        ]
        while not all(server.started for server in self._servers):
            if any(task.done() for task in running):
                break
            await asyncio.sleep(0.002)
        self._listening.set()
        every = self.options.pay_every_seconds
        paying = asyncio.ensure_future(pay_for_ever(self._control, every_seconds=every)) if every > 0 else None
        await asyncio.gather(*running)
        if paying is not None:
            paying.cancel()


class _Split:
    """Sends control requests to the control routes and everything else to the pretend system."""

    def __init__(self, control: ASGIApp, app: ASGIApp) -> None:
        self._control = control
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = self._control if scope["path"].startswith("/control") else self._app
        await chosen(scope, receive, send)


def _seed(options: SandboxOptions) -> SeedOptions:
    return SeedOptions(
        seed=options.seed,
        invoices=options.invoices,
        suppliers=options.suppliers,
        divisions=options.divisions,
        today=options.today or datetime.now(tz=UTC).date(),
    )


def _tenant(options: SandboxOptions) -> InforOptions:
    settings: dict[str, object] = {
        "tenant": options.tenant,
        "company": options.company,
        "token_seconds": options.token_seconds,
        "search_lag_seconds": options.search_lag_seconds,
        "posting_delay_seconds": options.posting_delay_seconds,
    }
    return msgspec.convert(settings | options.infor, InforOptions)


def _account(options: SandboxOptions) -> AvidOptions:
    settings: dict[str, object] = {"seed": options.seed, "search_lag_seconds": options.search_lag_seconds}
    return msgspec.convert(settings | options.avidxchange, AvidOptions)


def _server(app: ASGIApp, certificates: Certificates | None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    if certificates is not None:
        with tempfile.TemporaryDirectory(prefix="sandbox-") as name:  # OpenSSL reads a key from a file only
            pem = Path(name) / "server.pem"
            _write_secret(pem, (certificates.key + certificates.certificate).decode())
            config.ssl_certfile = pem
            config.load()
    return uvicorn.Server(config)


def _listen(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it every answer
    # would wait 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if port:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart takes a port it had before
    listener.bind((host if _is_loopback(host) else EVERY_INTERFACE, port))
    listener.listen(256)
    return listener


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.")


def _json(content: dict[str, str]) -> str:
    return json.dumps(content, indent=2)


def _write_secret(path: Path, content: str) -> None:
    path.touch(mode=SECRET_FILE_MODE)
    path.write_text(f"{content}\n", "utf-8")
