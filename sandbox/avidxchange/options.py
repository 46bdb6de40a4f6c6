"""How one pretend AvidXchange account behaves: its credentials, limits, lags and habits."""

from typing import Literal

import msgspec

MEGABYTE = 1024 * 1024


class AvidOptions(msgspec.Struct, kw_only=True, frozen=True):
    """Settings of the pretend AvidXchange; the defaults follow the wire contract.

    `quirks` is the share of answers that use one of the confirmed oddities (a single object instead of a
    list, `PageCount`, numeric ids and so on), drawn separately for each oddity. `unique_numbers`: whichever of
    a vendor's invoices with one number comes second is refused.
    """

    company_token: str = "company-token-of-the-sandbox"  # noqa: S105 - a pretend credential
    user_token: str = "user-token-of-the-sandbox"  # noqa: S105 - a pretend credential
    company_token_header: str = "X-Company-Token"  # noqa: S105 - a header's name
    user_token_header: str = "X-User-Token"  # noqa: S105 - a header's name
    auth: Literal["customer-token", "partner"] = "customer-token"
    client_id: str = "sandbox-partner"
    client_secret: str = "sandbox-partner-secret"  # noqa: S105 - a pretend credential
    company_id: str = "4711"
    company_id_header: str = "X-Company-Id"
    token_seconds: float = 3600
    seed: int = 1
    search_lag_seconds: float = 0.0
    batch_seconds: float = 0.3
    page_size_default: int = 100
    page_size_cap: int = 500
    window_days: int = 30
    codes_writable: bool = True
    string_money: bool = False
    unique_numbers: bool = True
    quirks: float = 0.25
    max_body_bytes: int = 10 * MEGABYTE
    max_image_bytes: int = 7_000_000
    currency: str = "USD"
