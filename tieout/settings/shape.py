"""The settings file as data: every section and key with its default and the sentence that explains it."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec

from tieout.schedule.plan import Rhythm
from tieout.settings.alerts import AlertsSection
from tieout.settings.avidxchange import AvidSection
from tieout.settings.infor import InforSection

Says = msgspec.Meta
OFF_AT_ZERO = "off at zero"  # marks a duration that may be "0s"
Table = dict[str, Any]


class StoreSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is recorded."""

    url: Annotated[
        str,
        Says(
            description="`sqlite:///FILE`, relative to this file, or `postgresql://USER@HOST:5432/NAME`;"
            " `TIEOUT_STORE_URL` overrides"
        ),
    ] = "sqlite:///tieout.db"


class BrokerSection(msgspec.Struct, frozen=True, kw_only=True):
    """The doorbell between the parts; losing all its messages loses nothing."""

    url: Annotated[
        str,
        Says(
            description="`memory://` rings within one process, `amqp://host:5672/` between many; "
            "`TIEOUT_BROKER_URL` overrides"
        ),
    ] = "memory://"


class ConsoleSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where the web pages will listen."""

    host: Annotated[str, Says(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Says(ge=1, le=65535, description="port to listen on")] = 8321


class ScheduleSection(msgspec.Struct, frozen=True, kw_only=True):
    """When each flow is polled: an interval such as `15m`, or a cron expression; see docs/how-to/schedule.md."""

    timezone: Annotated[str, Says(description="the connection's days begin and end in this IANA time zone")] = (
        "America/New_York"
    )
    suppliers: Annotated[Rhythm, Says(description="between two polls of suppliers, or their times")] = timedelta(
        hours=1
    )
    ledger_codes: Annotated[Rhythm, Says(description="between two polls of ledger codes, or their times")] = timedelta(
        hours=1
    )
    invoices: Annotated[Rhythm, Says(description="between two polls of invoices, or their times")] = timedelta(
        minutes=15
    )
    payments: Annotated[Rhythm, Says(description="between two polls of payments, or their times")] = timedelta(
        minutes=15
    )
    blackout: Annotated[
        tuple[str, ...],
        Says(description='windows in which no poll starts, such as `"Fri 22:00-Sat 02:00"`; what is due goes on'),
    ] = ()
    jitter: Annotated[
        timedelta,
        Says(
            description="longest random wait beyond a due time (at most `1h`), so that connections do not poll at once",
            extra={OFF_AT_ZERO: True},
        ),
    ] = timedelta(0)


class SafetySection(msgspec.Struct, frozen=True, kw_only=True):
    """Brakes on what goes out."""

    mode: Annotated[str | Table, Says(description="`live`; `observe` (sends nothing) is not built yet")] = "live"
    approvals: Annotated[int, Says(ge=1, le=2, description="people an act on money needs; only 1 is built")] = 1
    largest_run: Annotated[Table, Says(description="breaker per poll; only empty is built")] = {}
    largest_day: Annotated[Table, Says(description="breaker per day; only empty is built")] = {}
    hold_supplier_changes: Annotated[
        tuple[str, ...], Says(description="changed fields that wait for a person; only empty is built")
    ] = ()


class ConnectionSection(msgspec.Struct, frozen=True, kw_only=True):
    """One connection: an Infor company and an AvidXchange account."""

    infor: InforSection
    avidxchange: AvidSection
    schedule: ScheduleSection = ScheduleSection()
    safety: SafetySection = SafetySection()


class ImagesSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where invoice images are kept."""

    bucket: Annotated[str, Says(description="empty = in the store; a bucket's URL is not built yet")] = ""


class SealSection(msgspec.Struct, frozen=True, kw_only=True):
    """Seals over the log."""

    every: Annotated[timedelta, Says(description="between two seals; none are made yet, only the default is taken")] = (
        timedelta(minutes=15)
    )
    outside: Annotated[tuple[str, ...], Says(description="where checkpoints are copied to; only empty is built")] = ()


class RetentionSection(msgspec.Struct, frozen=True, kw_only=True):
    """How long records are kept."""

    years: Annotated[
        int, Says(ge=1, le=100, description="years a record is kept at least; nothing is deleted yet, however old")
    ] = 7


class OidcSection(msgspec.Struct, frozen=True, kw_only=True):
    """Who may open the console."""

    issuer: Annotated[str, Says(description="the identity provider; only empty is built")] = ""


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `tieout.toml`."""

    store: StoreSection = StoreSection()
    broker: BrokerSection = BrokerSection()
    console: ConsoleSection = ConsoleSection()
    connections: dict[str, ConnectionSection] = {}
    images: ImagesSection = ImagesSection()
    seal: SealSection = SealSection()
    retention: RetentionSection = RetentionSection()
    alerts: AlertsSection = AlertsSection()
    oidc: OidcSection = OidcSection()
