"""What a single key cannot tell: keys that must agree, addresses, windows, names."""

import re
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import MisconfiguredError
from tieout.schedule.blackout import parse_blackout
from tieout.settings.alerts import AlertsSection
from tieout.settings.avidxchange import AvidSection
from tieout.settings.decoding import Place
from tieout.settings.durations import write_duration
from tieout.settings.infor import InforSection
from tieout.settings.shape import ConnectionSection, ScheduleSection, SettingsFile

FLOWS = ("suppliers", "ledger_codes", "invoices", "payments")
LONGEST_JITTER = timedelta(hours=1)
GATEWAY_SECONDS = 60  # the gateway gives up then, though a write may still commit
DIVISION_CHARACTERS = 3
PARM_FIELDS = (
    "CONO",
    "DIVI",
    "KEY1",
    "LINE",
    "SUNO",
    "SPYN",
    "SINO",
    "INYR",
    "CKNO",
    "CUAM",
    "CDCU",
    "CUCD",
    "PYDT",
    "ACDT",
    "BKID",
    "VTXT",
)
PARM_NEEDED = ("CUAM", "VTXT", "SINO")
FORMATS = ("text", "date", "date6", "amount", "cents", "blank")
RESOURCES = ("accounting_systems", "vendors", "enterprise_codes", "invoice_batches", "invoices", "payments")
_MAIL = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def check(settings: SettingsFile, root: Place) -> None:
    """Raise MisconfiguredError for the first thing that cannot work."""
    for name, connection in settings.connections.items():
        place = root.under("connections").under(name)
        if not _NAME.fullmatch(name):
            raise place.wrong("is no name of a connection: letters, digits, '-', '_' and '.' only, at most 40")
        _check_infor(connection.infor, place.under("infor"))
        _check_avidxchange(connection.avidxchange, place.under("avidxchange"))
        _check_rest(connection, place)
    _check_alerts(settings.alerts, root.under("alerts"))


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(url: str, place: Place) -> None:
    """TLS everywhere, except on this machine; no password in it."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        secret = parts.password or parts.username or parts.query
    except ValueError:
        known, secret = False, None
    if not known:
        raise place.wrong("must be a web address such as https://api.example.com/v1")
    if secret:
        raise place.wrong("holds a user, a password or a query: an address only, secrets go into the vault")
    if not url.startswith("https://") and not is_loopback(url):
        raise place.wrong("must begin with https:// (http:// is for loopback addresses only)")


def check_call_timeout(seconds: float, url: str, *, key: str) -> None:
    """Refuse to give up before the gateway does, except on this machine; key: the section the seconds stand in."""
    if seconds < GATEWAY_SECONDS and not is_loopback(url):
        text = f"{key}.call_timeout_seconds is {seconds:g}: below {GATEWAY_SECONDS} only for loopback hosts"
        raise MisconfiguredError(f"{text}, for a gateway that gives up later may still commit the write")


def _check_window(remote: InforSection | AvidSection, lag: float, lag_key: str, place: Place) -> None:
    shortest = timedelta(seconds=remote.call_timeout_seconds + lag + remote.clock_margin_seconds)
    if remote.settle_window < shortest:
        parts = f"call_timeout_seconds + {lag_key} + clock_margin_seconds"
        found = f"{remote.settle_window.total_seconds():g} s"
        raise place.under("settle_window").wrong(
            f"is {found}, at least {shortest.total_seconds():g} s are needed ({parts})"
        )


def _check_infor(infor: InforSection, place: Place) -> None:
    for division in infor.divisions:
        if not division.strip() or len(division) > DIVISION_CHARACTERS:
            raise place.under("divisions").wrong(
                f'holds "{division}": a division has 1 to {DIVISION_CHARACTERS} characters'
            )
    if len(set(infor.divisions)) < len(infor.divisions):
        raise place.under("divisions").wrong("names a division twice")
    if infor.payment_posting == "gls840" and not infor.payment_interface:
        text = 'is missing: name the GLS840 interface (INTN), or set payment_posting = "task"'
        raise place.under("payment_interface").wrong(text)
    for field in infor.parm_layout:
        if field.format not in FORMATS and not field.format.startswith("literal:"):
            text = f'has "{field.format}" as the format of {field.name}: one of {", ".join(FORMATS)}, literal:TEXT'
            raise place.under("parm_layout").wrong(text)
    _check_layout(infor, place.under("parm_layout"))
    if sum(field.width for field in infor.parm_layout) > infor.parm_width:
        raise place.under("parm_layout").wrong(f"is wider than parm_width ({infor.parm_width})")
    if any(len(one) != 1 for one in infor.assumed.separators) or not infor.assumed.separators:
        raise place.under("assumed").under("separators").wrong("must be a list of single characters")
    _check_window(infor, infor.lookup_lag_seconds, "lookup_lag_seconds", place)


def _check_layout(infor: InforSection, place: Place) -> None:
    """A layout that M3 cannot book by, or that no payment row could ever be recognised by, is refused at once."""
    for field in infor.parm_layout:
        fixed = field.format == "blank" or field.format.startswith("literal:")
        if not fixed and field.name not in PARM_FIELDS:
            raise place.wrong(f'names the field "{field.name}": one of {", ".join(PARM_FIELDS)}, or a blank or literal')
    missing = [name for name in PARM_NEEDED if name not in {field.name for field in infor.parm_layout}]
    if infor.parm_layout and missing:
        raise place.wrong(f"lacks {missing[0]}: without it a posted payment could not be proven")


def _check_avidxchange(avid: AvidSection, place: Place) -> None:
    check_address(avid.base_url, place.under("base_url"))
    check_call_timeout(avid.call_timeout_seconds, avid.base_url, key=f"{place.file}: {place.key}")
    if avid.auth == "partner":
        if not avid.organisation:
            raise place.under("organisation").wrong("is missing: in partner mode it is the company id")
        check_address(avid.token_url, place.under("token_url"))
    for key in ("company_token_header", "user_token_header", "company_id_header"):
        if not _HEADER.fullmatch(getattr(avid, key)):
            raise place.under(key).wrong("is no name of an HTTP header")
    for dimension, group in avid.dimensions.items():
        if dimension not in range(2, 8) or not group.strip():
            raise place.under("dimensions").wrong(
                "maps M3 dimensions 2 to 7 to code groups (GL accounts are account_group)"
            )
    for resource in avid.paths:
        if resource not in RESOURCES:
            raise place.under("paths").wrong(f'names "{resource}"; the resources are {", ".join(RESOURCES)}')
    _check_statuses(avid, place)
    _check_window(avid, avid.search_lag_seconds, "search_lag_seconds", place)


def _check_statuses(avid: AvidSection, place: Place) -> None:
    seen: dict[str, str] = {}
    for key in ("open_statuses", "settled_statuses", "reversed_statuses"):
        for status in getattr(avid, key):
            other = seen.setdefault(status.casefold(), key)
            if other != key:
                raise place.under(key).wrong(f'and {other} both name "{status}"')


def _check_alerts(alerts: AlertsSection, place: Place) -> None:
    if alerts.webhook:
        check_address(alerts.webhook, place.under("webhook"))
    for address in (*alerts.mail_to, *filter(None, [alerts.mail_from])):
        if not _MAIL.fullmatch(address):
            raise place.under("mail_to" if address in alerts.mail_to else "mail_from").wrong("holds no mail address")
    if alerts.mail_to:
        for key in ("mail_from", "smtp_host"):
            if not getattr(alerts, key):
                raise place.under(key).wrong("is missing: mail_to needs it")
    if alerts.smtp_host and not alerts.smtp_starttls and not is_loopback(f"smtp://{alerts.smtp_host}"):
        raise place.under("smtp_starttls").wrong("may be false for loopback hosts only: mail goes out encrypted")


def _check_rest(connection: ConnectionSection, place: Place) -> None:
    mode = connection.safety.mode
    flows = mode if isinstance(mode, dict) else {}
    for flow in flows:
        if flow not in FLOWS:
            raise place.under("safety").under("mode").wrong(f'names "{flow}"; the flows are {", ".join(FLOWS)}')
    for word in flows.values() if isinstance(mode, dict) else [mode]:
        if word not in ("live", "observe"):
            raise place.under("safety").under("mode").wrong("must be live or observe")
    _check_schedule(connection.schedule, place.under("schedule"))


def _check_schedule(schedule: ScheduleSection, place: Place) -> None:
    try:
        zone = ZoneInfo(schedule.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = "is no time zone this machine knows, for example America/New_York"
        raise place.under("timezone").wrong(text) from None
    try:
        parse_blackout(schedule.blackout, zone=zone)
    except ValueError as error:
        raise place.under("blackout").wrong(str(error)) from None
    if schedule.jitter > LONGEST_JITTER:
        raise place.under("jitter").wrong(f'is {write_duration(schedule.jitter)}: at most 1h, for example "30s"')


__all__ = ["FLOWS", "MisconfiguredError", "check", "check_address", "check_call_timeout", "is_loopback"]
