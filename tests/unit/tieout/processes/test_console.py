"""`tieout console` as a process: it answers, and stops when told."""

import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from domain.errors import MisconfiguredError
from tests.support.deployment import deployed
from tieout.processes.console import listen

ANSWER_SECONDS = 30


def test_the_console_shows_the_health_of_the_store_and_stops_on_sigterm(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    with deployed(tmp_path, invoices=1) as deployment:
        settings = tmp_path / "tieout.toml"
        settings.write_text(f"[console]\nport = {port}\n{settings.read_text('utf-8')}", "utf-8")
        console = deployment.process("console")
        try:
            assert console.stderr is not None
            assert f"http://127.0.0.1:{port}/" in console.stderr.readline()
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{port}/", timeout=ANSWER_SECONDS) as reply:
                page = reply.read().decode()
            console.send_signal(signal.SIGTERM)
            _, said = console.communicate(timeout=ANSWER_SECONDS)
        finally:
            console.kill()
            console.wait()
    assert console.returncode == 0, said
    assert "<td>store</td><td>well</td>" in page
    assert "as far as the log" in page


def test_an_address_that_is_taken_is_refused_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MisconfiguredError, match=rf"127\.0\.0\.1 port {port} .*\[console\]"):
            listen("127.0.0.1", port)
