"""`tieout alerts`: what stands, what was told, and a message that tries the channels."""

import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.infor.auth import NOT_GRANTED
from domain.invoices import submission_events as s
from domain.polls.events import PollCompleted, PollFailed
from domain.ports.store import PollDue, PollMark
from tests.support.command_line import SETTINGS, Desk
from tests.support.smtp_stub import SmtpStub
from tests.unit.adapters.http.loopback import Loopback, reply
from tests.unit.domain.invoices.invoice_facts import KEY
from tests.unit.tieout.commands.test_command_acts import CONNECTION, DOUBTED, happened
from tieout.alerts import watch
from tieout.settings import load
from tieout.wiring import Deployment, open_deployment

TWICE = s.InvoiceFoundTwice(key=KEY, avid_invoice_ids=("500123", "500124"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    return desk


def deployed() -> Deployment:
    return open_deployment(load(None), environ=dict(os.environ))


def test_what_stands_is_listed_with_nobody_told(desk: Desk) -> None:
    assert desk.types("alerts", "--json").document == {"channels": [], "standing": [], "undelivered": []}
    happened("invoice", KEY.external_id, (*DOUBTED, TWICE))
    (alert,) = desk.types("alerts", "--json").document["standing"]
    assert (alert["kind"], alert["connection"], alert["record"]) == ("double", "acme", KEY.external_id)
    assert alert["told"] == {}
    shown = desk.types("alerts")
    assert KEY.external_id in shown.out
    assert "nobody is told" in shown.err


def test_a_flow_whose_log_in_ended_stands_until_it_is_polled_again(desk: Desk) -> None:
    failed = PollFailed(flow="payments", verdict="stop", text="it does not take the credentials")
    happened("poll", "payments", [failed])
    with deployed() as deployment:
        deployment.polls.ensure(CONNECTION, {"payments": timedelta(minutes=15)})
    (alert,) = desk.types("alerts", "--json").document["standing"]
    assert (alert["kind"], alert["record"]) == ("silent", "payments")
    done = PollCompleted(flow="payments", watermark="w", pages=1, seen=0, recorded=0, calls=1)
    happened("poll", "payments", [done])
    assert desk.types("alerts", "--json").document["standing"] == []


def test_a_poll_without_a_token_stands_until_its_next_success_also_while_the_server_is_only_away(desk: Desk) -> None:
    with deployed() as deployment:
        polls = deployment.polls
        polls.ensure(CONNECTION, {"suppliers": timedelta(days=1)})
        due = claimed(deployment)
        polls.fail(due, until=deployment.log.now(), text=f"{NOT_GRANTED}: POST https://sso.example/token: answered 503")
        (alert,) = desk.types("alerts", "--json").document["standing"]
        assert (alert["kind"], alert["record"]) == ("token", "infor")
        assert "sso.example" not in str(alert)
        again = claimed(deployment)
        now = deployment.log.now()
        mark = PollMark(
            connection=CONNECTION, flow="suppliers", claim=again.claim, completed_at=now, watermark="", seen=0
        )
        polls.finish(mark)
    assert desk.types("alerts", "--json").document["standing"] == []


def claimed(deployment: Deployment) -> PollDue:
    due = deployment.polls.claim("suppliers", connection=CONNECTION, worker="w", lease=timedelta(minutes=1))
    assert due is not None
    return due


def test_a_watch_tells_what_stands_over_real_channels(desk: Desk) -> None:
    happened("invoice", KEY.external_id, (*DOUBTED, TWICE))
    with Loopback(lambda _: reply(200, b"ok")) as hook, SmtpStub() as stub:
        desk.write_settings(_alerting(hook.url, stub.port))
        for _ in range(2):  # a restart in between
            with deployed() as deployment:
                watch(deployment, deployment.log.now())
        report = desk.types("alerts", "--json").document
    (body,) = [msgspec.json.decode(seen.body) for seen in hook.seen]
    (alert,) = body["alerts"]
    assert (alert["state"], alert["kind"], alert["record"]) == ("raised", "double", KEY.external_id)
    (mail,) = stub.mails
    assert f"ALERT {alert['id'][:2]}" in mail
    assert report["undelivered"] == []
    assert report["standing"][0]["told"] == {"mail": True, "webhook": True}


def test_a_test_message_tries_every_channel(desk: Desk) -> None:
    desk.types("alerts", "--test").failed(2, "names nobody", "alerts.webhook")
    with Loopback(lambda _: reply(200, b"ok")) as hook, SmtpStub() as stub:
        desk.write_settings(_alerting(hook.url, stub.port))
        ran = desk.types("alerts", "--test", "--json")
    assert (ran.code, ran.document) == (0, {"ok": True, "channels": {"webhook": None, "mail": None}})
    assert msgspec.json.decode(hook.seen[0].body)["alerts"][0]["kind"] == "test"
    assert "alerts arrive" in stub.mails[0]


def test_a_channel_that_does_not_answer_ends_in_4_and_the_other_one_is_tried(desk: Desk) -> None:
    with Loopback(lambda _: reply(500, b"")) as hook, SmtpStub() as stub:
        desk.write_settings(_alerting(hook.url + "/very-secret", stub.port))
        ran = desk.types("alerts", "--test")
    assert ran.code == 4
    assert "webhook: the webhook at 127.0.0.1: answered 500" in ran.err
    assert "mail: took the test message" in ran.err
    assert "very-secret" not in ran.out + ran.err


def test_the_environment_names_a_webhook_and_a_log_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(lambda _: reply(200, b"ok")) as hook, SmtpStub() as stub:
        desk.write_settings(_alerting("http://127.0.0.1:9", stub.port))
        monkeypatch.setenv("TIEOUT_ALERTS_WEBHOOK", f"{hook.url}/secret?token=1")
        monkeypatch.setenv("TIEOUT_SMTP_USER", "tieout")
        desk.types("alerts", "--test").failed(2, "TIEOUT_SMTP_PASSWORD is not set")
        monkeypatch.setenv("TIEOUT_SMTP_PASSWORD", "word")
        assert desk.types("alerts", "--test").code == 0
    assert hook.seen[0].target == "/secret?token=1"
    assert stub.logins == ["\0tieout\0word"]
    monkeypatch.setenv("TIEOUT_ALERTS_WEBHOOK", "http://hooks.example.com/secret")
    ran = desk.types("alerts", "--test")
    ran.failed(2, "TIEOUT_ALERTS_WEBHOOK must begin with https://")
    assert "/secret" not in ran.err


def test_wrong_channels_turn_alerts_off_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.write_settings(_alerting("http://127.0.0.1:9", 9))
    monkeypatch.setenv("TIEOUT_SMTP_USER", "tieout")
    with deployed() as deployment:
        watch(deployment, deployment.log.now())
        watch(deployment, deployment.log.now())
    assert caplog.text.count("alerts are off: TIEOUT_SMTP_PASSWORD is not set") == 1


def _alerting(webhook: str, port: int) -> str:
    return SETTINGS + (
        f'[alerts]\nwebhook = "{webhook}"\nmail_to = ["ap@acme.test"]\nmail_from = "tieout@acme.test"\n'
        f'smtp_host = "127.0.0.1"\nsmtp_port = {port}\nsmtp_starttls = false\n'
    )
