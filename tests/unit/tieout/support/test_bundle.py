"""A bundle helps to find a fault and holds no secret: planted ones are cut, or nothing is written at all."""

import json
import os
import stat
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from domain.event import Append, Personal
from domain.identifiers import stream_id
from domain.polls.events import PollFailed
from domain.ports.store import Causes
from domain.suppliers.events import Address, SupplierContent, SupplierRecorded, SupplierRefused
from tests.support.command_line import SECRETS, SETTINGS, TOKENS, Desk
from tests.unit.tieout.commands.test_command_acts import CONNECTION, happened
from tieout.settings import load, ring_text, seal_text
from tieout.support.secrets import Secret, found, of_environment, of_settings
from tieout.wiring import open_deployment

PERSONAL = ("12-3456789", "ann@acme-roofing.test", "704-555-0100", "17 Elm Tree Avenue")
SUPPLIER = SupplierRecorded(
    content=SupplierContent(
        company=100,
        number="V1001",
        name="Acme Roofing LLC",
        status="20",
        tax_id=Personal(PERSONAL[0]),
        email=Personal(PERSONAL[1]),
        phone=Personal(PERSONAL[2]),
        address=Address(line1=Personal(PERSONAL[3]), country="US"),
    ),
    to_send=True,
)
ALERTS = '[alerts]\nwebhook = "http://127.0.0.1:9/hook/T0123456789ABCDEF"\n'
ALL_PARTS = {"about", "settings", "checks", "store", "connections", "errors"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    happened("supplier", "100|V1001", [SUPPLIER])
    return desk


def poll_failed(text: str) -> None:
    happened("poll", f"invoices {text}", [PollFailed(flow="invoices", verdict="stop", text=text)])


def bundled(desk: Desk, *arguments: str) -> dict[str, Any]:
    ran = desk.types("support-bundle", "--out", "case.zip", "--offline", *arguments, "--json")
    assert ran.code == 0, ran.err
    with zipfile.ZipFile(desk.folder / "case.zip") as bundle:
        return {name.removesuffix(".json"): json.loads(bundle.read(name)) for name in bundle.namelist()}


def test_a_bundle_holds_what_helps(desk: Desk) -> None:
    desk.write_settings(SETTINGS + ALERTS)
    poll_failed("GET https://api.example.com/v1/invoices?x=1: answered 500 for ann@acme-roofing.test")
    happened("supplier", "100|V1002", [SupplierRefused(key="100|V1002", code="FIELD_TOO_LONG", text="?", of_version=1)])

    parts = bundled(desk)

    assert parts.keys() == ALL_PARTS
    assert stat.S_IMODE((desk.folder / "case.zip").stat().st_mode) == 0o600
    assert parts["about"]["tieout"]
    assert [one for one in parts["about"]["variables_set"] if one.startswith("TIEOUT_")] == sorted(TOKENS)
    assert parts["settings"]["connections"]["acme"]["infor"]["company"] == 100
    assert parts["settings"]["alerts"]["webhook"] == "http://127.0.0.1:9/…"
    assert "versions" in {check["check"] for check in parts["checks"]["checks"]}
    assert parts["store"]["events_by_topic"]["supplier.recorded/1"] == 1
    assert parts["store"]["schema_version"] >= 2
    assert [key["data_keys"] for key in parts["store"]["keys"]] == [1]
    (connection,) = parts["connections"]["connections"]
    assert (connection["name"], connection["issues_by_kind"]["poll-failed"]) == ("acme", 1)
    newest, older = parts["errors"]["errors"]
    assert (newest["event"], newest["code"]) == ("SupplierRefused", "FIELD_TOO_LONG")
    assert older["text"] == "GET https://api.example.com/… answered 500 for …"


def test_a_bundle_holds_no_secret_and_no_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_SMTP_USER", "tieout")
    monkeypatch.setenv("TIEOUT_SMTP_PASSWORD", "smtp-pass-word")
    desk.write_settings(SETTINGS + ALERTS)
    poll_failed(f"no vendor {PERSONAL[0]} {PERSONAL[1]} {PERSONAL[2]}")
    text = json.dumps(bundled(desk))
    keys = ring_text(desk.folder / "tieout.keys", environ={})
    seal = seal_text(desk.folder / "tieout.keys", environ={})
    assert seal is not None
    for secret in (*SECRETS, *PERSONAL, keys.partition(":")[2], seal, "smtp-pass-word", "T0123456789ABCDEF"):
        assert secret not in text


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ("client-secret-1", "cs of acme's infor credentials"),
        ("account-secret-1", "sask of acme's infor credentials"),
        ("ACME_TST%23key", "saak of acme's infor credentials"),
        ("company-token-1", "TIEOUT_AVID_COMPANY_TOKEN"),
        ("USER-TOKEN-1", "TIEOUT_AVID_USER_TOKEN"),
        ("17 elm tree avenue", "a personal field of a supplier"),
    ],
)
def test_a_secret_that_slips_through_keeps_the_bundle_from_being_written(desk: Desk, planted: str, named: str) -> None:
    poll_failed(f"the remote said {planted} again")

    ran = desk.types("support-bundle", "--out", "case.zip", "--offline")

    ran.failed(2, "nothing was written: errors.json would hold", named, "--without errors")
    assert planted not in ran.err
    assert list(desk.folder.glob("*.zip")) == []
    assert bundled(desk, "--without", "errors").keys() == ALL_PARTS - {"errors"}


