"""The keys of the operator: the ring that opens the vault, and the key that signs seals."""

import os
import secrets
import stat
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from domain.errors import MisconfiguredError
from tieout.settings.environment import KEYS, variable

SEAL = "seal"  # the entry of the seal's signing key; every other one belongs to the ring
KEY_BYTES = 32
_COMMENT = "# The key ring, newest first; under seal, the key that signs the seals. Keep a copy, keep it secret.\n"


def ring_text(keys_file: Path, *, environ: Mapping[str, str]) -> str:
    """Give the ring as `id:base64,…`, newest first, from TIEOUT_KEYS, TIEOUT_KEYS_FILE or the file."""
    return ",".join(entry for entry in _entries(keys_file, environ) if not entry.startswith(f"{SEAL}:"))


def seal_text(keys_file: Path, *, environ: Mapping[str, str]) -> str | None:
    """Give the seal's signing key in base64 (32 bytes, Ed25519), None when there is none."""
    found = [entry for entry in _entries(keys_file, environ) if entry.startswith(f"{SEAL}:")]
    return found[0].removeprefix(f"{SEAL}:") if found else None


def write_keys(path: Path) -> None:
    """Write a fresh ring and a fresh signing key, readable by their owner only. The file must not exist."""
    text = f"k{secrets.token_hex(4)}:{_fresh()}\n{SEAL}:{_fresh()}\n{_COMMENT}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def readable_by_others(path: Path) -> bool:
    """Whether somebody else on this machine may read the file."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


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
