"""What a tenant of the pretend Infor is like: its secrets, limits, delays and gaps."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec


class Clock(Protocol):
    """Anything that tells an aware time in UTC."""

    def now(self) -> datetime:
        """Tell the time."""
        ...


class InforOptions(msgspec.Struct, kw_only=True, frozen=True):
    """One tenant's settings; the defaults make a calm tenant without delays."""

    tenant: str = "ACME_TST"
    company: int = 100
    client_id: str = "ACME_TST~sandbox"
    client_secret: str = "sandbox-client-secret"  # noqa: S105  # a pretend secret of a pretend system
    saak: str = "ACME_TST#sandbox-service-account"
    sask: str = "sandbox-service-secret"
    token_seconds: int = 3600
    token_life_as_text: bool = False  # expires_in comes as "3600"
    search_lag_seconds: float = 0.0  # FGLINH and FGLINL show a write only after this long
    posting_delay_seconds: float = 0.0  # from UpdBatch to the voucher
    maxrecs_cap: int = 1000  # maxrecs=0 means this many
    language: Literal["DE", "EN"] = "EN"  # of error texts
    clock_skew_seconds: float = 0.0  # the server's clock minus ours
    payment_interface: str = "AVXPAY"  # GLS840 INTN
    void_interface: str = ""  # empty: the customer defined none
    without: frozenset[str] = frozenset()  # "APS200MI/LstInvoiceTrans": the tenant lacks it


def ionapi_file(options: InforOptions, base_url: str) -> dict[str, str]:
    """Give the content of the `.ionapi` file that points at this tenant under `base_url`."""
    base = base_url.rstrip("/")
    return {
        "ti": options.tenant,
        "cn": "tieout",
        "dt": "12",
        "ci": options.client_id,
        "cs": options.client_secret,
        "iu": base,
        "pu": f"{base}/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "T0000000001",
        "v": "1.0",
        "saak": options.saak,
        "sask": options.sask,
    }
