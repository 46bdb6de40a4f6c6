"""The settings of a connection's AvidXchange side."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

Says = msgspec.Meta
Texts = tuple[str, ...]


class AvidSection(msgspec.Struct, frozen=True, kw_only=True):
    """AvidXchange; the tokens come from the vault."""

    base_url: Annotated[str, Says(min_length=1, description="address with the version, as AvidXchange told you")]
    organisation: Annotated[
        str, Says(description="pins the identity; default: base_url; in partner mode the company id")
    ] = ""
    auth: Annotated[
        Literal["customer-token", "partner"], Says(description="two tokens, or a partner's client id and secret")
    ] = "customer-token"
    token_url: Annotated[str, Says(description="partner mode: where access tokens are asked for")] = ""
    company_token_header: Annotated[str, Says(min_length=1, description="header of the company token")] = (
        "X-Company-Token"  # noqa: S105 (a header's name, not a token)
    )
    user_token_header: Annotated[str, Says(min_length=1, description="header of the user token")] = "X-User-Token"  # noqa: S105 (a header's name, not a token)
    company_id_header: Annotated[str, Says(min_length=1, description="partner mode: header of the company id")] = (
        "X-Company-Id"
    )
    gl_accounts: Annotated[
        Literal["push", "verify", "off"], Says(description="write codes, only compare them, or leave them alone")
    ] = "push"
    account_group: Annotated[str, Says(min_length=1, description="code group of the GL accounts")] = "Accounting Codes"
    dimensions: Annotated[dict[int, str], Says(description="M3 dimension number (2 to 7) = code group")] = {}
    requests_per_minute: Annotated[int, Says(ge=1, description="budget of calls, for the whole account")] = 300
    search_lag_seconds: Annotated[
        float, Says(ge=0, le=86_400, description="how long a look-up may lag behind a write")
    ] = 60
    max_image_bytes: Annotated[int, Says(ge=1, description="a larger image holds its invoice")] = 7_000_000
    max_body_bytes: Annotated[int, Says(ge=1024, description="largest request")] = 10 * 1024 * 1024
    missing_image: Annotated[
        Literal["send", "hold"], Says(description="an invoice without an image goes out, or waits")
    ] = "send"
    call_timeout_seconds: Annotated[float, Says(gt=0, le=86_400, description="at least 60, but for loopback hosts")] = (
        60
    )
    settle_window: Annotated[
        timedelta, Says(description="at least call timeout + lag + clock margin; see docs/reliability.md")
    ] = timedelta(minutes=15)
    clock_margin_seconds: Annotated[float, Says(ge=0, le=86_400, description="how far clocks may disagree")] = 1
    unknown_invoices: Annotated[
        Literal["raise", "ignore"], Says(description="a payment of an invoice we never submitted")
    ] = "raise"
    page_size: Annotated[int, Says(ge=1, le=500, description="records per page of a list")] = 500
    paths: Annotated[dict[str, str], Says(description="resource = path, where the partner documents differ")] = {}
    open_statuses: Annotated[Texts, Says(description="payment statuses that are on their way")] = (
        "Pending Approval",
        "Held",
        "Processing",
        "Error",
        "Debit Requested",
        "Funds Received",
        "Sent to Check Printer",
        "VCC Processing",
    )
    settled_statuses: Annotated[Texts, Says(description="payment statuses that are settled")] = (
        "Issued to Supplier",
        "ACH Credit Issued",
        "VCC Issued",
        "Cleared",
    )
    reversed_statuses: Annotated[Texts, Says(description="payment statuses that take a payment back")] = (
        "Void",
        "Stopped",
        "Refunded",
        "Returned",
    )
    check_method: Annotated[str, Says(min_length=1, description="AvidXchange's word for a check")] = "Check"
    ach_method: Annotated[str, Says(min_length=1, description="AvidXchange's word for an ACH transfer")] = "ACH"
    card_method: Annotated[str, Says(min_length=1, description="AvidXchange's word for a card")] = "Virtual Card"
