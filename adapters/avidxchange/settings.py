"""Everything of AvidXchange's interface that only a customer's partner documents can settle, in one place."""

from typing import Literal

import msgspec

from domain.errors import MisconfiguredError

PATHS: dict[str, str] = {
    "accounting_systems": "/accountingSystems",
    "vendors": "/vendors",
    "enterprise_codes": "/enterpriseCodes",
    "invoice_batches": "/invoices/batches",
    "invoices": "/invoices",
    "payments": "/payments",
}
OPEN_STATUSES = (
    "Pending Approval",
    "Held",
    "Processing",
    "Error",
    "Debit Requested",
    "Funds Received",
    "Sent to Check Printer",
    "VCC Processing",
)
SETTLED_STATUSES = ("Issued to Supplier", "ACH Credit Issued", "VCC Issued", "Cleared")
REVERSED_STATUSES = ("Void", "Stopped", "Refunded", "Returned")


class AvidSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One AvidXchange account as a connection speaks to it.

    base_url: with the version, without a slash at its end; paths: resource -> path, where it differs from PATHS;
    token_url and company_id: partner mode only; check_method, ach_method, card_method: AvidXchange's names;
    dimensions: (M3 dimension, code group) besides dimension 1.
    """

    base_url: str
    auth: Literal["customer-token", "partner"] = "customer-token"
    company_token_header: str = "X-Company-Token"  # noqa: S105 - a header's name, not a token
    user_token_header: str = "X-User-Token"  # noqa: S105 - a header's name, not a token
    company_id_header: str = "X-Company-Id"
    token_url: str = ""
    company_id: str = ""
    paths: dict[str, str] = {}
    page_size: int = 500
    requests_per_minute: int = 300
    call_timeout_seconds: float = 60.0
    search_lag_seconds: float = 60.0
    max_image_bytes: int = 7_000_000
    max_body_bytes: int = 10 * 1024 * 1024
    account_group: str = "Accounting Codes"
    dimensions: tuple[tuple[int, str], ...] = ()
    currency: str = "USD"
    settled_statuses: tuple[str, ...] = SETTLED_STATUSES
    reversed_statuses: tuple[str, ...] = REVERSED_STATUSES
    open_statuses: tuple[str, ...] = OPEN_STATUSES
    check_method: str = "Check"
    ach_method: str = "ACH"
    card_method: str = "Virtual Card"

    def __post_init__(self) -> None:
        """Refuse settings that cannot work, in one sentence."""
        unknown = sorted(self.paths.keys() - PATHS.keys())
        if unknown:
            known = ", ".join(PATHS)
            raise MisconfiguredError(f"avidxchange.paths names {unknown[0]!r}; the resources are {known}")
        if self.auth == "partner" and not (self.token_url and self.company_id):
            raise MisconfiguredError('avidxchange.auth = "partner" needs token_url and company_id')

    def url(self, resource: str) -> str:
        """Give the address of a resource."""
        path = self.paths.get(resource, PATHS[resource])
        if path.startswith(("http://", "https://")):
            return path
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"

    @property
    def code_groups(self) -> dict[int, str]:
        """Dimension number -> code group; dimension 1 is the GL account."""
        return {1: self.account_group, **dict(self.dimensions)}

    def standing(self, status: str) -> str:
        """Read a payment's status: settled, reversed, open or unknown."""
        wanted = status.casefold()
        for standing, names in (
            ("settled", self.settled_statuses),
            ("reversed", self.reversed_statuses),
            ("open", self.open_statuses),
        ):
            if wanted in (name.casefold() for name in names):
                return standing
        return "unknown"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What opens the account: two opaque tokens, or a partner's client id and secret. Never shown."""

    company_token: str = ""
    user_token: str = ""
    client_id: str = ""
    client_secret: str = ""

    def __repr__(self) -> str:
        """Keep secrets out of logs and tracebacks."""
        return "Credentials(…)"
