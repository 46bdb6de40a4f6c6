"""Bad input and broken surroundings: one clear sentence, the right exit code, nothing lost, never a traceback."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import SETTINGS, Desk, Ran
from tieout.settings.keys import write_keys

ROOT = Path(__file__).parents[2]
FULL_STORE = """
import resource, signal, sys
from tieout.cli import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(run(sys.argv[2:]))
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def elsewhere(desk: Desk, code: str, *arguments: str) -> Ran:
    """Run Python in a process of its own, in the desk's folder."""
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", code, *arguments],
        cwd=desk.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"saak": None}, "'saak'"),
        ({"sask": ""}, "'sask'"),
        ({"ti": None}, "'ti'"),
        ({"ci": None}, "'ci'"),
        ({"cs": None}, "'cs'"),
        ({"iu": None}, "'iu'"),
        ({"pu": None}, "'pu'"),
        ({"ot": None}, "'ot'"),
        ({"iu": "mingle.example"}, "'iu'"),
        ({"cs": 7}, "'cs'"),
        ({"iu": "https://gateway.test"}, "call_timeout_seconds is 1: below 60 only for loopback hosts"),
    ],
)
def test_a_broken_ionapi_file_names_what_is_wrong_in_it(desk: Desk, changes: dict[str, object], said: str) -> None:
    desk.write_settings()
    desk.types("init")

    ran = desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi(**changes))

    ran.failed(2, said)
    (row,) = desk.types("connection", "list", "--json").document
    assert not row["added"]


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b'"text"', b"\xff\xfe", b"{" + b" " * 70_000])
def test_an_ionapi_file_that_is_none_is_named(desk: Desk, content: bytes) -> None:
    desk.write_settings()
    desk.types("init")
    (desk.folder / "broken.ionapi").write_bytes(content)

    desk.types("connection", "add", "acme", "--ionapi", "broken.ionapi").failed(2, "broken.ionapi")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["connection", "add", "acme", "--ionapi", "none.ionapi"], "none.ionapi"),
        (["connection", "add", "beta", "--ionapi", "none.ionapi"], "no connection 'beta' is declared"),
        (["connection", "add", "acme"], "--ionapi"),
        (["connection", "test", "acme"], "not added yet"),
        (["connection", "rotate", "acme"], "not added yet"),
        (["connection", "pause", "acme"], "not added yet"),
        (["sync"], "no declared connection was added yet"),
        (["sync", "acme"], "not added yet"),
        (["sync", "beta"], "no connection 'beta' is declared"),
        (["sync", "--flow", "invoice"], "--flow invoice is no flow"),
        (["sync", "--wait", "soon"], "--wait soon: "),
        (["sync", "--wait", "5s"], "--wait 5s: seconds are a number from 0 to 31536000, for example 300"),
        (["sync", "--wait", "-1"], "--wait -1: seconds are a number from 0"),
        (["sync", "--wait", "nan"], "--wait nan: "),
        (["sync", "--wait", "inf"], "--wait inf: "),
        (["run"], "no declared connection was added yet"),
        (["invoices", "--state", "lost"], "--state lost is no state of invoices"),
        (["invoices", "--connection", "beta"], "no connection 'beta' is declared"),
        (["timeline", "INV-1"], "no record is called 'INV-1'"),
        (["timeline", "INV-1", "--as-of", "yesterday"], "--as-of 'yesterday'"),
        (["issue", "show", "I-AAAAAA"], "'I-AAAAAA' is no open issue"),
        (["issue", "resolve", "I-AAAAAA"], "--reason"),
        (["doubt", "resolve", "D-AAAAAA", "--as", "absent", "--reason", "x"], "'D-AAAAAA' is no open doubt"),
        (["doubt", "resolve", "D-AAAAAA", "--as", "perhaps", "--reason", "x"], "--as"),
        (["resend", "INV-1"], "no record is called 'INV-1'"),
        (["sandbox", "--faults", "wild"], "--faults"),
        (["demo", "--invoices", "0"], "--invoices"),
        (["invoice"], "invoice"),
        (["sync", "--jsn"], "--jsn"),
    ],
)
def test_a_wrong_command_line_is_answered_with_a_sentence(desk: Desk, arguments: list[str], said: str) -> None:
    desk.write_settings()
    desk.types("init")

    desk.types(*arguments).failed(2, said)


