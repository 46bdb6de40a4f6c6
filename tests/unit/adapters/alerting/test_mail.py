"""Mail is handed over encrypted, with a log-in when there is one; faults name the server and nothing else."""

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.alerting.mail import Mailer, MailServer
from domain.errors import TransientError
from tests.support.certificates import certificate_for_loopback
from tests.support.smtp_stub import SmtpStub

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_for_loopback(tmp_path_factory.mktemp("tls"))


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def mail(port: int, *, starttls: bool = False, user: str = "", password: str = "") -> None:
    server = MailServer(host="127.0.0.1", port=port, starttls=starttls, user=user, password=password)
    mailer = Mailer(server, sender="tieout@acme.test", recipients=("ann@acme.test", "bob@acme.test"))
    mailer.post("tieout: acme payments is silent", "Look.\n", sent_at=NOW, message_id="<1@tieout>")
    mailer.close()


def test_a_mail_reaches_every_recipient() -> None:
    with SmtpStub() as stub:
        mail(stub.port)
    (taken,) = stub.mails
    assert len(stub.recipients) == 2
    for line in (
        "Subject: tieout: acme payments is silent",
        "From: tieout@acme.test",
        "To: ann@acme.test, bob@acme.test",
        "Date: Mon, 02 Mar 2026 08:00:00 +0000",
        "Message-ID: <1@tieout>",
        "Auto-Submitted: auto-generated",
    ):
        assert line in taken
    assert taken.endswith("\r\n\r\nLook.\r\n")


def test_a_mail_with_a_log_in_goes_out_encrypted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with SmtpStub(tls=server_side(certificate)) as stub:
        mail(stub.port, starttls=True, user="tieout", password="word")
    assert (stub.encrypted, stub.logins, len(stub.mails)) == (True, ["\0tieout\0word"], 1)


def test_nothing_is_said_to_a_server_nobody_vouches_for(certificate: Path) -> None:
    with SmtpStub(tls=server_side(certificate)) as stub, pytest.raises(TransientError, match="is not trusted"):
        mail(stub.port, starttls=True, user="tieout", password="word")
    assert (stub.logins, stub.mails) == ([], [])


def test_a_server_without_encryption_hears_no_password() -> None:
    with SmtpStub() as stub, pytest.raises(TransientError, match="SMTPNotSupportedError"):
        mail(stub.port, starttls=True, user="tieout", password="word")
    assert (stub.logins, stub.mails) == ([], [])


def test_recipients_that_are_refused_are_counted_not_named() -> None:
    with SmtpStub(refuse=b"550 no ann@acme.test here") as stub, pytest.raises(TransientError) as caught:
        mail(stub.port)
    assert str(caught.value) == f"the mail server 127.0.0.1:{stub.port}: refuses all 2 recipients"


def test_a_server_that_is_away_is_a_fault_to_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransientError, match=f"the mail server 127.0.0.1:{port}: Connection refused"):
        mail(port)


def test_a_password_is_never_shown() -> None:
    assert "word" not in repr(MailServer(host="h", port=25, user="u", password="word"))
