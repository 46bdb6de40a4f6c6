import stat
from pathlib import Path

import pytest

from tests.support.command_line import SECRETS, SETTINGS, TOKENS, Desk
from tieout.cli import GROUPS, ROOT
from tieout.output import counted

EVERY = [(name,) for name, *_ in ROOT] + [(group, name) for group, (_, ones) in GROUPS.items() for name, *_ in ones]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_helps_with_one_example(desk: Desk, command: tuple[str, ...]) -> None:
    ran = desk.types(*command, "--help")

    assert ran.code == 0
    assert ran.out.count("Example: tieout " + " ".join(command)) == 1


def test_the_contracts_commands_are_all_there() -> None:
    names = {" ".join(command) for command in EVERY}

    assert names == {
        *("demo", "init", "sync", "run", "sync-status", "invoices", "payments", "suppliers", "codes", "timeline"),
        *("issues", "issue show", "issue retry", "issue resolve", "doubts", "doubt resolve", "sandbox", "resend"),
        *("simulate", "worker", "relay", "console", "migrate"),
        *("doctor", "connection add", "connection list", "connection test", "connection rotate"),
        *("connection pause", "connection resume", "connection remove"),
        *("keys list", "keys rotate", "keys retire", "alerts", "support-bundle", "restored"),
    }


def test_init_writes_what_is_missing_and_keeps_what_is_there(desk: Desk) -> None:
    folder = desk.folder / "new" / "acme"

    first = desk.types("init", str(folder), "--json")
    keys = (folder / "tieout.keys").read_bytes()
    (folder / "tieout.db").unlink()
    second = desk.types("init", str(folder))

    assert first.document["written"] == ["tieout.toml", "tieout.keys"]
    assert stat.S_IMODE((folder / "tieout.keys").stat().st_mode) == 0o600
    assert (first.code, second.code, second.out) == (0, 0, "")
    assert first.document["store"] in second.err
    assert str(folder / "tieout.db") in first.document["store"]
    assert (folder / "tieout.keys").read_bytes() == keys
    assert (folder / "tieout.db").exists()


def test_init_writes_no_key_ring_where_the_environment_brings_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.types("init", "elsewhere")
    ring = (desk.folder / "elsewhere" / "tieout.keys").rename(desk.folder / "ring")
    monkeypatch.setenv("TIEOUT_KEYS_FILE", str(ring))
    desk.write_settings()

    done = desk.types("init", "--json")

    assert (done.code, done.document["written"], done.document["kept"]) == (0, [], ["tieout.toml"])
    assert not (desk.folder / "tieout.keys").exists()


def test_init_goes_by_the_settings_that_are_there(desk: Desk) -> None:
    desk.write_settings('[store]\nurl = "sqlite:///books.db"\n' + SETTINGS)

    assert desk.types("--config", str(desk.folder / "tieout.toml"), "init").code == 0
    assert (desk.folder / "books.db").exists()
    assert not (desk.folder / "tieout.db").exists()


def test_init_names_the_first_step_that_is_not_done_yet(desk: Desk) -> None:
    assert "next: declare a connection in tieout.toml" in desk.types("init").err
    desk.write_settings()
    assert "next: `tieout connection add acme --ionapi FILE`" in desk.types("init").err
    assert desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi()).code == 0
    assert "next: `tieout connection test acme`, then `tieout sync`" in desk.types("init").err


def test_a_connection_is_added_listed_paused_and_resumed(desk: Desk) -> None:
    desk.set_up()

    desk.types("connection", "pause", "acme", "--for", "2h", "--reason", "month end", "--as", "ann")
    (row,) = desk.types("connection", "list", "--json").document
    assert (row["name"], row["added"], row["paused"]) == ("acme", True, True)
    assert row["identity"] == {"tenant": "ACME_TST", "company": 100, "organisation": "http://127.0.0.1:9/v1"}
    assert "already" in desk.types("connection", "pause", "acme").err or row["paused"]
    assert desk.types("connection", "resume", "acme", "--by", "bob").code == 0
    assert "was not paused" in desk.types("connection", "resume", "acme").err
    assert "ACME_TST" in desk.types("connection", "list").out


def test_secrets_stay_in_the_vault(desk: Desk) -> None:
    desk.set_up()

    stored = b"".join(path.read_bytes() for path in desk.folder.glob("tieout.*"))
    printed = desk.types("connection", "list", "--json").out + desk.types("--debug", "connection", "list").out

    assert not any(secret.encode() in stored or secret in printed for secret in SECRETS)


def test_credentials_are_rotated_within_the_same_identity(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.set_up()

    same = desk.types("connection", "rotate", "acme", "--ionapi", desk.write_ionapi(), "--json")
    fresh = desk.types("connection", "rotate", "acme", "--ionapi", desk.write_ionapi(cs="newer"), "--json")
    monkeypatch.setenv("TIEOUT_AVID_USER_TOKEN", "user-token-2")
    tokens = desk.types("connection", "rotate", "acme", "--json")
    other = desk.types("connection", "rotate", "acme", "--ionapi", desk.write_ionapi(ti="OTHER_TST"))

    assert same.document["changed"] == []
    assert fresh.document["changed"] == ["infor"]
    assert tokens.document["changed"] == ["avidxchange"]
    other.failed(2, "pinned to tenant ACME_TST", "tenant OTHER_TST")


def test_tokens_come_from_files_as_well(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write_settings()
    desk.types("init")
    for name, value in TOKENS.items():
        file = desk.folder / name
        file.write_text(value + "\n", encoding="utf-8")
        monkeypatch.delenv(name)
        monkeypatch.setenv(f"{name}_FILE", str(file))

    assert desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi()).code == 0


@pytest.mark.parametrize("command", ["invoices", "payments", "suppliers", "codes", "issues", "doubts"])
def test_an_empty_list_is_an_empty_document(desk: Desk, command: str) -> None:
    desk.set_up()

    assert desk.types(command, "--json").document == []
    assert desk.types(command).code == 0


def test_the_status_before_the_first_sync_says_that_there_was_no_poll(desk: Desk) -> None:
    desk.set_up()

    report = desk.types("sync-status", "acme", "--json").document

    assert (report["connection"], report["flows"]) == ("acme", [])
    assert report["counts"]["invoices"]["seen"] == 0
    assert "no poll yet" in desk.types("sync-status").out


def test_a_paused_connection_is_not_synced_and_that_is_said(desk: Desk) -> None:
    desk.set_up()
    desk.types("connection", "pause", "acme", "--reason", "month end")

    ran = desk.types("sync", "--wait", "0", "--json")

    assert ran.code == 3
    assert "paused (month end)" in ran.err
    assert ran.document["calls"] == {"infor": 0, "avidxchange": 0}


def test_doctor_names_each_thing_it_looked_at(desk: Desk) -> None:
    desk.set_up()

    ran = desk.types("doctor", "--json")

    checks = {check["check"]: check["state"] for check in ran.document["checks"]}
    assert {"versions", "settings", "keys", "store", "broker"} <= checks.keys()
    assert checks["acme infor"] == "bad"
    assert ran.code == 4


def test_the_version_is_shown(desk: Desk) -> None:
    assert desk.types("--version").out.startswith("tieout ")


def test_without_a_command_the_help_is_shown(desk: Desk) -> None:
    ran = desk.types()

    assert ran.code == 2
    assert "Commands:" in ran.err


@pytest.mark.parametrize(("number", "said"), [(0, "0 open issues"), (1, "1 open issue"), (2, "2 open issues")])
def test_one_thing_is_no_plural(number: int, said: str) -> None:
    assert counted(number, "open issue") == said
