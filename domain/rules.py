"""The rules of a connection: every setting that decisions and errands read, as plain data."""

from datetime import date, timedelta

import msgspec

from domain.identifiers import PinnedIdentity


class RemoteWindows(msgspec.Struct, frozen=True, kw_only=True):
    """Times of one remote. settle = call timeout + search lag + clock margin, or longer."""

    call_timeout: timedelta
    search_lag: timedelta
    settle: timedelta


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A connection's policy; names follow the settings (docs/reference/settings.md)."""

    name: str
    identity: PinnedIdentity
    company: int
    divisions: tuple[str, ...]
    start_date: date
    payment_interface: str
    void_interface: str = ""
    bank_id: str = ""
    accounting_date: str = "settled"
    posting_patience: timedelta = timedelta(minutes=30)
    read_back_after: timedelta = timedelta(seconds=5)
    payment_posting: str = "gls840"
    first_posting: str = "confirm"
    payment_methods: tuple[str, ...] = ()
    locked_retry: timedelta = timedelta(seconds=120)
    locked_tries: int = 3
    amount_sign: int = 1
    gl_accounts: str = "push"
    dimensions: tuple[tuple[int, str], ...] = ()
    max_image_bytes: int = 7_000_000
    missing_image: str = "send"
    unknown_invoices: str = "raise"
    settled_statuses: tuple[str, ...] = ("Issued to Supplier", "ACH Credit Issued", "VCC Issued", "Cleared")
    reversed_statuses: tuple[str, ...] = ("Void", "Stopped", "Refunded", "Returned")
    infor: RemoteWindows
    avidxchange: RemoteWindows
    currency: str = "USD"
    timezone: str = "UTC"

    @property
    def code_groups(self) -> dict[int, str]:
        """Dimension number -> AvidXchange code group; dimension 1 is the GL account."""
        return {1: "Accounting Codes", **dict(self.dimensions)}

    @property
    def code_gate_open(self) -> bool:
        """Whether codes are not checked at all (`gl_accounts = off`)."""
        return self.gl_accounts == "off"
