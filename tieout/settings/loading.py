"""Finding and reading the settings file; what the rest of the program is handed."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from domain.errors import MisconfiguredError
from tieout.settings.checks import check
from tieout.settings.decoding import Place, decode
from tieout.settings.environment import BROKER_URL, CONFIG, STORE_URL, variable
from tieout.settings.not_yet import refuse_not_yet
from tieout.settings.shape import ConnectionSection, SettingsFile

FILE_NAME = "tieout.toml"
KEYS_NAME = "tieout.keys"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_LARGEST_FILE_BYTES = 1024 * 1024


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force: the file's content, and both URLs with the environment's word applied.

    store_url: absolute (`sqlite:////…`), may hold a password: never print it, print `shown_url(...)`.
    """

    file: Path
    content: SettingsFile
    store_url: str
    broker_url: str

    def __repr__(self) -> str:
        """Keep passwords of URLs out of logs and tracebacks."""
        return f"Settings({self.file})"

    @property
    def keys_file(self) -> Path:
        """The key ring beside the settings, read when TIEOUT_KEYS is unset."""
        return self.file.with_name(KEYS_NAME)

    @property
    def connections(self) -> dict[str, ConnectionSection]:
        """The declared connections by name."""
        return self.content.connections

    def place(self, key: str) -> Place:
        """Name a key for a complaint."""
        return Place(self.file).under(key)

    def connection(self, name: str) -> ConnectionSection:
        """Give a declared connection. Raises MisconfiguredError with the names there are."""
        found = self.connections.get(name)
        if found is None:
            known = ", ".join(self.connections) or "none yet"
            raise MisconfiguredError(f"{self.file}: no connection {name!r} is declared (there is: {known})")
        return found


def load(config: Path | None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Find, read and check the settings. Raises MisconfiguredError, one sentence."""
    environment = os.environ if environ is None else environ
    return load_file(find(config, environ=environment), environ=environment)


def load_file(file: Path, *, environ: Mapping[str, str]) -> Settings:
    """Read and check one settings file."""
    file = file.absolute()
    root = Place(file)
    content = decode(_read(file), file)
    check(content, root)
    refuse_not_yet(content, root)
    return Settings(
        file=file,
        content=content,
        store_url=_store_url(content.store.url, variable(environ, STORE_URL), root.under("store.url")),
        broker_url=_broker_url(content.broker.url, variable(environ, BROKER_URL), root.under("broker.url")),
    )


def find(config: Path | None, *, environ: Mapping[str, str]) -> Path:
    """Give the settings file: `--config`, TIEOUT_CONFIG, the working folder, the user's config folder."""
    if config is not None:
        return config
    if environ.get(CONFIG):
        return Path(environ[CONFIG])
    here = Path(FILE_NAME)
    if here.exists():
        return here
    user = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config")
    at_home = user / "tieout" / FILE_NAME
    if at_home.exists():
        return at_home
    raise MisconfiguredError(
        f"no {FILE_NAME} here or in {at_home.parent}: `tieout init` writes one, --config names one"
    )


def shown_url(url: str) -> str:
    """Give a URL without its password; of one that cannot be read, or whose password broke it apart, the beginning."""
    try:
        whole = urlsplit(url)
        password = whole.password
    except ValueError:
        return f"{url.partition(':')[0]}://…"
    if whole.netloc and _is_broken(whole):
        return f"{whole.scheme}://…"
    parts = whole._replace(query="")
    if not password:
        return url if not whole.query else parts.geturl()
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:…@{host}").geturl()


def _read(file: Path) -> dict[str, object]:
    try:
        if file.is_dir():
            raise MisconfiguredError(f"{file} is a folder: name the settings file itself")
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            raise MisconfiguredError(f"{file} is too large to be a settings file")
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise MisconfiguredError(f"{file}: there is no such settings file; `tieout init` writes one") from None
    except OSError as fault:
        raise MisconfiguredError(f"{file} cannot be read ({fault.strerror})") from fault
    except UnicodeDecodeError:
        raise MisconfiguredError(f"{file} is not written in UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        raise MisconfiguredError(f"{file} is not valid TOML: {fault}") from None


def _store_url(in_file: str, overriding: str | None, place: Place) -> str:
    url, place = _choose(in_file, overriding, place, STORE_URL)
    if url.startswith(_POSTGRES):
        return _postgres_url(url, place)
    name = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not name or name.startswith(":memory:"):
        raise place.wrong("must be sqlite:///FILE or postgresql://USER@HOST:5432/NAME")
    return f"{_SQLITE}{place.file.parent / name}"


def _postgres_url(url: str, place: Place) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.port != 0 and bool(parts.path.strip("/")) and "/" not in parts.path[1:] and not parts.fragment
    except ValueError:
        sound = False
    if not sound:
        raise place.wrong("must be postgresql://USER@HOST:5432/NAME, special signs in it written as %XX")
    return url


def _broker_url(in_file: str, overriding: str | None, place: Place) -> str:
    url, place = _choose(in_file, overriding, place, BROKER_URL)
    if url != "memory://" and not (url.startswith(("amqp://", "amqps://")) and _has_host(url)):
        raise place.wrong("must be memory:// or amqp://host:5672/vhost, special signs in it written as %XX")
    return url


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not _is_broken(parts)
    except ValueError:  # a port that is no number; verdict: refused by the caller
        return False


def _is_broken(parts: SplitResult) -> bool:
    """Whether a sign in its password, left unescaped, ended the host too early: `amqp://user:4/2@host/`."""
    return bool(parts.fragment) or "@" in parts.path + parts.query


def _choose(in_file: str, overriding: str | None, place: Place, name: str) -> tuple[str, Place]:
    try:
        parts = urlsplit(in_file)
        password = parts.password or parse_qs(parts.query).get("password")
    except ValueError:
        raise place.wrong("is no URL") from None
    if password:
        raise place.wrong(f"holds a password: put the whole URL into {name} or the file {name}_FILE names")
    return (in_file, place) if overriding is None else (overriding, Place(place.file, f"{place.key} (by {name})"))
