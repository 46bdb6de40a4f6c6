"""The services of tests: a database and a vhost of its own each, gone afterwards, and never missed in silence."""

import contextlib
import os
from urllib.parse import unquote, urlsplit

import pika
import psycopg
import pytest

from tests.support import postgres_server
from tests.support import rabbitmq_server as rabbit_servers
from tests.support.private_nodes import UnavailableError
from tests.support.private_rabbitmq import Rabbit, answers
from tests.support.services import missing
from tests.support.waiting import wait_for


def databases(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_database_is_made_empty_and_dropped_even_while_somebody_is_connected(postgres_server_url: str) -> None:
    with postgres_server.database(postgres_server_url) as url:
        name = urlsplit(url).path.strip("/")
        assert name in databases(postgres_server_url)
        left_open = psycopg.connect(url)
        assert left_open.execute("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert name not in databases(postgres_server_url)
    left_open.close()


def test_a_private_postgres_is_started_where_none_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres_server.NAMED, raising=False)
    monkeypatch.setattr(postgres_server, "LOCAL", ())
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(postgres_server.server())
        except UnavailableError as error:
            missing(str(error))
        with postgres_server.database(url) as fresh, psycopg.connect(fresh) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=3)


def test_the_packaged_postgres_is_started_where_the_system_has_no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres_server.NAMED, raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)  # as for root and in CI, where nobody logged in
    monkeypatch.setattr(postgres_server, "LOCAL", ())
    monkeypatch.setattr(postgres_server, "binaries", lambda: None)
    with postgres_server.server() as server, postgres_server.database(server) as url, psycopg.connect(url) as fresh:
        row = fresh.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        assert row is not None
        process = int(row[0].split()[0])
        assert lives(process)
    wait_for(lambda: not lives(process), "the end of the packaged server")


def test_a_named_postgres_is_used_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(postgres_server.NAMED, "postgresql://ann@db.example/x")
    with postgres_server.server() as url:
        assert url == "postgresql://ann@db.example/x"


def test_messages_of_one_vhost_are_not_seen_in_another(rabbitmq_server: Rabbit, rabbitmq_url: str) -> None:
    with rabbit_servers.vhost(rabbitmq_server) as other:
        for url in (rabbitmq_url, other):
            connection = pika.BlockingConnection(pika.URLParameters(url))
            channel = connection.channel()
            declared = channel.queue_declare("bell", durable=True)
            assert declared.method.message_count == 0
            channel.basic_publish("", "bell", b"ring")
            connection.close()
        name = unquote(urlsplit(other).path[1:])
    assert name.startswith("tieout-test-")
    assert not answers(other)


def test_a_private_rabbitmq_is_started_where_none_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(rabbit_servers.NAMED, raising=False)
    monkeypatch.setattr(rabbit_servers, "LOCAL", "amqp://guest:guest@127.0.0.1:1/")
    with contextlib.ExitStack() as stack:
        try:
            rabbit = stack.enter_context(rabbit_servers.server())
        except UnavailableError as error:
            missing(str(error))
        with rabbit_servers.vhost(rabbit) as url:
            assert answers(url)
            assert unquote(urlsplit(url).path[1:]) in rabbit.run("list_vhosts", "--silent")
    assert not answers(rabbit.url)


def test_a_missing_service_is_skipped_aloud_and_fails_where_ci_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED HERE: no broker"):
        missing("no broker")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="NOT TESTED HERE: no broker"):
        missing("no broker")
