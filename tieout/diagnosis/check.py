"""One thing that was looked at."""

import msgspec

OK, WARN, BAD = "ok", "warn", "bad"
DONE, MISCONFIGURED, LEFT, NO_ANSWER = 0, 2, 3, 4


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at; code: the exit code it asks for when it is bad."""

    check: str
    state: str
    text: str
    mend: str = ""
    code: int = DONE


def fine(check: str, text: str) -> Check:
    """Say that it is as it should be."""
    return Check(check=check, state=OK, text=text)


def warn(check: str, text: str, mend: str, *, code: int = DONE) -> Check:
    """Say what could be better."""
    return Check(check=check, state=WARN, text=text, mend=mend, code=code)


def bad(check: str, text: str, mend: str = "", *, code: int = MISCONFIGURED) -> Check:
    """Say what must be mended."""
    return Check(check=check, state=BAD, text=text, mend=mend, code=code)