def test_settings_that_cannot_be_read_are_named(desk: Desk) -> None:
    desk.types("sync").failed(2, "tieout.toml", "tieout init")
    desk.types("--config", "none.toml", "sync").failed(2, "none.toml")
    desk.write_settings(SETTINGS.replace("company = 100", "compny = 100"))
    desk.types("sync").failed(2, "connections.acme.infor.compny", "did you mean company?")
    desk.types("init").failed(2, "compny")
    assert not (desk.folder / "tieout.db").exists()


def test_a_store_without_tables_says_init(desk: Desk) -> None:
    desk.write_settings()
    desk.types("init")
    (desk.folder / "tieout.db").unlink()
    desk.types("invoices").failed(2, "tieout.db", "tieout init")

    sqlite3.connect(desk.folder / "tieout.db").close()
    desk.types("invoices").failed(2, "tieout.db", "tieout init")


def test_a_store_that_is_no_store_is_named(desk: Desk) -> None:
    desk.set_up()
    (desk.folder / "tieout.db").write_bytes(b"this is no database" * 500)
    for leftover in desk.folder.glob("tieout.db-*"):
        leftover.unlink()

    desk.types("invoices").failed(4, "tieout.db")


def test_a_locked_store_is_named_and_nothing_is_lost(desk: Desk) -> None:
    desk.set_up()
    other = sqlite3.connect(desk.folder / "tieout.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        desk.types("connection", "pause", "acme").failed(4, "tieout.db", "locked by another process")
    finally:
        other.rollback()
        other.close()

    (row,) = desk.types("connection", "list", "--json").document
    assert (row["added"], row["paused"]) == (True, False)


def test_a_full_store_is_named_and_nothing_is_lost(desk: Desk) -> None:
    desk.set_up()

    ran = elsewhere(desk, FULL_STORE, "1024", "connection", "pause", "acme")

    assert ran.code == 4
    assert "tieout.db" in ran.err
    assert "Traceback" not in ran.err
    (row,) = desk.types("connection", "list", "--json").document
    assert (row["added"], row["paused"]) == (True, False)


def test_a_key_ring_that_does_not_fit_is_named(desk: Desk) -> None:
    desk.set_up()
    (desk.folder / "tieout.keys").unlink()
    desk.types("invoices").failed(2, "TIEOUT_KEYS", "tieout.keys")
    desk.types("init").failed(2, "tieout.keys is missing", "no new one was written")
    write_keys(desk.folder / "tieout.keys")  # another store's

    desk.types("sync", "--wait", "0").failed(2, "TIEOUT_KEYS")


@pytest.mark.parametrize("ring", ["nonsense", "k1:short", "k1:!!!!", "k1:QUJD"])
def test_a_broken_key_ring_is_never_printed(desk: Desk, monkeypatch: pytest.MonkeyPatch, ring: str) -> None:
    desk.set_up()
    monkeypatch.setenv("TIEOUT_KEYS", ring)

    ran = desk.types("invoices")

    ran.failed(2, "TIEOUT_KEYS")
    assert ring.partition(":")[2] not in ran.err or ":" not in ring


def test_tokens_that_are_missing_are_not_asked_for_without_a_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write_settings()
    desk.types("init")
    file = desk.write_ionapi()
    monkeypatch.delenv("TIEOUT_AVID_USER_TOKEN")
    desk.types("connection", "add", "acme", "--ionapi", file).failed(2, "TIEOUT_AVID_USER_TOKEN is not set")
    monkeypatch.delenv("TIEOUT_AVID_COMPANY_TOKEN")

    ran = elsewhere(
        desk,
        "import sys; from tieout.cli import run; sys.exit(run(sys.argv[1:]))",
        *("connection", "add", "acme", "--ionapi", file),
    )

    ran.failed(2, "TIEOUT_AVID_COMPANY_TOKEN", "no terminal")


def test_a_token_that_no_header_takes_is_refused_and_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write_settings()
    desk.types("init")
    monkeypatch.setenv("TIEOUT_AVID_USER_TOKEN", "broken\ntoken")

    ran = desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi())

    ran.failed(2, "TIEOUT_AVID_USER_TOKEN")
    assert "broken" not in ran.err


