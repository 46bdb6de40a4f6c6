"""Every secret this installation knows, and a scan that finds any of them, however it is written."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from uuid import UUID

import msgspec

from domain.errors import MisconfiguredError, TieoutError
from domain.event import Personal
from tieout.settings import Settings, ring_text, seal_text
from tieout.settings.environment import CONFIG, SMTP_USER, VARIABLES, variable

if TYPE_CHECKING:
    from tieout.wiring import Deployment

SHORTEST_SECRET = 4  # characters; a shorter one would be found in every word
SHORTEST_PATH = 12  # characters of a part of a webhook's address: shorter ones are words
SHORTEST_PERSONAL = 5
SHORTEST_NUMBER = 7  # digits of a personal field that is a number: shorter ones are counts of something as well
IONAPI_OPEN = frozenset({"ti", "cn", "dt", "iu", "pu", "oa", "ot", "or", "ev", "v", "sc"})  # the rest are secrets
ORDINARY = frozenset({"tieout", "postgres", "guest", "sandbox"})  # as a password they hide nothing
PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY")
_CHUNK = 200


class Secret(msgspec.Struct, frozen=True):
    """A value that must not leave. what: names it for the person; the value itself is never shown."""

    what: str
    value: str

    def __repr__(self) -> str:
        """Name it only."""
        return f"Secret({self.what})"


def of_environment(environ: Mapping[str, str]) -> Iterator[Secret]:
    """Give the values of our variables; of a URL its password and its path."""
    for name in VARIABLES:
        if name in (CONFIG, SMTP_USER):  # a path and a name, no secrets
            continue
        try:
            value = variable(environ, name)
        except MisconfiguredError:
            continue  # verdict: go on; doctor's checks say what is wrong with it
        if value and "://" in value:
            yield from of_url(name, value)
        elif value:
            yield from (Secret(name, part) for part in _key_parts(value) if len(part) >= SHORTEST_SECRET)
    for name in PROXIES:
        yield from of_url(name, environ.get(name, ""))


def of_url(what: str, url: str) -> Iterator[Secret]:
    """Give what is secret in an address: the password as it is written and as it is meant; a webhook's path."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        yield Secret(what, url)
        return
    if password:
        yield from (Secret(f"the password in {what}", one) for one in {password, unquote(password)})
    if parts.scheme in ("http", "https"):
        hidden = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
        yield from (Secret(f"the address in {what}", one) for one in hidden if len(one) >= SHORTEST_PATH)


def of_settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Secret]:
    """Give the keys, the URLs' passwords and the webhook's path."""
    try:
        ring = ring_text(settings.keys_file, environ=environ)
        seal = seal_text(settings.keys_file, environ=environ)
    except MisconfiguredError:
        ring, seal = "", None  # verdict: go on; without a ring there is no key to give away
    yield from (Secret("a key of the ring", part) for part in _key_parts(ring))
    if seal:
        yield Secret("the key that signs seals", seal)
    yield from of_url("store.url", settings.store_url)
    yield from of_url("broker.url", settings.broker_url)
    yield from of_url("alerts.webhook", settings.content.alerts.webhook)


def of_vault(deployment: "Deployment") -> Iterator[Secret]:
    """Give every credential in the vault, part by part, and every personal field of the log."""
    vault = deployment.store.credentials
    for name, system in vault.fingerprints():
        try:
            content = msgspec.json.decode(vault.get(name, system))
        except (TieoutError, msgspec.DecodeError):
            continue  # verdict: go on; what does not open here cannot have been written here either
        for key, value in content.items() if isinstance(content, dict) else ():
            open_key = system == "infor" and key in IONAPI_OPEN
            if isinstance(value, str) and len(value) >= SHORTEST_SECRET and not open_key:
                yield Secret(f"{key} of {name}'s {system} credentials", value)
    yield from _personal(deployment)


def found(files: Mapping[str, bytes], secrets: Iterator[Secret]) -> tuple[str, str] | None:
    """Give the first file that holds a secret, and what it is; None when there is none."""
    contents = {name: content.decode("utf-8", "replace").casefold() for name, content in files.items()}
    seen: set[str] = set()
    for secret in secrets:
        if secret.value in seen or secret.value.casefold() in ORDINARY:
            continue
        seen.add(secret.value)
        forms = _written(secret.value)
        for name, content in contents.items():
            if any(form in content for form in forms):
                return name, secret.what
    return None


def _written(value: str) -> frozenset[str]:
    """Give the ways a value may stand in a text: plain, in JSON, in a URL, in base64."""
    plain = (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe=""))
    return frozenset(one.casefold() for one in (*plain, b64encode(value.encode()).decode().rstrip("=")))


def _key_parts(text: str) -> Iterator[str]:
    """Give the secret part of each `id:secret` entry, or of a value that has no id."""
    for entry in text.replace("\n", ",").split(","):
        part = entry.strip().partition(":")[2] or entry.strip()
        if part:
            yield part


def _personal(deployment: "Deployment") -> Iterator[Secret]:
    """Read the streams that have a data key: exactly those that hold personal fields."""
    with deployment.store.database.reading() as cursor:
        cursor.execute("SELECT stream FROM vault_keys WHERE sealed IS NOT NULL ORDER BY stream")
        streams = [UUID(row["stream"]) for row in cursor.fetchall()]
    for start in range(0, len(streams), _CHUNK):
        for history in deployment.log.load(streams[start : start + _CHUNK]).values():
            for recorded in history:
                for value in _values(recorded.event):
                    if len(value) >= (SHORTEST_NUMBER if value.isdigit() else SHORTEST_PERSONAL):
                        yield Secret("a personal field of a supplier", value)


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, Personal):
        yield value.value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _values(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _values(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _values(one)
