"""Keys are rotated without a moment in which something does not open, and retired only when nothing uses them."""

import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from adapters.vault import rotation
from adapters.vault.keyring import KeyRing, generate_ring
from domain.errors import ConflictError, MisconfiguredError
from domain.event import Append, Personal
from domain.identifiers import stream_id
from domain.ports.store import Causes
from domain.suppliers.events import SupplierContent, SupplierRecorded
from tests.support.command_line import SECRETS, TOKENS, Desk
from tests.support.postgres_server import emptied
from tests.unit.tieout.commands.test_command_acts import CONNECTION
from tieout.settings import keys as key_files
from tieout.settings import load, seal_text
from tieout.wiring import Deployment, open_deployment
from tieout.wiring.keyring import rotate_keys

SUPPLIERS = 5


on_either_store = pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    """Give a desk with secrets in its vault, over SQLite where a test does not say otherwise."""
    desk = Desk(tmp_path, monkeypatch, capsys)
    if getattr(request, "param", "") == "postgresql":
        monkeypatch.setenv("TIEOUT_STORE_URL", emptied(request.getfixturevalue("postgres_url")))
    desk.set_up()
    with deployed() as deployment:
        for number in range(SUPPLIERS):
            deployment.log.append([supplier(number)], causes=Causes(connection=CONNECTION, correlation_id="test"))
    return desk


def deployed() -> Deployment:
    return open_deployment(load(None), environ=dict(os.environ))


def supplier(number: int) -> Append:
    content = SupplierContent(
        company=100, number=f"V{number}", name="Acme", status="20", tax_id=Personal(f"12-345678{number}")
    )
    stream = stream_id(CONNECTION, "supplier", f"100|V{number}")
    return Append(stream=stream, expected_version=0, events=(SupplierRecorded(content=content, to_send=True),))


def assert_everything_opens() -> None:
    """Open every secret in a process that has just started."""
    with deployed() as deployment:
        for system, secret in (("infor", "client-secret-1"), ("avidxchange", TOKENS["TIEOUT_AVID_USER_TOKEN"])):
            assert secret.encode() in deployment.store.credentials.get("acme", system)
        streams = [supplier(number).stream for number in range(SUPPLIERS)]
        found = deployment.log.load(streams)
        recorded: list[Any] = [found[stream][0].event for stream in streams]
        assert [event.content.tax_id.value for event in recorded] == [f"12-345678{n}" for n in range(SUPPLIERS)]


def ids(desk: Desk) -> list[str]:
    return [use["id"] for use in desk.types("keys", "list", "--json").document]


@on_either_store
def test_a_new_key_comes_first_and_everything_lies_under_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    (old,) = ids(desk)
    file = desk.folder / "tieout.keys"
    seal = seal_text(file, environ={})

    with caplog.at_level(logging.WARNING, "tieout.access"):
        done = desk.types("keys", "rotate", "--by", "ann", "--json").document

    assert (done["new_key"], done["credentials"], done["data_keys"]) == (True, 2, SUPPLIERS)
    assert done["older"] == done["unused"] == [old]
    assert ids(desk) == [done["newest"], old]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert seal_text(file, environ={}) == seal
    assert [path.name for path in desk.folder.glob("tieout.keys*")] == ["tieout.keys"]
    assert f"ann rotated to key {done['newest']}" in caplog.text
    assert_everything_opens()


@on_either_store
def test_an_old_key_is_retired_only_when_nothing_uses_it(desk: Desk) -> None:
    (old,) = ids(desk)
    desk.types("keys", "retire", old).failed(2, "is the newest key")
    desk.types("keys", "retire", "nobody").failed(2, "holds no key 'nobody'", old)
    settings = load(None)
    key_files.add_newest(key_files.ring_place(settings.keys_file, environ={}), generate_ring())
    desk.types("keys", "retire", old).failed(2, f"2 credentials and {SUPPLIERS} data keys lie under", old)

    assert desk.types("keys", "rotate", "--json").document["new_key"] is False  # it goes on with the key that is there
    assert desk.types("keys", "retire", old, "--json").document == {"retired": old}

    assert old not in (desk.folder / "tieout.keys").read_text(encoding="utf-8")
    assert len(ids(desk)) == 1
    assert_everything_opens()


