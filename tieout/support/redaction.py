"""Redaction by type: what each kind of value becomes before it may leave; the scan afterwards trusts none of it."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from domain.event import Personal
from tieout.settings.shape import SettingsFile

GONE = "…"
_MAIL = re.compile(r"[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\+?\d[\d\s().-]{5,}\d(?![\w])")  # tax ids, phones, accounts, card numbers
_TOKEN = re.compile(r"(?<![\w+=.-])(?=[\w+=.-]*\d)[\w+=.-]{20,}(?![\w+=.-])")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?")


def settings(content: SettingsFile) -> dict[str, Any]:
    """Give the settings with addresses cut to their hosts, and people's mail addresses to their domains."""
    document: dict[str, Any] = msgspec.to_builtins(_without_addresses(content))
    alerts = document["alerts"]
    alerts["mail_to"] = [domain_of(address) for address in content.alerts.mail_to]
    alerts["mail_from"] = domain_of(content.alerts.mail_from)
    return document


def host_of(url: str) -> str:
    """Cut an address to scheme, host and port: users, paths and queries may be secrets."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return GONE
    if parts.scheme == "sqlite":
        return "sqlite:///" + url.rpartition("/")[2]
    return f"{parts.scheme}://{parts.hostname or GONE}{port}/{GONE}" if parts.scheme else GONE


def domain_of(address: str) -> str:
    """Cut a mail address to its domain."""
    return f"{GONE}@{address.rpartition('@')[2]}" if "@" in address else ""


def text(said: str) -> str:
    """Cut what a program or a remote said: addresses to hosts; mail addresses, long numbers and tokens go."""
    times: list[str] = []

    def keep(found: re.Match[str]) -> str:
        times.append(found[0])
        return f"\x00{chr(0xE000 + len(times) - 1)}\x00"

    kept = _TIME.sub(keep, said)
    kept = _URL.sub(lambda found: host_of(found[0]), kept)
    for pattern in (_MAIL, _NUMBER, _TOKEN):
        kept = pattern.sub(GONE, kept)
    for number, time in enumerate(times):
        kept = kept.replace(f"\x00{chr(0xE000 + number)}\x00", time)
    return kept


def plain(value: Any) -> Any:
    """Turn a value into what JSON holds; personal fields go by their type, texts are cut."""
    if isinstance(value, Personal):
        return GONE
    if isinstance(value, str):
        return text(value)
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return msgspec.to_builtins(value)


def _without_addresses(value: Any) -> Any:
    """Rebuild settings with every text that is an address cut to its host."""
    if isinstance(value, str):
        return host_of(value) if "://" in value else value
    if isinstance(value, msgspec.Struct):
        fields = {name: _without_addresses(getattr(value, name)) for name in value.__struct_fields__}
        return type(value)(**fields)
    if isinstance(value, dict):
        return {name: _without_addresses(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_without_addresses(one) for one in value)
    return value
