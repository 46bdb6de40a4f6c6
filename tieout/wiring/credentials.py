"""Credentials on their way into the vault and out of it; secrets stay inside, names and fingerprints may be shown."""

from pathlib import Path

import msgspec

from adapters.avidxchange.settings import Credentials as AvidCredentials
from adapters.infor.ionapi import Credentials as InforCredentials
from adapters.infor.ionapi import parse_ionapi, read_file

INFOR = "infor"
AVIDXCHANGE = "avidxchange"


class IonapiFile(msgspec.Struct, frozen=True, kw_only=True):
    """A checked `.ionapi` file: the tenant may be shown; `secret` goes into the vault as it is."""

    tenant: str
    gateway: str
    secret: bytes

    def __repr__(self) -> str:
        """Keep the secret out of logs and tracebacks."""
        return f"IonapiFile({self.tenant})"


class AvidTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What opens AvidXchange: two tokens, or a partner's client id and secret."""

    company_token: str = ""
    user_token: str = ""
    client_id: str = ""
    client_secret: str = ""

    def __repr__(self) -> str:
        """Keep the secrets out of logs and tracebacks."""
        return "AvidTokens(…)"

    @property
    def secret(self) -> bytes:
        """The bytes for the vault."""
        return msgspec.json.encode(self)


def read_ionapi(path: Path) -> IonapiFile:
    """Read and check a file without any network call. Raises MisconfiguredError that names file and key."""
    data = read_file(path)
    checked = parse_ionapi(data, name=path.name)
    return IonapiFile(tenant=checked.tenant, gateway=checked.gateway, secret=data)


def infor_credentials(secret: bytes, *, name: str) -> InforCredentials:
    """Open what `connection add` put away."""
    return parse_ionapi(secret, name=f"the stored .ionapi file of {name}")


def avid_credentials(secret: bytes) -> AvidCredentials:
    """Open what `connection add` put away."""
    return msgspec.json.decode(secret, type=AvidCredentials)
