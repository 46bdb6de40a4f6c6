"""A broker is asked to let us in; whoever is none, or not there, is said so, without showing a password."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from pika import frame, spec

from tests.support.certificates import certificate_for_loopback
from tieout.diagnosis.brokers import broker_checks
from tieout.diagnosis.check import BAD, MISCONFIGURED, NO_ANSWER, OK, Check

GREETING = b"AMQP\x00\x00\x09\x01"
START = frame.Method(0, spec.Connection.Start(server_properties={})).marshal()


def asked(answer: bytes | None, *, scheme: str = "amqp", tls: ssl.SSLContext | None = None) -> tuple[Check, bytes]:
    """Ask a pretend broker that gives this answer (None: none at all); give the check and what was said to it."""
    said = bytearray()
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            said.extend(connection.recv(64))
            if answer is None:
                over.wait(10)
            else:
                connection.sendall(answer)
        except OSError:
            return  # the other side gave up
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"{scheme}://tieout:very-secret@127.0.0.1:{listener.getsockname()[1]}/"
        (check,) = broker_checks(url, timeout_seconds=0.3 if answer is None else 5)
        over.set()
        thread.join(10)
    assert "very-secret" not in check.text
    return check, bytes(said)


def test_a_broker_that_hangs_up_before_it_judged_our_log_in_is_away() -> None:
    check, said = asked(START)
    assert (check.state, check.code, said) == (BAD, NO_ANSWER, GREETING)
    assert "gives no answer (it hung up)" in check.text


def test_a_broker_in_memory_needs_no_greeting() -> None:
    assert [check.state for check in broker_checks("memory://")] == [OK]


def test_an_address_that_is_none_is_said_so() -> None:
    (check,) = broker_checks("amqp://127.0.0.1:port/")
    assert (check.state, check.code, "is no address of a broker" in check.text) == (BAD, MISCONFIGURED, True)


def test_whoever_does_not_speak_amqp_is_the_wrong_address() -> None:
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""):
        check, _ = asked(answer)
        assert (check.state, "does not speak AMQP" in check.text) == (BAD, True)


def test_silence_and_refusal_are_no_answer() -> None:
    silent, _ = asked(None)
    assert (silent.state, silent.code, "no answer in time" in silent.text) == (BAD, NO_ANSWER, True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (away,) = broker_checks(f"amqp://127.0.0.1:{port}/")
    assert (away.state, away.code, "Connection refused" in away.text) == (BAD, NO_ANSWER, True)


def test_a_broker_over_tls_must_be_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certificate_for_loopback(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    untrusted, said = asked(START, scheme="amqps", tls=context)
    assert (untrusted.state, "is not trusted" in untrusted.text, said) == (BAD, True, b"")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusted, said = asked(START, scheme="amqps", tls=context)
    assert ("it hung up" in trusted.text, said) == (True, GREETING)
