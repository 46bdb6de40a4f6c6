"""What the commands share: the global options, opening the deployment, and choosing a connection."""

import contextlib
import getpass
import os
import signal
import threading
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from domain.errors import MisconfiguredError
from domain.money import Money
from tieout.settings import Settings, load

if TYPE_CHECKING:  # the command line starts fast: libraries of the store are imported when a command runs
    from projections.connections import ConnectionRow
    from tieout.wiring import Deployment


AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; default: your login name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept for the auditor.")]
ConnectionName = Annotated[str | None, typer.Option("--connection", metavar="NAME", help="Only this connection.")]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The global options. log_format: "" when none was given."""

    config: Path | None = None
    debug: bool = False
    log_format: str = ""

    def for_children(self) -> list[str]:
        """Give those a process of ours is started with besides its settings; the environment it inherits."""
        return [*(["--debug"] if self.debug else []), *(["--log-format", self.log_format] if self.log_format else [])]


def settings_of(ctx: typer.Context) -> Settings:
    """Load the settings the options name."""
    return load(ctx.obj.config)


def check_environment(settings: Settings) -> None:
    """Raise MisconfiguredError when no call could leave this machine: else every flow would find that out by itself."""
    from tieout.wiring.network import check_way_out

    check_way_out(settings)


@contextlib.contextmanager
def opened(ctx: typer.Context) -> "Iterator[Deployment]":
    """Open the store and everything around it, without any call to a remote."""
    from tieout.wiring import open_deployment

    with open_deployment(settings_of(ctx)) as deployment:
        deployment.runner.catch_up()  # opening may have recorded that the store went back
        yield deployment


@contextlib.contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: after the errands in hand, nothing half done."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may choose what signals do
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def added(deployment: "Deployment", name: str | None) -> "dict[str, ConnectionRow]":
    """Give the connections that were added, removed ones among them, or the one of that name.

    Raises MisconfiguredError.
    """
    from tieout.acts.connections import pinned_identity

    if name is not None:
        pinned_identity(deployment, name)
    rows = deployment.connections()
    return rows if name is None else {name: rows[name]}


def working(deployment: "Deployment", name: str | None = None) -> list[str]:
    """Name the connections there is work for: declared, added, not removed; or the one that was named.

    Raises MisconfiguredError when there is none.
    """
    from domain.connections.removal import removed_words

    rows = added(deployment, name)
    if name is not None and rows[name].state.removed:
        raise MisconfiguredError(removed_words(rows[name].state))
    declared = [one for one in rows if one in deployment.settings.connections]
    names = [one for one in declared if not rows[one].state.removed]
    if not names:
        missing = "every declared connection was removed" if declared else "no declared connection was added yet"
        how = "`tieout connection add NAME --ionapi FILE`"
        raise MisconfiguredError(f"{deployment.settings.file}: {missing}: {how}")
    return names


def person(by: str) -> str:
    """Give the name of the person who acts."""
    name = by.strip()
    if name:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise MisconfiguredError("this machine does not say who you are: name yourself with --by NAME") from None


def reasoned(reason: str) -> str:
    """Give the reason, which must say something."""
    if not reason.strip():
        raise MisconfiguredError('--reason is empty: say why in a few words, for example --reason "vendor mended"')
    return reason.strip()


def version_of(distribution: str) -> str:
    """Give an installed distribution's version; a source tree that was never installed has none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(not installed)"


def on_terminal() -> bool:
    """Whether a person can be asked."""
    return os.isatty(0)


def shown(value: Any) -> Any:
    """Turn a row into what JSON shows: money as a text with its currency beside it, no inner state of a fold."""
    from projections.plain import INTERNAL, plain

    if isinstance(value, Money):
        return str(value)
    if isinstance(value, msgspec.Struct) and any(isinstance(getattr(value, n), Money) for n in value.__struct_fields__):
        fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in INTERNAL}
        currency = next(field.currency for field in fields.values() if isinstance(field, Money))
        return {**{name: shown(field) for name, field in fields.items()}, "currency": currency}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    return plain(value)
