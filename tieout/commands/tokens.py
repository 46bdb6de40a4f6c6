"""AvidXchange's secrets on their way in: from the environment, or asked for without echo; never from arguments."""

import getpass
import os
from typing import TYPE_CHECKING

from domain.errors import MisconfiguredError
from tieout.commands.common import on_terminal
from tieout.settings import environment as env
from tieout.settings.environment import variable

if TYPE_CHECKING:
    from tieout.wiring import AvidTokens

_CUSTOMER = ((env.AVID_COMPANY_TOKEN, "company token"), (env.AVID_USER_TOKEN, "user token"))
_PARTNER = ((env.AVID_CLIENT_ID, "client id"), (env.AVID_CLIENT_SECRET, "client secret"))


def tokens_from_environment(auth: str) -> "AvidTokens | None":
    """Give the secrets of the environment, None when none of them is set.

    Raises MisconfiguredError when only one of the two is set.
    """
    wanted = _wanted(auth)
    found = {name: variable(os.environ, name) for name, _ in wanted}
    if not any(found.values()):
        return None
    for name, value in found.items():
        if not value:
            raise MisconfiguredError(f"{name} is not set (or {name}_FILE): AvidXchange needs both secrets")
    return _tokens(auth, [(name, value or "") for name, value in found.items()])


def ask_tokens(auth: str) -> "AvidTokens":
    """Ask for the secrets without echo. Raises MisconfiguredError when there is nobody to ask."""
    wanted = _wanted(auth)
    if not on_terminal():
        names = " and ".join(name for name, _ in wanted)
        raise MisconfiguredError(f"AvidXchange's secrets are missing: set {names} (or …_FILE), there is no terminal")
    return _tokens(auth, [(what, getpass.getpass(f"AvidXchange {what}: ")) for _, what in wanted])


def _wanted(auth: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return _PARTNER if auth == "partner" else _CUSTOMER


def _tokens(auth: str, secrets: list[tuple[str, str]]) -> "AvidTokens":
    from tieout.wiring import AvidTokens

    first, second = (_clean(name, secret) for name, secret in secrets)
    if auth == "partner":
        return AvidTokens(client_id=first, client_secret=second)
    return AvidTokens(company_token=first, user_token=second)


def _clean(name: str, secret: str) -> str:
    text = secret.strip()
    if not text:
        raise MisconfiguredError(f"{name} is empty")
    if not (text.isascii() and text.isprintable()):
        raise MisconfiguredError(f"{name} has characters that no HTTP header takes: copy it again")
    return text
