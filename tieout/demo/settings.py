"""The demo's settings: the real file with lags, windows and budgets of seconds instead of minutes."""

from pathlib import Path
from string import Template

CALL_TIMEOUT_SECONDS = 2.0
LAG_SECONDS = 0.3
POSTING_DELAY_SECONDS = 0.3
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
settle_window = "3s"
requests_per_minute = 60000

[connections.acme.avidxchange]
base_url = "$avidxchange"
dimensions = { 2 = "Cost center", 3 = "Building" }
search_lag_seconds = $lag
call_timeout_seconds = $timeout
clock_margin_seconds = 0.2
settle_window = "3s"
requests_per_minute = 60000
""")


def write_settings(folder: Path, *, avidxchange: str, divisions: list[str], store: str) -> Path:
    """Write `tieout.toml` into the demo's folder."""
    path = folder / "tieout.toml"
    path.write_text(
        _TEXT.substitute(
            store=store,
            divisions=", ".join(f'"{division}"' for division in divisions),
            void_interface=VOID_INTERFACE,
            avidxchange=avidxchange,
            lag=LAG_SECONDS,
            timeout=CALL_TIMEOUT_SECONDS,
        ),
        encoding="utf-8",
    )
    return path
