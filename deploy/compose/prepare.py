"""Make what docker-compose.yml asks for: passwords and keys by chance, and the `.env` file that names them.

`python3 deploy/compose/prepare.py --settings FILE` for real systems, `--sandbox` for the pretend ones. Needs Python
and nothing else. What exists is kept: a second run changes nothing and says so.
"""

import argparse
import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SANDBOX_SETTINGS = "deploy/compose/sandbox.toml"
SANDBOX_AUTHORITY = "/var/lib/tieout/sandbox/ca.pem"
PASSWORD_BYTES = 24
KEY_BYTES = 32
# Compose mounts these files as they are, so the container's user must be able to read them: the folder, which only
# its owner may enter, keeps everybody else on this host out.
FOLDER_MODE, FILE_MODE = 0o700, 0o444


def prepare(folder: Path, env_file: Path, *, settings: str, sandbox: bool) -> list[str]:
    """Write the secrets and the `.env` file; give the names of what was written."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)
    # A password that exists is kept, so what is made from it is the same again.
    texts = {"postgres-password": secrets.token_hex(PASSWORD_BYTES)}
    written = _written(folder, texts)
    password = (folder / "postgres-password").read_text("ascii").strip()
    broker = secrets.token_hex(PASSWORD_BYTES)
    written += _written(folder, {"store-url": f"postgresql://tieout:{password}@postgres:5432/tieout", "keys": _keys()})
    pair = {
        "rabbitmq.conf": f"default_user = tieout\ndefault_pass = {broker}",
        "broker-url": f"amqp://tieout:{broker}@rabbitmq:5672/",
    }
    if any((folder / name).exists() for name in pair) and not all((folder / name).exists() for name in pair):
        raise SystemExit(f"{folder} holds only one of {' and '.join(pair)}, which belong together: put the other back")
    written += _written(folder, pair)
    lines = [f"TIEOUT_SETTINGS={settings}", f"TIEOUT_SECRETS={folder.as_posix()}"]
    lines += [f"TIEOUT_CA_BUNDLE={SANDBOX_AUTHORITY}"] if sandbox else []
    if not env_file.exists():
        env_file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        written.append(env_file.name)
    return written


def _written(folder: Path, texts: dict[str, str]) -> list[str]:
    made = []
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(f"{text}\n")
            path.chmod(FILE_MODE)
            made.append(name)
    return made


def _keys() -> str:
    """Give a key ring with one key, and the key that signs the seals, as `tieout init` writes them."""
    ring, seal = (b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") for _ in range(2))
    return f"k{secrets.token_hex(4)}:{ring}\nseal:{seal}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the options say; 0 when everything is there."""
    parser = argparse.ArgumentParser(description="Make the secrets and the .env file of docker-compose.yml.")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--settings", metavar="FILE", help="your tieout.toml")
    chosen.add_argument("--sandbox", action="store_true", help="the settings of the pretend systems")
    parser.add_argument("--secrets", metavar="DIR", default=str(ROOT / "secrets"), help="default: secrets/")
    given = parser.parse_args(arguments)
    settings = str(ROOT / SANDBOX_SETTINGS) if given.sandbox else str(Path(given.settings).absolute())
    if not Path(settings).is_file():
        sys.stderr.write(f"{settings} is no file: write it first, `tieout init` makes an example\n")
        return 2
    folder = Path(given.secrets).absolute()
    written = prepare(folder, folder.parent / ".env", settings=settings, sandbox=given.sandbox)
    sys.stderr.write(f"{folder}: wrote {', '.join(written) or 'nothing, everything is there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
