"""The vault's keys in an operator's hands: what lies under which key, a newer key, an older one taken away."""

import logging
import os
from collections.abc import Callable, Mapping

import msgspec

from adapters.vault.rotation import Rotation, Uses, check_complete, check_unused
from domain.errors import MisconfiguredError
from tieout.settings.keys import add_newest, fresh_entry, remove_key, ring_ids, ring_place, ring_text
from tieout.wiring.deployment import Deployment

# The access log: who touched keys, and when; ids only. A warning, so that no level leaves it out.
_LOG = logging.getLogger("tieout.access")
_LOCKS = {"postgres": "LOCK TABLE vault_credentials, vault_keys IN SHARE ROW EXCLUSIVE MODE"}


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation did. new_key: a fresh one was made; older: still in the ring; unused: those of them to retire."""

    newest: str
    new_key: bool
    credentials: int
    data_keys: int
    older: tuple[str, ...]
    unused: tuple[str, ...]


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """A key by its id: in the ring or not, and what lies under it."""

    id: str
    newest: bool
    in_ring: bool
    credentials: int
    data_keys: int


def rotation_of(deployment: Deployment) -> Rotation:
    """Give the vault's rotation."""
    kind = deployment.settings.store_url[: len("postgres")]
    ring = deployment.store.credentials.ring
    return Rotation(deployment.store.database, ring, lock=_LOCKS.get(kind, ""))


def key_uses(deployment: Deployment) -> list[KeyUse]:
    """Give the keys of the ring, newest first, then those that are used and missing."""
    held = deployment.store.credentials.ring.ids
    uses = rotation_of(deployment).uses()
    return [
        KeyUse(
            id=key_id,
            newest=key_id == held[0],
            in_ring=key_id in held,
            credentials=uses.get(key_id, Uses()).credentials,
            data_keys=uses.get(key_id, Uses()).data_keys,
        )
        for key_id in dict.fromkeys([*held, *sorted(uses)])
    ]


def rotate_keys(
    deployment: Deployment,
    *,
    person: str,
    keep_ring: bool = False,
    environ: Mapping[str, str] | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Rotated:
    """Put a fresh key first into the ring, unless an earlier rotation is unfinished, and encrypt everything under it.

    keep_ring: only encrypt, under the newest key there is. Broken off anywhere, everything still opens and the next
    call goes on. Raises MisconfiguredError when the ring cannot be rewritten, or lacks a key that is in use.
    """
    environment = dict(os.environ) if environ is None else environ
    keys_file = deployment.settings.keys_file
    place = ring_place(keys_file, environ=environment)
    rotation = rotation_of(deployment)
    made: list[str] = []

    def change(uses: dict[str, Uses]) -> None:
        held = ring_ids(ring_text(keys_file, environ=environment))
        check_complete(uses, tuple(held))
        if keep_ring or _unfinished(held, uses):
            return
        entry = fresh_entry()
        add_newest(place, entry)
        made.extend(ring_ids(entry))

    rotation.alone(change)
    credentials = data_keys = 0
    while (done := rotation.step()) != Uses():
        credentials, data_keys = credentials + done.credentials, data_keys + done.data_keys
        progress(credentials + data_keys)
    newest, *older = deployment.store.credentials.ring.ids
    uses = rotation.uses()
    _LOG.warning("keys: %s rotated to key %s (%d credentials, %d data keys)", person, newest, credentials, data_keys)
    return Rotated(
        newest=newest,
        new_key=bool(made),
        credentials=credentials,
        data_keys=data_keys,
        older=tuple(older),
        unused=tuple(key_id for key_id in older if key_id not in uses),
    )


def retire_key(deployment: Deployment, key_id: str, *, person: str, environ: Mapping[str, str] | None = None) -> None:
    """Take a key that nothing uses out of the ring's file, for good.

    Raises RefusedError while something lies under it, MisconfiguredError when the ring is no file or not writable.
    """
    environment = dict(os.environ) if environ is None else environ
    keys_file = deployment.settings.keys_file
    place = ring_place(keys_file, environ=environment)

    def change(uses: dict[str, Uses]) -> None:
        check_unused(key_id, uses, tuple(ring_ids(ring_text(keys_file, environ=environment))))
        if place.file is None:
            raise MisconfiguredError(f"nothing uses the key {key_id!r}: take it out of {place.name} yourself")
        remove_key(place, key_id)

    rotation_of(deployment).alone(change)
    _LOG.warning("keys: %s retired key %s", person, key_id)


def _unfinished(held: list[str], uses: dict[str, Uses]) -> bool:
    """Whether a newer key was made and something still lies under an older one."""
    return len(held) > 1 and any(key_id != held[0] for key_id in uses)
