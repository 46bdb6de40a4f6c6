"""The keys of the operator: the ring that opens the vault, and the key that signs seals."""

import os
import secrets
import stat
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import msgspec

from domain.errors import MisconfiguredError
from tieout.settings.environment import KEYS, variable

SEAL = "seal"  # the entry of the seal's signing key; every other one belongs to the ring
KEY_BYTES = 32
_COMMENT = "# The key ring, newest first; under seal, the key that signs the seals. Keep a copy, keep it secret.\n"


class RingPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ring in force stands. file: None when it is the variable itself; name: how a person knows it.

    mounted: TIEOUT_KEYS_FILE names it, as it does a secret of Compose or Kubernetes.
    """

    name: str
    file: Path | None
    mounted: bool = False


def ring_place(keys_file: Path, *, environ: Mapping[str, str]) -> RingPlace:
    """Tell which ring counts: TIEOUT_KEYS, the file of TIEOUT_KEYS_FILE, or the file beside the settings."""
    if environ.get(KEYS):
        variable(environ, KEYS)  # both of them set is an error here as everywhere
        return RingPlace(name=KEYS, file=None)
    named = environ.get(f"{KEYS}_FILE")
    if named:
        return RingPlace(name=f"{named} (by {KEYS}_FILE)", file=Path(named), mounted=True)
    return RingPlace(name=str(keys_file), file=keys_file)


def ring_text(keys_file: Path, *, environ: Mapping[str, str]) -> str:
    """Give the ring as `id:base64,…`, newest first, from TIEOUT_KEYS, TIEOUT_KEYS_FILE or the file."""
    return ",".join(entry for entry in _entries(keys_file, environ) if not entry.startswith(f"{SEAL}:"))


def seal_text(keys_file: Path, *, environ: Mapping[str, str]) -> str | None:
    """Give the seal's signing key in base64 (32 bytes, Ed25519), None when there is none."""
    found = [entry for entry in _entries(keys_file, environ) if entry.startswith(f"{SEAL}:")]
    return found[0].removeprefix(f"{SEAL}:") if found else None


def ring_ids(text: str) -> list[str]:
    """Name the keys of a ring, newest first; nothing of the keys themselves."""
    return [entry.partition(":")[0].strip() for entry in text.replace("\n", ",").split(",") if entry.strip()]


def write_keys(path: Path) -> None:
    """Write a fresh ring and a fresh signing key, readable by their owner only. The file must not exist."""
    text = f"{fresh_entry()}\n{SEAL}:{_fresh()}\n{_COMMENT}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def add_newest(place: RingPlace, entry: str) -> None:
    """Put a key before all others of the ring's file; everything else in it stays as it is. Raises like `rewrite`."""
    rewrite(place, f"{entry}\n{_read(_file_of(place))}")


def remove_key(place: RingPlace, key_id: str) -> None:
    """Take a key out of the ring's file; everything else in it stays. Raises like `rewrite`."""
    lines = _read(_file_of(place)).splitlines()
    rewrite(place, "".join(f"{line}\n" for line in (_without(line, key_id) for line in lines) if line is not None))


def rewrite(place: RingPlace, text: str) -> None:
    """Replace the ring's file in one step, for its owner only, on the disk when this returns.

    Raises MisconfiguredError when the ring is no file, or one that cannot be written; then nothing is changed.
    """
    path = _file_of(place).resolve()  # a link stays a link
    draft = path.with_name(f"{path.name}.draft")
    try:
        owner = path.stat()
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)  # root rotates the keys of the service that reads them
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as fault:
        raise MisconfiguredError(f"{place.name} cannot be rewritten ({fault.strerror}): {BY_HAND}") from fault


BY_HAND = (
    "put a new entry ID:KEY behind the newest one of the ring yourself (KEY: 32 random bytes in base64), restart every "
    "process, move it to the front, restart every process, then run `tieout keys rotate --keep-ring`"
)


def fresh_entry() -> str:
    """Make an entry with a new key of a new id."""
    return f"k{secrets.token_hex(4)}:{_fresh()}"


def left_open(place: RingPlace) -> bool:
    """Whether others may read a file that this user can close with chmod 600 and read afterwards.

    False for a mounted secret, which whoever mounts it keeps from others, and for a file of another user's: closed, it
    would be closed to this process too.
    """
    if place.file is None or place.mounted:
        return False
    found = place.file.stat()
    return found.st_uid == os.geteuid() and bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _file_of(place: RingPlace) -> Path:
    if place.file is None:
        raise MisconfiguredError(f"the key ring comes from {place.name}, which no command can change: {BY_HAND}")
    return place.file


def _without(line: str, key_id: str) -> str | None:
    """Give a line of the file without the key; None when nothing else stood there."""
    if line.lstrip().startswith("#"):
        return line
    entries = [entry.strip() for entry in line.split(",") if entry.strip()]
    kept = [entry for entry in entries if entry.partition(":")[0].strip() != key_id]
    if len(kept) == len(entries):
        return line
    return ",".join(kept) or None


def _entries(keys_file: Path, environ: Mapping[str, str]) -> list[str]:
    text = variable(environ, KEYS)
    if text is None:
        text = _read(keys_file)
    lines = (line.strip() for line in text.splitlines())
    kept = (line for line in lines if line and not line.startswith("#"))
    return [entry.strip() for line in kept for entry in line.split(",") if entry.strip()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MisconfiguredError(f"there is no key ring: set {KEYS}, or let `tieout init` write {path}") from None
    except OSError as fault:
        raise MisconfiguredError(f"{path} cannot be read ({fault.strerror})") from fault
    except UnicodeDecodeError:
        raise MisconfiguredError(f"{path} is no key ring") from None


def _fresh() -> str:
    return b64encode(os.urandom(KEY_BYTES)).decode()
