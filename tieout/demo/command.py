"""The `demo` command: runs the story in a folder, shows one invoice's life, and ties both ledgers out."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actors.broker import is_shared
from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.summary import UNEXPECTED, sentences, show_totals, summary
from tieout.demo.helpers import check_broker, helping
from tieout.demo.sandbox_process import SandboxProcess
from tieout.demo.settings import NAME
from tieout.demo.story import Told, set_up, tell
from tieout.settings import shown_url
from tieout.wiring import Deployment, holds_store, open_deployment

DONE, BOOKS_DIFFER = 0, 5
STORE = "sqlite:///tieout.db"
KINDS = {
    "doubles": "live twice at AvidXchange",
    "missing": "eligible in Infor, not at AvidXchange",
    "strays": "at AvidXchange, though it should not be",
    "differing": "different in content",
    "unposted": "settled, not posted in Infor",
    "misposted": "posted with another amount",
    "not_closed": "paid in full, not closed in Infor",
}


def run_demo(
    *, seed: int, invoices: int, faults: str, store: str, broker: str, keep: Path | None, as_json: bool
) -> int:
    """Run the demo; give the exit code: 0 when the books agree, 5 when they do not, 1 for a fault of ours."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TIEOUT_")}
    check_urls(store or STORE, broker)
    _check_unused(store)
    check_broker(broker)
    folder = _folder(keep)
    with _sandbox(folder, seed=seed, invoices=invoices, faults=faults) as sandbox:
        settings = set_up(folder, sandbox, store=store or STORE, environ=environ)
        with open_deployment(settings, environ=environ) as deployment:
            helpers = helping(settings.file, broker=broker, environ=environ)
            with helpers, output.progress("demo") as follow:
                told = tell(deployment, sandbox, seed=seed, say=output.say, progress=follow)
            figures = _figures(deployment, told)
            if as_json:
                output.emit(figures)
            else:
                _show(deployment, told, figures)
    for outcome in told.outcomes:
        for sentence in sentences(outcome):
            output.say(f"{outcome.name}: {sentence}")
    for sentence in looking_around(folder):
        output.say(sentence)
    output.say("the pretend systems have stopped, so nothing can be synced with them any more")
    if any(outcome.unexpected for outcome in told.outcomes):
        return UNEXPECTED
    return DONE if told.books_agree else BOOKS_DIFFER


def looking_around(folder: Path) -> Iterator[str]:
    """Say where everything is, and before it how a shell that does not find the program comes to it."""
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("tieout") is None and activate.is_file():
        yield f"this shell finds no `tieout` yet: `. {activate}` puts it on the PATH"
    yield f"everything is in {folder}: `cd` there to look around (`tieout issues`, `tieout timeline RECORD` …);"


@contextlib.contextmanager
def _sandbox(folder: Path, *, seed: int, invoices: int, faults: str) -> Iterator[SandboxProcess]:
    place = folder / "sandbox"
    place.mkdir(exist_ok=True)
    with SandboxProcess(place, seed=seed, invoices=invoices, faults=faults) as sandbox:
        yield sandbox


def check_urls(store: str, broker: str) -> None:
    """Refuse what cannot be used before anything is made. Raises MisconfiguredError."""
    if not store.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise MisconfiguredError(f"--store {shown_url(store)}: only sqlite:///FILE or postgresql://USER@HOST:5432/NAME")
    if shown_url(store) != store and "…" in shown_url(store):
        raise MisconfiguredError(f"--store {shown_url(store)}: a password has no place there, set PGPASSWORD instead")
    if broker and broker != "memory://" and not is_shared(broker):
        raise MisconfiguredError(f"--broker {shown_url(broker)}: only memory:// or amqp://HOST:5672/")
    if shown_url(broker) != broker and "…" in shown_url(broker):
        raise MisconfiguredError(f"--broker {shown_url(broker)}: a password has no place there, use one without")


def _check_unused(store: str) -> None:
    """Raise MisconfiguredError for a database that holds a store: the demo makes keys and books of its own."""
    if store.startswith("postgres") and holds_store(store):
        raise MisconfiguredError(f"--store {shown_url(store)}: it holds a store already, name an empty database")


def _folder(keep: Path | None) -> Path:
    """Give the folder to work in. Raises MisconfiguredError for one that holds another demo or deployment."""
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="tieout-demo-"))
    folder = keep.absolute()
    for name in ("tieout.toml", "tieout.db", "tieout.keys"):
        if (folder / name).exists():
            raise MisconfiguredError(f"{folder / name} exists already: name an empty folder, or remove it first")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MisconfiguredError(f"--keep {folder}: the folder cannot be made ({error.strerror})") from error
    return folder


def _figures(deployment: Deployment, told: Told) -> dict[str, Any]:
    figures = summary(deployment, told.outcomes[-1])
    figures["duration_seconds"] = round(sum(outcome.seconds for outcome in told.outcomes), 1)
    figures["books"] = {
        "agree": told.books_agree,
        **{kind: len(told.tie_out[kind]) for kind in KINDS},
        "totals": told.tie_out["totals"],
    }
    return figures


def _show(deployment: Deployment, told: Told, figures: dict[str, Any]) -> None:
    """Print one invoice's life, the totals, and both ledgers side by side."""
    from projections.search import find_records
    from projections.timeline import read_timeline
    from tieout.commands.timeline import show_timeline

    chosen = _paid_invoice(told)
    found = find_records(deployment.storage, chosen) if chosen else []
    if found:
        show_timeline(read_timeline(deployment.log, deployment.storage, found[0]))
        output.write("\n")
    show_totals(figures)
    output.write("\n")
    _show_ledgers(told, figures)


def _paid_invoice(told: Told) -> str:
    """Choose an invoice with a purchase order that was paid and closed, else any closed one."""
    closed = [one for one in told.books["infor"]["invoices"] if one["closed"]]
    with_order = [one for one in closed if one["po_numbers"]]
    return str((with_order or closed)[0]["key"]) if closed else ""


def _show_ledgers(told: Told, figures: dict[str, Any]) -> None:
    money, theirs = figures["money"], told.tie_out["totals"]
    rows = [
        ("submitted invoices", money["submitted"], theirs["submitted"], "AvidXchange: live invoices"),
        ("settled payments", money["settled"], theirs["settled"], "AvidXchange: settled payments"),
        ("posted payments", money["posted"], theirs["posted"], "Infor: payment rows"),
    ]
    output.show_table(
        f"the ledgers of {NAME} side by side ({money['currency']})",
        ("", ">tieout says", ">the system's own books say", "which books"),
        rows,
    )
    for kind, words in KINDS.items():
        for one in told.tie_out[kind]:
            output.write(f"  {words}: {one}\n")
    output.write("the books agree to the cent\n" if told.books_agree else "the books do NOT agree\n")
