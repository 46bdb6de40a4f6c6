"""Log lines as JSON, one object a line, for whoever collects them: structlog's chain over the standard logging."""

import logging
import os
import socket
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from tieout.observability.redaction import HIDDEN, RedactingHandler, is_secret_name, redacted
from tieout.observability.runs import current_run

Line = MutableMapping[str, Any]
FIRST = ("time", "level", "event", "errand", "connection", "correlation_id", "worker", "logger")
MOST_FRAMES = 40


class JsonLines(RedactingHandler):
    """Writes every record of every library as one JSON object; `write` takes the line without its break."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__(write)
        configure_structlog()
        self.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=_shared(),
                processors=[ProcessorFormatter.remove_processors_meta, _in_order, structlog.processors.JSONRenderer()],
            )
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the base class calls it so)
        """Verdict: go on, and say so in a line of its own; the values of the lost one are left out."""
        lost = logging.LogRecord(
            __name__, logging.ERROR, __file__, 0, "a log line of %s was lost", (record.name,), None
        )
        self._write(self.format(lost))


def configure_structlog() -> None:
    """Send what is logged through structlog itself down the same chain."""
    structlog.configure(
        processors=[*_shared(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _add_run,
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=MOST_FRAMES)),
        _redact,
    ]


def _add_run(_logger: Any, _method: str, line: Line) -> Line:
    """Say which process it is, and which run this thread works for."""
    line["worker"] = f"{socket.gethostname()}:{os.getpid()}"  # asked anew: processes fork
    run = current_run()
    if run is not None:
        line["errand"], line["connection"] = run.errand, run.connection
        line["correlation_id"], line["worker"] = run.correlation_id, run.worker
    return line


def _redact(_logger: Any, _method: str, line: Line) -> Line:
    """Judge every value by the name of its key and by its type."""
    kept = {"_record", "_from_structlog", "correlation_id"}  # the chain's own, and an id of ours
    return {
        key: value if key in kept else HIDDEN if is_secret_name(key) else redacted(value) for key, value in line.items()
    }


def _in_order(_logger: Any, _method: str, line: Line) -> Line:
    return {key: line[key] for key in (*FIRST, *sorted(line.keys() - set(FIRST))) if key in line}
