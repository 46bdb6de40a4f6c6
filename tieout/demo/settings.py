"""The demo's settings: the real file with lags, windows and budgets of seconds instead of minutes."""

from pathlib import Path
from string import Template

import msgspec

VOID_INTERFACE = "AVXVOID"
NAME = "acme"

_TEXT = Template("""\
# Written by `tieout demo`: it points at the sandbox of that run, with waits of seconds instead of minutes.
[store]
url = "$store"

[connections.acme.infor]
company = 100
divisions = [$divisions]
payment_interface = "AVXPAY"
void_interface = "$void_interface"
bank_id = "USB01"
first_posting = "trust"
posting_patience = "10s"
read_back_after_seconds = 0.4
locked_retry_seconds = 1
lookup_lag_seconds = $lag
call_timeout_seconds = $timeout
clock_margin_seconds = 0.2
settle_window = "$settle"
requests_per_minute = 60000

[connections.acme.avidxchange]
base_url = "$avidxchange"
dimensions = { 2 = "Cost center", 3 = "Building" }
search_lag_seconds = $lag
call_timeout_seconds = $timeout
clock_margin_seconds = 0.2
settle_window = "$settle"
requests_per_minute = 60000
""")


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How slow the pretend systems are, and how long tieout waits for them; settle: the settle window, a duration."""

    call_timeout_seconds: float = 2.0
    lag_seconds: float = 0.3
    posting_delay_seconds: float = 0.3
    settle: str = "3s"


def write_settings(folder: Path, *, avidxchange: str, divisions: list[str], store: str, pace: Pace) -> Path:
    """Write `tieout.toml` into the demo's folder."""
    path = folder / "tieout.toml"
    path.write_text(
        _TEXT.substitute(
            store=store,
            divisions=", ".join(f'"{division}"' for division in divisions),
            void_interface=VOID_INTERFACE,
            avidxchange=avidxchange,
            lag=pace.lag_seconds,
            timeout=pace.call_timeout_seconds,
            settle=pace.settle,
        ),
        encoding="utf-8",
    )
    return path
