"""The `.ionapi` file: credentials and addresses of a tenant, checked before anybody is asked for anything else."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from adapters.unreadable import UNREADABLE
from domain.errors import MisconfiguredError

_NEEDED = ("ti", "ci", "cs", "iu", "pu", "ot")
_ACCOUNT = ("saak", "sask")
_OPTIONAL = ("oa", "or")
_LARGEST_FILE_BYTES = 64 * 1024
_REMEDY = "download the credentials of a Backend Service app created with a service account"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's addresses and secrets; attribute names say what the file's short keys mean.

    gateway: `iu`, no trailing slash; authorization: `pu`, ends in a slash; scopes: joined with a blank.
    """

    tenant: str
    client_id: str
    client_secret: str
    gateway: str
    authorization: str
    token_path: str
    account_key: str
    account_secret: str
    revoke_path: str = ""
    scopes: str = ""

    def __repr__(self) -> str:
        """Show what may be seen: the tenant and its gateway, no secret."""
        return f"Credentials(tenant={self.tenant!r}, gateway={self.gateway!r})"

    __str__ = __repr__

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.authorization}{self.token_path}"

    @property
    def tenant_url(self) -> str:
        """The base of every call through the gateway."""
        return f"{self.gateway}/{self.tenant}"


def load_ionapi(path: Path) -> Credentials:
    """Read and check a file; raises MisconfiguredError, one sentence that names the file and the key."""
    return parse_ionapi(read_file(path), name=path.name)


def read_file(path: Path) -> bytes:
    """Read a file that may be an .ionapi file. Raises MisconfiguredError when it cannot be read or is far too large."""
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise MisconfiguredError(f"{path.name} is too large to be an .ionapi file: {_REMEDY}")
        return path.read_bytes()
    except OSError as fault:
        raise MisconfiguredError(f"{path}: cannot be read ({fault.strerror or 'no such file'})") from fault


def parse_ionapi(data: bytes, *, name: str) -> Credentials:
    """Check the content of a file called `name` (see `load_ionapi`)."""
    content = _decode(data, name)
    if any(not content.get(key) for key in _ACCOUNT):
        missing = next(key for key in _ACCOUNT if not content.get(key))
        raise MisconfiguredError(f"{name} lacks the key {missing!r} of a service account: {_REMEDY} instead")
    texts = {key: _text(content, key, name) for key in (*_NEEDED, *_ACCOUNT)}
    extra = {key: _text(content, key, name) for key in _OPTIONAL if content.get(key)}
    for key in ("iu", "pu"):
        if not _is_address(texts[key]):
            raise MisconfiguredError(f"{name}: the key {key!r} is no web address, {_REMEDY}")
    return Credentials(
        tenant=texts["ti"],
        client_id=texts["ci"],
        client_secret=texts["cs"],
        gateway=texts["iu"].rstrip("/"),
        authorization=texts["pu"].rstrip("/") + "/",
        token_path=texts["ot"].lstrip("/"),
        account_key=texts["saak"],
        account_secret=texts["sask"],
        revoke_path=extra.get("or", "").lstrip("/"),
        scopes=_scopes(content.get("sc"), name),
    )


def _is_address(url: str) -> bool:
    """Whether it is a web address with a host, and nothing but one: no blank, user, password, query or fragment."""
    try:
        parts = urlsplit(url)
        plain = parts.username is None and parts.password is None and not parts.query and not parts.fragment
        known = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number; verdict: refused by the caller
        return False
    return known and plain and url.isprintable() and " " not in url


def _decode(data: bytes, name: str) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(data.decode("utf-8-sig"))
    except UNREADABLE:
        # The cause is left out on purpose: its text may quote a secret.
        raise MisconfiguredError(f"{name} is not JSON: {_REMEDY} instead") from None
    if not isinstance(content, dict):
        raise MisconfiguredError(f"{name} holds no JSON object: {_REMEDY} instead")
    return content


def _text(content: dict[str, Any], key: str, name: str) -> str:
    value = content.get(key)
    if value is None or value == "":
        raise MisconfiguredError(f"{name} lacks the key {key!r}: {_REMEDY} instead")
    if not isinstance(value, str) or not value.strip():
        raise MisconfiguredError(f"{name}: the key {key!r} must be a text, {_REMEDY} again")
    return value.strip()


def _scopes(value: object, name: str) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    raise MisconfiguredError(f"{name}: the key 'sc' must be a list of texts, {_REMEDY} again")
