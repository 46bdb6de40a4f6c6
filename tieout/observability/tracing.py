"""Whether traces are wanted, by OpenTelemetry's standard variables; nothing of it is imported when they are not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from domain.errors import MisconfiguredError

if TYPE_CHECKING:  # the libraries of traces are imported when traces are wanted
    from tieout.observability.traces import Tracing

EXPORTER = "OTEL_TRACES_EXPORTER"
DISABLED = "OTEL_SDK_DISABLED"

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"


def exporter_wanted(environ: Mapping[str, str]) -> str:
    """Give the exporter the variables ask for: otlp, console, or "" for none. Raises MisconfiguredError."""
    asked = environ.get(EXPORTER, "").strip().lower()
    if asked == "none" or environ.get(DISABLED, "").strip().lower() == "true":
        return ""
    if not asked:
        asked = "otlp" if any(environ.get(name, "").strip() for name in ENDPOINTS) else ""
    if asked not in ("", "otlp", "console"):
        raise MisconfiguredError(f"{EXPORTER} is {asked!r}: it must be otlp, console or none")
    for name in PROTOCOLS:
        protocol = environ.get(name, "").strip().lower()
        if asked == "otlp" and protocol not in ("", SPOKEN):
            raise MisconfiguredError(f"{name} is {protocol!r}: only {SPOKEN} is spoken, leave it out")
    return asked


def open_tracing(environ: Mapping[str, str], *, worker: str) -> "Tracing | None":
    """Start tracing when the variables ask for it; open it after any fork, close it when done."""
    wanted = exporter_wanted(environ)
    if not wanted:
        return None
    from tieout.observability.traces import Tracing, make_exporter

    return Tracing(make_exporter(wanted), worker=worker)
