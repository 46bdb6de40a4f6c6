"""What the commands print: data on stdout (a table, or one JSON document), everything else on stderr."""

import contextlib
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tieout.observability.redaction import RedactingHandler, scrubbed

LOG_FORMATS = ("text", "json")
ROOMS = ("actors", "adapters", "domain", "projections", "sandbox", "tieout")
WITH_QUERIES = ("httpx", "httpcore")  # what they say of each request holds its query, which may hold records
VOICE = "tieout.output"  # the logger of what is said to the person
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # what a terminal obeys instead of showing
PLAIN_WIDTH = 10_000  # columns of a table that no terminal limits: nothing is wrapped or cut


def emit(document: Any, *, in_one_line: bool = False) -> None:
    """Print one JSON document; structs, money texts, dates and times as msgspec writes them."""
    encoded = msgspec.json.encode(document)
    write((encoded if in_one_line else msgspec.json.format(encoded, indent=2)).decode() + "\n")


def write(text: str) -> None:
    """Write to stdout; a reader that went away ends the printing, not the command."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _unplug()


def say(text: str) -> None:
    """Tell the person something, on stderr; where logs are JSON it is a log line like the others."""
    if _logs_are_json():
        logging.getLogger(VOICE).info("%s", text)
    else:
        _line(text)


def counted(number: int, thing: str) -> str:
    """Give a number with its thing, in the plural where there is not just one."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str = "nothing") -> None:
    """Print rows under columns; columns named with a leading `>` are aligned to the right."""
    if not rows:
        write(f"{title}: {empty}\n")
        return
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(escape(column.removeprefix(">")), justify="right" if column.startswith(">") else "left")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    show(table)


def show(renderable: Any) -> None:
    """Print anything rich can draw on stdout."""
    console = _console()
    with console.capture() as captured:
        console.print(renderable)
    # Padding to the width of the table is noise in files and pipes.
    write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def show_pairs(pairs: Mapping[str, Any]) -> None:
    """Print names and values, one pair a line."""
    width = max((len(name) for name in pairs), default=0)
    write("".join(f"{name:<{width}}  {_cell(value)}\n" for name, value in pairs.items()))


def log_to_stderr(*, debug: bool, log_format: str = "text") -> None:
    """Let warnings of every library go to stderr, a line each; `debug` adds what is informative, and tracebacks.

    log_format: `text` for people; `json` for collectors, where what our own rooms have to say is never left out.
    """
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, RedactingHandler)]:
        root.removeHandler(handler)
    level = logging.INFO if debug else logging.WARNING
    as_json = log_format == "json"
    if as_json:
        from tieout.observability.logs import JsonLines

        root.addHandler(JsonLines(_line))
    else:
        root.addHandler(_ToPerson(tracebacks=debug))
    root.setLevel(level)
    for library in WITH_QUERIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    for room in ROOMS:
        logging.getLogger(room).setLevel(logging.INFO if as_json else logging.NOTSET)
    logging.captureWarnings(as_json)


def show_fault(fault: BaseException) -> None:
    """Show where a fault came from, for whoever asked for it with --debug."""
    if _logs_are_json():
        logging.getLogger(VOICE).error("%s", type(fault).__name__, exc_info=fault)
    else:
        traceback.print_exception(fault, file=sys.stderr)


class _ToPerson(RedactingHandler):
    """Says each message on stderr; without `tracebacks` the command says what went wrong in a sentence of its own."""

    def __init__(self, *, tracebacks: bool) -> None:
        super().__init__(_line)
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        """Put one message into words."""
        return scrubbed(super().format(record) if self._tracebacks else " ".join(record.getMessage().split()))


def _line(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _logs_are_json() -> bool:
    return not all(
        isinstance(one, _ToPerson) for one in logging.getLogger().handlers if isinstance(one, RedactingHandler)
    )


@contextlib.contextmanager
def progress(text: str) -> Iterator[Callable[[str, int], None]]:
    """Show a moving bar on a terminal while the block runs; the function it gives changes its text and what is left.

    When stderr is no terminal nothing is shown.
    """
    if not sys.stderr.isatty() or _logs_are_json():
        yield lambda _text, _left: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(text), total=None)

        def follow(text: str, left: int) -> None:
            bar.update(task, description=escape(f"{text}, {left} due" if left else text))

        yield follow


def _console() -> Console:
    # Without a terminal rich assumes 80 columns and cuts identifiers that scripts look for.
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)


def _cell(value: Any) -> str:
    return _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], _words(value))


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(_words(one) for one in value)
    built = msgspec.to_builtins(value)
    return built if isinstance(built, str) else str(built)


def _unplug() -> None:
    """Point stdout at nothing, so that Python's own flush at the end stays silent."""
    # Verdict: go on; a stdout that is no file (a test's buffer) has nothing to be pointed elsewhere.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