def test_a_second_connection_to_the_same_books_is_refused(desk: Desk) -> None:
    desk.set_up()
    second = SETTINGS.replace(".acme.", ".beta.").replace(":9/v1", ":9/v2")
    desk.write_settings(SETTINGS + second)

    ran = desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi())

    ran.failed(2, "'acme' syncs division AAA of company 100 already")


def test_two_connections_that_come_to_share_a_division_are_refused(desk: Desk) -> None:
    desk.set_up()
    second = SETTINGS.replace(".acme.", ".beta.").replace(":9/v1", ":9/v2")
    desk.write_settings(SETTINGS + second.replace('["AAA"]', '["BBB"]'))
    added = desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi())
    assert added.code == 0, added.err
    desk.write_settings(SETTINGS + second.replace('["AAA"]', '["BBB", "AAA"]'))

    desk.types("sync", "acme", "--wait", "0").failed(2, "'acme' and 'beta' both list division AAA")


@pytest.mark.parametrize(
    ("option", "url", "said"),
    [
        ("--store", "mysql://db/x", "only sqlite:///FILE or postgresql://"),
        ("--store", "postgresql://ann:hush@db/x", "a password has no place there"),
        ("--broker", "redis://mq", "only memory:// or amqp://"),
        ("--broker", "amqp://ann:hush@mq/", "a password has no place there"),
    ],
)
def test_a_demo_on_what_it_cannot_use_is_refused_before_anything_is_made(
    desk: Desk, option: str, url: str, said: str
) -> None:
    ran = desk.types("demo", "--keep", "kept", option, url)
    ran.failed(2, said)
    assert "hush" not in ran.err

    assert not (desk.folder / "kept").exists()


def test_a_connection_whose_company_was_changed_is_not_opened(desk: Desk) -> None:
    desk.set_up()
    desk.write_settings(SETTINGS.replace("company = 100", "company = 200"))

    desk.types("sync", "acme", "--wait", "0").failed(2, "connections.acme.infor.company is 200", "pinned to 100")


def test_an_unreachable_host_is_named_and_the_poll_is_due_again(desk: Desk) -> None:
    desk.set_up()

    tested = desk.types("connection", "test", "acme", "--json")
    synced = desk.types("sync", "acme", "--wait", "1", "--flow", "suppliers", "--json")

    assert (tested.code, synced.code) == (4, 4)
    assert tested.document["infor"]["ok"] is False
    assert "Traceback" not in tested.err + synced.err
    assert synced.document["suppliers"]["seen"] == 0


def test_a_copied_store_is_noticed_and_holds_money_writes(desk: Desk) -> None:
    desk.set_up()
    shutil.copy(desk.folder / "tieout.db", desk.folder / "copy.db")
    (desk.folder / "copy.db").replace(desk.folder / "tieout.db")

    ran = desk.types("issues", "--json")

    assert [issue["kind"] for issue in ran.document] == ["store-went-back"]


def test_a_folder_that_cannot_be_made_is_named(desk: Desk) -> None:
    (desk.folder / "file").touch()

    desk.types("init", "file").failed(2, "file")
    desk.types("sandbox", "--out", "file").failed(2, "file")


def test_an_unexpected_fault_shows_its_traceback_only_when_asked(desk: Desk) -> None:
    desk.set_up()
    broken = sqlite3.connect(desk.folder / "tieout.db")
    broken.execute("UPDATE stored_events SET state = x'00' WHERE position = 1")
    broken.execute("DELETE FROM projection_rows")
    broken.execute("DELETE FROM tracking WHERE application_name <> '__migration__'")
    broken.commit()
    broken.close()

    assert "Traceback" not in desk.types("invoices").err
    assert "Traceback" in desk.types("--debug", "invoices").err
