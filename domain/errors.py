"""The tree of errors; the second level answers the question "what now?".

TieoutError
├── TransientError        try again later, a bounded number of times (carries `retry_after`)
│   ├── ConflictError     somebody else appended first: read again, decide again
│   └── StoreError        the store gave no usable answer; whether it committed is unknown
├── RefusedError          the remote said no for certain: record it, do not repeat it
├── MalformedError        a remote or a file said something we cannot read: record it, raise it
├── MisconfiguredError    a person must mend settings, keys or credentials: stop and say so
├── HeldError             this work is held (restored store, paused connection, a lost claim): leave it due
└── DoubtError            a write may or may not have happened: look, never repeat blindly
"""


class TieoutError(Exception):
    """The root; `str()` is one sentence for the operator and never holds a secret."""


class TransientError(TieoutError):
    """A passing fault.

    retry_after: seconds the remote asked us to wait, None when it did not say.
    before_processing: True when the remote answered before it processed anything (401, 403, 404, 405, 429)
    or no byte was written.
    status: the HTTP status, None when there was none.
    """

    def __init__(
        self,
        text: str,
        *,
        retry_after: float | None = None,
        before_processing: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.before_processing = before_processing
        self.status = status


class ConflictError(TransientError):
    """Another writer appended to the same aggregate first."""


class StoreError(TransientError):
    """The event store could not be reached, is locked or is full."""


class RefusedError(TieoutError):
    """The remote refused for certain; `code` is its word, `field` the field it named (or empty)."""

    def __init__(self, text: str, *, code: str, field: str = "", status: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.field = field
        self.status = status


class MalformedError(TieoutError):
    """Something arrived that does not follow the contract; `record` names it."""

    def __init__(self, text: str, *, record: str = "") -> None:
        super().__init__(text)
        self.record = record


class MisconfiguredError(TieoutError):
    """A setting, key, credential or role is missing or wrong; the text says how to mend it."""


class HeldError(TieoutError):
    """The work is held, or no longer this process's, for the reason in the text."""


class DoubtError(TieoutError):
    """The outcome of a write is unknown; `why` is a short word for the log."""

    def __init__(self, text: str, *, why: str) -> None:
        super().__init__(text)
        self.why = why
