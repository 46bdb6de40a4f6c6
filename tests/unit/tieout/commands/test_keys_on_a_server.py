"""A key is retired on a server, where others write meanwhile: nothing is ever stored under a key that is gone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.eventlog import postgres
from domain.errors import ConflictError, RefusedError, StoreError
from tests.support.command_line import Desk
from tests.support.postgres_server import emptied
from tests.unit.tieout.commands.test_command_acts import CONNECTION
from tieout.settings import load
from tieout.wiring import Deployment, keyring, open_deployment
from tieout.wiring.keyring import retire_key, rotate_keys

NEWER = b"newer secret"
KEPT_OUT = "locked by another process and stayed so for 1 s"


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> Desk:
    """Give a desk that is set up over PostgreSQL, where nobody waits long for a lock."""
    desk = Desk(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("TIEOUT_STORE_URL", emptied(postgres_url))
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_SECONDS", 1.0)
    desk.set_up()
    return desk


def deployed() -> Deployment:
    return open_deployment(load(None), environ=dict(os.environ))


def before(patch: pytest.MonkeyPatch, owner: Any, name: str, happens: Callable[[], None]) -> None:
    """Let something happen just before a function begins, once."""
    function, left = getattr(owner, name), [happens]

    def called(*arguments: Any, **options: Any) -> Any:
        while left:
            left.pop()()
        return function(*arguments, **options)

    patch.setattr(owner, name, called)


def after(patch: pytest.MonkeyPatch, owner: Any, name: str, happens: Callable[[], None]) -> None:
    """Let something happen just after a function ended."""
    function = getattr(owner, name)

    def called(*arguments: Any, **options: Any) -> Any:
        answer = function(*arguments, **options)
        happens()
        return answer

    patch.setattr(owner, name, called)


@pytest.mark.usefixtures("desk")
def test_no_key_is_retired_while_somebody_has_sealed_under_it_and_not_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with deployed() as writer, deployed() as other:
        ring = writer.store.credentials.ring
        old = ring.newest

        def rotate() -> None:
            rotate_keys(other, person="ann")

        def retire() -> None:
            with pytest.raises(StoreError, match=KEPT_OUT):
                retire_key(other, old, person="ann")

        with monkeypatch.context() as patched:
            before(patched, ring, "seal", rotate)  # the writer took its key just before there was a newer one
            after(patched, ring, "confirm", retire)  # its row is written, and only it sees it
            writer.store.credentials.replace("acme", "infor", NEWER)
        with pytest.raises(RefusedError, match=f"1 credentials and 0 data keys lie under the key '{old}'"):
            retire_key(other, old, person="ann")
    with deployed() as later:
        assert later.store.credentials.get("acme", "infor") == NEWER


@pytest.mark.usefixtures("desk")
def test_nobody_writes_into_the_vault_while_a_key_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed() as writer, deployed() as other:
        old = writer.store.credentials.ring.newest
        rotate_keys(other, person="ann")

        def write() -> None:
            for seals in (
                lambda: writer.store.credentials.replace("acme", "infor", NEWER),
                lambda: writer.store.data_keys.ensure([CONNECTION]),
            ):
                with pytest.raises(StoreError, match=KEPT_OUT):
                    seals()

        with monkeypatch.context() as patched:
            before(patched, keyring, "remove_key", write)
            retire_key(other, old, person="ann")
        writer.store.credentials.replace("acme", "infor", NEWER)
        assert old not in writer.store.credentials.ring.ids


@pytest.mark.usefixtures("desk")
def test_who_sealed_under_a_key_that_is_gone_by_now_is_told_to_seal_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed() as writer, deployed() as other:
        ring = writer.store.credentials.ring
        old, secret = ring.newest, writer.store.credentials.get("acme", "infor")

        def rotate_and_retire() -> None:
            rotate_keys(other, person="ann")
            retire_key(other, old, person="ann")

        with monkeypatch.context() as patched:
            before(patched, ring, "seal", rotate_and_retire)
            with pytest.raises(ConflictError, match=f"the key '{old}' was retired meanwhile"):
                writer.store.credentials.replace("acme", "infor", NEWER)
        assert writer.store.credentials.get("acme", "infor") == secret
        writer.store.credentials.replace("acme", "infor", NEWER)
        assert writer.store.credentials.get("acme", "infor") == NEWER
