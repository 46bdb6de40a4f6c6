import os
import stat
from pathlib import Path

import pytest

from adapters.vault.keyring import KeyRing
from domain.errors import MisconfiguredError
from tieout.settings import ring_text, seal_text
from tieout.settings.environment import variable
from tieout.settings.keys import RingPlace, left_open, rewrite, ring_place, write_keys


def test_fresh_keys_are_for_their_owner_only_and_open_a_vault(tmp_path: Path) -> None:
    file = tmp_path / "tieout.keys"
    write_keys(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not left_open(ring_place(file, environ={}))
    ring = KeyRing.parse(ring_text(file, environ={}))
    assert ring.open(ring.seal(b"token", context="a"), context="a") == b"token"
    assert len(seal_text(file, environ={}) or "") == 44
    with pytest.raises(FileExistsError):
        write_keys(file)


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    elsewhere = tmp_path / "ring"
    elsewhere.write_text("k2:BBBB,\nk1:AAAA\n# a comment\n", encoding="utf-8")
    missing = tmp_path / "tieout.keys"

    assert ring_text(missing, environ={"TIEOUT_KEYS": "k1:AAAA"}) == "k1:AAAA"
    assert ring_text(missing, environ={"TIEOUT_KEYS_FILE": str(elsewhere)}) == "k2:BBBB,k1:AAAA"
    assert seal_text(missing, environ={"TIEOUT_KEYS": "k1:AAAA"}) is None
    with pytest.raises(MisconfiguredError, match="there is no key ring"):
        ring_text(missing, environ={})


@pytest.mark.parametrize(
    ("mode", "environ", "owner", "open_to_others"),
    [
        (0o600, {}, 0, False),
        (0o640, {}, 0, True),
        (0o644, {}, 0, True),
        (0o644, {}, 1, False),  # another user's: chmod would take it from this process
        (0o444, {"TIEOUT_KEYS_FILE": "tieout.keys"}, 0, False),  # as Compose mounts it
        (0o440, {"TIEOUT_KEYS_FILE": "tieout.keys"}, 0, False),  # as Kubernetes mounts it
        (0o644, {"TIEOUT_KEYS": "k1:AAAA"}, 0, False),  # the file beside the settings is not the ring in force
    ],
)
def test_a_key_file_that_its_owner_leaves_open_to_others_is_noticed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    environ: dict[str, str],
    owner: int,
    *,
    open_to_others: bool,
) -> None:
    file = tmp_path / "tieout.keys"
    write_keys(file)
    file.chmod(mode)
    user = file.stat().st_uid + owner
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.chdir(tmp_path)

    assert left_open(ring_place(file, environ=environ)) == open_to_others


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\xff", "is no text"), (b"x" * 65537, "too large")],
)
def test_a_file_for_a_variable_must_hold_it(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(MisconfiguredError, match=said):
        variable({"TIEOUT_KEYS_FILE": str(file)}, "TIEOUT_KEYS")


def test_a_variable_and_its_file_exclude_each_other() -> None:
    with pytest.raises(MisconfiguredError, match="both set"):
        variable({"TIEOUT_KEYS": "a", "TIEOUT_KEYS_FILE": "b"}, "TIEOUT_KEYS")
    assert variable({}, "TIEOUT_KEYS") is None


def test_a_key_file_that_is_no_text_is_no_key_ring(tmp_path: Path) -> None:
    file = tmp_path / "tieout.keys"
    file.write_bytes(b"\xff")
    with pytest.raises(MisconfiguredError, match="is no key ring"):
        ring_text(file, environ={})
    with pytest.raises(MisconfiguredError, match="cannot be read"):
        ring_text(tmp_path, environ={})


def test_a_ring_that_is_rewritten_stays_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root rotates the keys of the service that reads them."""
    file = tmp_path / "tieout.keys"
    write_keys(file)
    given: list[tuple[int, int]] = []
    monkeypatch.setattr("os.fchown", lambda _file, user, group: given.append((user, group)))
    rewrite(RingPlace(name=str(file), file=file), "x\n")
    assert given == [(file.stat().st_uid, file.stat().st_gid)]
