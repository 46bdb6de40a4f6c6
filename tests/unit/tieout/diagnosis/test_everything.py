"""Doctor as a person meets it: every trouble named in one sentence, with how to mend it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.vault.keyring import generate_ring
from tests.support.command_line import SETTINGS, Desk
from tests.support.deployment import deployed
from tieout.diagnosis import BAD, OK, WARN
from tieout.diagnosis.clocks import apart
from tieout.settings import load
from tieout.settings.keys import add_newest, ring_place
from tieout.wiring import open_deployment

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    return desk


def found(desk: Desk, check: str) -> list[tuple[str, str, str]]:
    document = desk.types("doctor", "--json").document
    return [(one["state"], one["text"], one["mend"]) for one in document["checks"] if one["check"] == check]


def test_a_sound_installation_is_looked_at_in_depth(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        ran = deployment.command("doctor", "--json")
    checks = {one["check"]: one for one in ran.document["checks"]}
    assert ran.code == 0, ran.document
    assert {name for name, one in checks.items() if one["state"] == BAD} == set()
    assert "Infor's session is company 100" in checks["acme identity"]["text"]
    assert "does not say whose it is" in checks["acme identity"]["text"]
    for name in ("acme infor clock", "acme clock", "store clock", "store durability", "keys in use", "broker"):
        assert checks[name]["state"] == OK, checks[name]
    assert "its token lasts" in checks["acme infor"]["text"]


def test_clocks_too_far_apart_are_a_warning() -> None:
    assert apart("c", "Infor's", AT, AT + timedelta(seconds=60)).state == OK
    late = apart("c", "Infor's", AT, AT - timedelta(seconds=61))
    assert (late.state, late.text) == (WARN, "this clock and Infor's are 61 s apart")
    assert "NTP" in late.mend


def test_a_remote_that_asked_to_wait_is_named_with_the_time_and_nothing_is_to_be_mended(desk: Desk) -> None:
    with open_deployment(load(None)) as deployment:
        deployment.store.budget("avidxchange http://127.0.0.1:9/v1", requests_per_minute=300).block(3600)
    ((state, text, mend),) = found(desk, "acme avidxchange")
    assert (state, "answered 429: its quota is used up" in text) == (BAD, True)
    assert mend.startswith("nothing to do: it goes on by itself")
    ((_, _, mend),) = found(desk, "acme infor")
    assert mend.startswith("check the address")


def test_an_unfinished_rotation_and_a_lost_key_are_told_apart(desk: Desk) -> None:
    assert [state for state, _, _ in found(desk, "keys in use")] == [OK]
    file = load(None).keys_file
    before = file.read_text(encoding="utf-8")
    add_newest(ring_place(file, environ={}), generate_ring())
    ((state, text, mend),) = found(desk, "keys in use")
    assert (state, text.partition(":")[0]) == (WARN, "a rotation is unfinished")
    assert "keys rotate" in mend
    file.write_text(generate_ring(), encoding="utf-8")
    ((state, text, mend),) = found(desk, "keys in use")
    assert (state, "not in the ring" in text) == (BAD, True)
    assert before.partition(":")[0] in text
    assert desk.types("doctor").code == 2


def test_whether_anybody_is_told_is_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [state for state, _, _ in found(desk, "alerts")] == [WARN]
    desk.write_settings(SETTINGS + '[alerts]\nwebhook = "http://127.0.0.1:9/very-secret"\n')
    assert found(desk, "alerts") == [(OK, "told by webhook", "")]
    monkeypatch.setenv("TIEOUT_ALERTS_WEBHOOK", "http://hooks.example.com/")
    assert [state for state, _, _ in found(desk, "alerts")] == [BAD]


def test_credentials_that_stand_under_two_organisations_are_noticed(desk: Desk) -> None:
    other = SETTINGS.replace("connections.acme", "connections.beta").replace("company = 100", "company = 200")
    desk.write_settings(SETTINGS + other.replace(":9/v1", ":9/v2"))
    added = desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi())
    assert added.code == 0, added.err
    (told,) = [one for one in found(desk, "beta") if "same AvidXchange credentials" in one[1]]
    assert told[0] == BAD


def test_the_way_out_is_named_without_its_log_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:very-secret@127.0.0.1:9")
    remote = SETTINGS.replace("http://127.0.0.1:9/v1", "https://avid.test/v1").replace("= 1\n", "= 60\n")
    desk.write_settings(remote.replace('"2s"', '"2m"'))
    ((state, text, _),) = found(desk, "network")
    assert (state, text.partition("; ")[2]) == (OK, "avid.test through http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", ".test")
    assert found(desk, "network")[0][1].endswith("avid.test directly")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ann:very-secret@127.0.0.1:9")
    ((state, text, _),) = found(desk, "network")
    assert (state, "very-secret" in text) == (BAD, False)


def test_a_key_ring_that_others_may_read_is_a_warning(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.folder / "tieout.keys"
    file.chmod(0o640)
    assert [(state, mend) for state, _, mend in found(desk, "keys")] == [(WARN, f"chmod 600 {file}")]
    file.chmod(0o600)
    assert found(desk, "keys") == [(OK, f"the key ring is there: {file}", "")]
    monkeypatch.setenv("TIEOUT_KEYS", "a:b")
    monkeypatch.setenv("TIEOUT_KEYS_FILE", str(file))
    assert [state for state, _, _ in found(desk, "keys")] == [BAD]


@pytest.mark.parametrize("mode", [0o444, 0o440])
def test_a_key_ring_mounted_as_the_deployments_do_is_no_warning(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    mounted = (desk.folder / "tieout.keys").rename(desk.folder / "keys")
    mounted.chmod(mode)
    monkeypatch.setenv("TIEOUT_KEYS_FILE", str(mounted))
    assert found(desk, "keys") == [(OK, f"the key ring is there: {mounted} (by TIEOUT_KEYS_FILE)", "")]


def test_without_settings_doctor_says_so_and_ends(desk: Desk) -> None:
    (desk.folder / "tieout.toml").write_text("[stor]\n", encoding="utf-8")
    ran = desk.types("doctor", "--json")
    assert (ran.code, [one["state"] for one in ran.document["checks"]]) == (2, [OK, BAD])
    shown = desk.types("doctor")
    assert "bad   settings:" in shown.out
