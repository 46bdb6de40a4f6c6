"""The sandbox called by name from another machine: over TLS, on ports that were chosen, and it pays by itself."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from sandbox.certificates import make_certificates
from sandbox.serve import Sandbox, SandboxOptions, _is_loopback

HOST = "sandbox.test"
LONGEST_WAIT_SECONDS = 20


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def running(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr("sandbox.serve.EVERY_INTERFACE", "127.0.0.1")  # a test opens no port to the network
    options = SandboxOptions(
        invoices=5, host=HOST, infor_port=port, tls=True, pay_every_seconds=0.05, out=str(tmp_path / "files")
    )
    with Sandbox(options) as sandbox:
        yield sandbox


def get(url: str, trusted: ssl.SSLContext) -> httpx.Response:
    # the name is not known to any resolver: the address is loopback, the certificate is judged by the name
    path = url.removeprefix(f"https://{HOST}")
    with httpx.Client(verify=trusted, trust_env=False) as client:
        return client.get(f"https://127.0.0.1{path}", headers={"Host": HOST}, extensions={"sni_hostname": HOST})


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "files" / "ca.pem"))


def test_who_trusts_its_authority_may_call_it_by_name(running: Sandbox, tmp_path: Path, port: int) -> None:
    assert running.infor_url == f"https://{HOST}:{port}"
    assert running.avidxchange_url.startswith(f"https://{HOST}:")
    answer = get(f"{running.control_url}/control/books", trusting(tmp_path))
    assert answer.status_code == 200


def test_nobody_else_does(running: Sandbox) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        get(f"{running.control_url}/control/books", ssl.create_default_context())


def test_the_files_carry_the_name_and_the_tokens_alone(running: Sandbox, tmp_path: Path) -> None:
    files = tmp_path / "files"
    assert f'"iu": "{running.infor_url}"' in (files / "ACME_TST.ionapi").read_text("utf-8")
    assert (files / "company-token").read_text("utf-8").strip() == running.avidxchange_options.company_token
    assert (files / "user-token").read_text("utf-8").strip() == running.avidxchange_options.user_token
    assert (files / "user-token").stat().st_mode & 0o077 == 0
    assert b"PRIVATE KEY" not in (files / "ca.pem").read_bytes()


def test_it_pays_by_itself_when_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def post(_app: object, path: str, content: Any) -> None:
        asked.append((path, content["seed"]))

    monkeypatch.setattr("sandbox.paying.post_json", post)
    with Sandbox(SandboxOptions(invoices=5, pay_every_seconds=0.01)):
        end = time.monotonic() + LONGEST_WAIT_SECONDS
        while len(asked) < 3 and time.monotonic() < end:
            pass
    assert asked[:3] == [("/control/avidxchange/settle", seed) for seed in (1, 2, 3)]


def test_a_certificate_is_for_its_host_and_of_its_authority() -> None:
    for host in (HOST, "192.0.2.1"):
        made = make_certificates(host)
        authority, leaf = (x509.load_pem_x509_certificate(one) for one in (made.authority, made.certificate))
        leaf.verify_directly_issued_by(authority)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert host in [str(one.value) for one in names]


def test_only_loopback_is_loopback() -> None:
    assert [host for host in ("localhost", "127.0.0.1", HOST, "192.0.2.1") if _is_loopback(host)] == [
        "localhost",
        "127.0.0.1",
    ]