def test_the_vault_is_searched_when_the_environment_holds_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOKENS:
        monkeypatch.delenv(name)
    poll_failed("token company-token-1 was refused")
    ran = desk.types("support-bundle", "--out", "case.zip", "--offline")
    ran.failed(2, "company_token of acme's avidxchange credentials")


def test_keys_and_passwords_of_the_settings_are_searched_for(desk: Desk) -> None:
    ring = ring_text(desk.folder / "tieout.keys", environ={})
    key = ring.partition(":")[2]
    desk.write_settings(SETTINGS + ALERTS)
    values = {secret.value for secret in of_settings(load(None), {})}
    assert {key, seal_text(desk.folder / "tieout.keys", environ={}), "T0123456789ABCDEF"} <= values
    named = {
        secret.value for secret in of_environment({"TIEOUT_BROKER_URL": "amqp://u:pass%40word@mq", "TIEOUT_KEYS": ring})
    }
    assert named == {"pass%40word", "pass@word", key}
    assert "word@" not in repr([Secret("the broker", "word@1234")])


@pytest.mark.parametrize(
    "written", ["a/b c", "A/B C", "a%2Fb%20c", b64encode(b"a/b c").decode(), 'x \\"a/b c\\" y', "<a/b c>"]
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    files = {"about.json": b"{}", "errors.json": f"said {written}".encode()}
    assert found(files, iter([Secret("nothing", "zzzz"), Secret("it", "a/b c")])) == ("errors.json", "it")
    assert found({"about.json": b"{}"}, iter([Secret("it", "a/b c")])) is None


def test_a_password_that_is_an_ordinary_word_hides_nothing() -> None:
    assert found({"about.json": b"tieout"}, iter([Secret("the password", "tieout")])) is None


def test_a_store_that_does_not_open_leaves_a_bundle_without_it(desk: Desk) -> None:
    (desk.folder / "tieout.db").unlink()
    parts = bundled(desk)
    assert parts.keys() == {"about", "settings", "checks"}
    assert "bad" in {check["state"] for check in parts["checks"]["checks"] if check["check"] == "store"}


def test_settings_that_cannot_be_read_leave_a_bundle_that_says_so(desk: Desk) -> None:
    desk.write_settings("[stor]\n")
    parts = bundled(desk)
    assert parts.keys() == {"about", "checks"}


def test_what_is_there_is_not_overwritten_and_wrong_parts_are_named(desk: Desk) -> None:
    (desk.folder / "case.zip").write_bytes(b"kept")
    desk.types("support-bundle", "--out", "case.zip", "--offline").failed(2, "case.zip is there already")
    assert (desk.folder / "case.zip").read_bytes() == b"kept"
    desk.types("support-bundle", "--without", "nothing").failed(2, "--without nothing is no part", "errors")
    desk.types("support-bundle", "--offline", "--out", "lost/case.zip").failed(2, "lost/case.zip cannot be written")


def test_a_bundle_is_named_by_its_time_and_asks_the_remotes(desk: Desk) -> None:
    ran = desk.types("support-bundle", "--json")
    assert ran.code == 0, ran.err
    path = Path(ran.document["file"])
    assert path.name.startswith("tieout-support-2")
    with zipfile.ZipFile(path) as bundle:
        checks = {one["check"]: one["state"] for one in json.loads(bundle.read("checks.json"))["checks"]}
    assert checks["acme infor"] == "bad"


def test_erased_personal_fields_are_not_searched_for(desk: Desk) -> None:
    with open_deployment(load(None), environ=dict(os.environ)) as deployment:
        deployment.store.data_keys.erase(stream_id(CONNECTION, "supplier", "100|V1001"))
        other = Append(
            stream=stream_id(CONNECTION, "poll", "x"),
            expected_version=0,
            events=(PollFailed(flow="invoices", verdict="stop", text="17 Elm Tree Avenue is unknown"),),
        )
        deployment.log.append([other], causes=Causes(connection=CONNECTION, correlation_id="test"))
    assert len(bundled(desk)["errors"]["errors"]) == 1
