"""The real RabbitMQ keeps us out: `doctor`, `/ready` and the demo say or do what belongs to it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from tests.support.command_line import Desk
from tests.support.private_rabbitmq import Rabbit
from tieout.commands.processes import _say_kept_out
from tieout.demo.helpers import check_broker
from tieout.diagnosis.brokers import broker_checks, broker_trouble, kept_out
from tieout.diagnosis.check import BAD, MISCONFIGURED, OK
from tieout.settings import load
from tieout.wiring import open_deployment

PASSWORD = "hush-hush-hush"


def with_user(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}:{quote(password)}@{parts.hostname}:{parts.port or 5672}").geturl()


@pytest.fixture
def outsider(rabbitmq_server: Rabbit, broker_url: str) -> Iterator[str]:
    """Give the URL of a user whom the broker knows and lets into no virtual host."""
    name = f"outsider-of-{unquote(urlsplit(broker_url).path.removeprefix('/'))}"
    rabbitmq_server.run("add_user", name, PASSWORD)
    with contextlib.ExitStack() as stack:
        stack.callback(rabbitmq_server.run, "delete_user", name)
        yield with_user(broker_url, name, PASSWORD)


def test_a_broker_that_lets_us_in_is_fine(broker_url: str) -> None:
    assert [check.state for check in broker_checks(broker_url)] == [OK]
    assert broker_trouble(broker_url) == ""


def test_a_wrong_password_is_said_in_one_sentence_that_does_not_hold_it(broker_url: str) -> None:
    wrong = with_user(broker_url, "guest", PASSWORD)

    (check,) = broker_checks(wrong)

    assert (check.state, check.code) == (BAD, MISCONFIGURED)
    assert "refuses the log-in of the user 'guest'" in check.text
    assert "TIEOUT_BROKER_URL" in check.mend
    assert PASSWORD not in f"{check.text} {check.mend} {broker_trouble(wrong)}"
    assert broker_trouble(wrong) == check.text


def test_a_process_that_stays_says_at_its_start_what_a_person_must_mend(
    broker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    said = {}
    for name, url in {"well": broker_url, "wrong": with_user(broker_url, "guest", PASSWORD)}.items():
        monkeypatch.setenv("TIEOUT_BROKER_URL", url)
        capsys.readouterr()
        with open_deployment(load(None)) as deployment:
            _say_kept_out(deployment)
        said[name] = capsys.readouterr().err
    assert said["well"] == ""
    assert "refuses the log-in of the user 'guest': check user and password in TIEOUT_BROKER_URL" in said["wrong"]
    assert said["wrong"].endswith("until then nothing is rung for, and nothing is lost\n")
    assert PASSWORD not in said["wrong"]


def test_a_broker_that_is_away_is_left_to_the_listener_to_tell() -> None:
    assert kept_out("amqp://guest:guest@127.0.0.1:1/") == ""


def test_a_virtual_host_that_is_not_there_is_named(broker_url: str) -> None:
    wrong = f"{broker_url}-not"

    (check,) = broker_checks(wrong)

    name = unquote(urlsplit(wrong).path.removeprefix("/"))
    assert (check.state, check.code) == (BAD, MISCONFIGURED)
    assert f"out of the virtual host {name!r} (NOT_ALLOWED - vhost {name} not found)" in check.text
    assert broker_trouble(wrong) == check.text


def test_a_virtual_host_that_is_not_open_to_the_user_is_named(outsider: str) -> None:
    (check,) = broker_checks(outsider)

    assert (check.state, check.code) == (BAD, MISCONFIGURED)
    assert "NOT_ALLOWED - access to vhost" in check.text
    assert PASSWORD not in check.text


def test_a_demo_which_names_no_password_still_takes_a_broker_that_keeps_it_out(broker_url: str) -> None:
    check_broker(with_user(broker_url, "guest", PASSWORD))
    check_broker(f"{broker_url}-not")