@pytest.mark.usefixtures("desk")
def test_a_rotation_that_breaks_off_anywhere_loses_nothing_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break off at every file operation and before every row, one after the other, until a run comes through."""
    monkeypatch.setattr(rotation.Rotation.step, "__kwdefaults__", {"limit": 2})
    broken = 0
    while True:
        with monkeypatch.context() as patched, deployed() as deployment:
            counter = _Counter(broken)
            for owner, name in (
                (os, "fsync"),
                (os, "fchmod"),
                (Path, "replace"),
                (rotation.Rotation, "_again"),
                (rotation, "count_uses"),
            ):
                patched.setattr(owner, name, counter.around(getattr(owner, name)))
            try:
                rotate_keys(deployment, person="ann")
            except KeyboardInterrupt:
                broken += 1
            else:
                break
        assert_everything_opens()
        with deployed() as deployment:
            done = rotate_keys(deployment, person="ann")
        assert done.unused == done.older
        assert_everything_opens()
    assert broken > 2 * 2 + SUPPLIERS + 2


class _Counter:
    """Lets so many calls through and breaks off at the next one."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def around(self, function: Any) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            if self._left == 0:
                self._left -= 1
                raise KeyboardInterrupt
            self._left -= 1
            return function(*arguments, **options)

        return counted


def test_a_ring_in_a_variable_is_told_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = key_files.ring_text(desk.folder / "tieout.keys", environ={})
    monkeypatch.setenv("TIEOUT_KEYS", ring)
    refused = desk.types("keys", "rotate")
    refused.failed(2, "comes from TIEOUT_KEYS", "restart every process", "--keep-ring")
    assert ring.partition(":")[2] not in refused.err

    monkeypatch.setenv("TIEOUT_KEYS", f"{generate_ring()},{ring}")
    done = desk.types("keys", "rotate", "--keep-ring", "--json").document
    assert (done["new_key"], done["credentials"], done["data_keys"]) == (False, 2, SUPPLIERS)
    desk.types("keys", "retire", done["older"][0]).failed(2, "out of TIEOUT_KEYS yourself")
    assert_everything_opens()


def test_a_ring_in_a_secret_file_is_rewritten_where_it_may_be(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = desk.folder / "secrets" / "ring"
    mounted.parent.mkdir()
    (desk.folder / "tieout.keys").rename(mounted)
    monkeypatch.setenv("TIEOUT_KEYS_FILE", str(mounted))
    assert desk.types("keys", "rotate", "--json").document["new_key"] is True
    assert_everything_opens()

    def read_only(*_arguments: Any) -> int:
        raise OSError(30, "Read-only file system")

    before = mounted.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", read_only)
        desk.types("keys", "rotate").failed(2, "by TIEOUT_KEYS_FILE", "Read-only file system", "--keep-ring")
    assert mounted.read_bytes() == before


def test_a_vault_that_uses_a_lost_key_is_not_rotated(desk: Desk) -> None:
    (old,) = ids(desk)
    file = desk.folder / "tieout.keys"
    file.write_text(f"{generate_ring()}\n", encoding="utf-8")
    before = file.read_bytes()

    desk.types("keys", "rotate").failed(2, f"uses the key '{old}', which the ring does not hold")

    assert file.read_bytes() == before
    assert [use["in_ring"] for use in desk.types("keys", "list", "--json").document] == [True, False]


@on_either_store
def test_a_running_process_follows_the_ring(desk: Desk) -> None:
    with deployed() as running:
        old = running.store.credentials.ring.newest
        done = desk.types("keys", "rotate", "--json").document
        assert b"client-secret-1" in running.store.credentials.get("acme", "infor")
        desk.types("keys", "retire", old)
        running.store.credentials.replace("acme", "infor", b"newer secret")
        assert running.store.credentials.ring.ids == (done["newest"],)


def test_nothing_is_stored_under_a_key_that_was_retired_meanwhile() -> None:
    texts = [generate_ring(), generate_ring()]
    ring = KeyRing.parse(texts[0])
    sealed = ring.seal(b"a", context="c")
    ring.follow(lambda: texts[1])

    with pytest.raises(ConflictError, match="retired meanwhile"):
        ring.confirm(sealed.key_id)


def test_a_source_that_cannot_be_read_leaves_the_keys_that_are_held() -> None:
    ring = KeyRing.parse(generate_ring())
    sealed = ring.seal(b"a", context="c")

    def gone() -> str:
        raise MisconfiguredError("there is no key ring")

    ring.follow(gone)
    ring.refresh()
    assert ring.open(sealed, context="c") == b"a"
    ring.follow(lambda: "")
    ring.refresh()
    assert ring.open(sealed, context="c") == b"a"


def test_no_command_about_keys_shows_one(desk: Desk) -> None:
    before = (desk.folder / "tieout.keys").read_text(encoding="utf-8")
    ran = [desk.types("keys", "list"), desk.types("keys", "rotate"), desk.types("keys", "list", "--json")]
    after = (desk.folder / "tieout.keys").read_text(encoding="utf-8")

    secrets = {entry.partition(":")[2] for entry in (before + after).split() if ":" in entry} | set(SECRETS)
    assert [secret for secret in secrets for one in ran if secret and secret in one.out + one.err] == []
    assert [one.code for one in ran] == [0, 0, 0]
