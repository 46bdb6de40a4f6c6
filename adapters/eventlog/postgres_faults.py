"""What went wrong at PostgreSQL, put into one sentence and given its verdict. Never the password."""

import psycopg
from psycopg_pool import PoolTimeout

from domain.errors import ConflictError, MisconfiguredError, StoreError, TieoutError

_INIT = "the store has no tables of this version; run `tieout init`, or `tieout migrate` for one of an older version"
_PASSWORD = "the server does not admit this user: look at the user and the password in TIEOUT_STORE_URL"  # noqa: S105 (a sentence)
# SQLSTATE -> sentence; five characters, or the two of its class.
_MISCONFIGURED = {
    "42P01": _INIT,
    "42703": _INIT,
    "3F000": _INIT,
    "42704": _INIT,
    "3D000": "there is no database of that name: create it, then run `tieout init`",
    "28": _PASSWORD,
    "42501": "the user may not do this here: let it own the database, or grant it what it needs",
}
_STORE = {
    "53100": "the server's disk is full",
    "53300": "the server has no connection left: raise max_connections or run fewer processes",
    "55P03": "the store is locked by another process and stayed so for {seconds:g} s",
    "57014": "the server gave up a statement that took too long",
    "25006": "the server takes no writes (it is a standby, or read-only)",
    "25P03": "the server ended a transaction that stood still for too long",
    "57P": "the server is shutting down or starting",
    "08": "the connection to the server was lost",
}
# A refused connection carries no SQLSTATE, only the server's words; a server that speaks another language falls
# through to the general sentence.
_WORDS = {
    "password authentication failed": _PASSWORD,
    "no password supplied": _PASSWORD,
    "no pg_hba.conf entry": _PASSWORD,
    'role "': _PASSWORD,
    'database "': _MISCONFIGURED["3D000"],
}
_PASSING_WORDS = {
    "starting up": _STORE["57P"],
    "shutting down": _STORE["57P"],
    "too many clients": _STORE["53300"],
    "remaining connection slots": _STORE["53300"],
}


def verdict(error: Exception, *, name: str, lock_seconds: float) -> TieoutError:
    """Give the domain's error for one of psycopg's or the library's; `name` is the URL without its password.

    A transaction that lost to another (unique key, deadlock, serialization) is rolled back for certain: conflict.
    """
    fault = _root(error)
    code = (fault.sqlstate if fault is not None else None) or ""
    words = _words(fault or error)
    if fault is None or (code[:2] in ("23", "40") and code != "40003"):
        return ConflictError(f"{name}: somebody else wrote first")
    if isinstance(fault, PoolTimeout):
        return StoreError(f"{name}: every connection of this process is in use, or the server cannot be reached")
    for sentences, kind in ((_MISCONFIGURED, MisconfiguredError), (_STORE, StoreError)):
        sentence = sentences.get(code) or sentences.get(code[:3]) or sentences.get(code[:2])
        if sentence:
            return kind(f"{name}: {sentence.format(seconds=lock_seconds)}")
    if not code:
        for known, kind in ((_PASSING_WORDS, StoreError), (_WORDS, MisconfiguredError)):
            for part, sentence in known.items():
                if part in words:
                    return kind(f"{name}: {sentence}")
    return StoreError(f"{name}: the store gave no usable answer ({words})")


def _root(error: BaseException) -> psycopg.Error | None:
    """Give psycopg's own error; the library wraps some. Its IntegrityError alone says that a position moved."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, psycopg.Error):
        seen = seen.__cause__
    return seen


def _words(error: BaseException) -> str:
    """Give the first line: the others may hold values of a row."""
    text = (error.diag.message_primary if isinstance(error, psycopg.Error) else None) or str(error)
    lines = [line for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines and "FATAL" in lines[-1] else lines[0]).strip() if lines else type(error).__name__
