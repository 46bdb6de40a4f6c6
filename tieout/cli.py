"""The command line: which command is where, and what every fault becomes for the person and the exit code."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import HeldError, MisconfiguredError, RefusedError, TieoutError, TransientError
from tieout import output
from tieout.commands import (
    alerting,
    connection,
    demonstrating,
    doctor,
    doubts,
    issues,
    keys,
    lists,
    migrating,
    processes,
    restoring,
    sandboxing,
    setup,
    simulating,
    support_bundle,
    syncing,
    testing,
    timeline,
)
from tieout.commands.common import Options, version_of
from tieout.settings.environment import LOG_FORMAT

DONE, UNEXPECTED, USAGE, LEFT, NO_ANSWER, UNPROVEN = range(6)
INTERRUPTED = 130
# typer carries its own copy of click; the class of all its usage faults is an ancestor of the public one.
UsageFault: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

Command = tuple[str, Callable[..., Any], str]
ROOT: tuple[Command, ...] = (
    ("demo", demonstrating.demo, "tieout demo --invoices 200 --faults rough"),
    ("init", setup.init, "tieout init ./acme"),
    ("sync", syncing.sync, "tieout sync acme --flow invoices,payments"),
    ("run", processes.run, "tieout run"),
    ("worker", processes.worker, "tieout worker --processes 3 --threads 6"),
    ("relay", processes.relay, "tieout relay"),
    ("console", processes.console, "tieout console"),
    ("sync-status", syncing.sync_status, "tieout sync-status acme --json"),
    ("invoices", lists.invoices, "tieout invoices --state held"),
    ("payments", lists.payments, "tieout payments --state in_doubt --json"),
    ("suppliers", lists.suppliers, "tieout suppliers --state refused"),
    ("codes", lists.codes, "tieout codes --state refused"),
    ("timeline", timeline.timeline, "tieout timeline INV-77 --as-of 2026-01-31"),
    ("issues", issues.issues, "tieout issues"),
    ("doubts", doubts.doubts, "tieout doubts --json"),
    ("resend", doubts.resend, 'tieout resend INV-77 --reason "vendor was mended"'),
    ("sandbox", sandboxing.sandbox, "tieout sandbox --faults rough --seed 7 --out sandbox-files"),
    ("simulate", simulating.simulate, "tieout simulate --schedules 1000 --seed 7 --json"),
    ("migrate", migrating.migrate, "tieout migrate"),
    ("restored", restoring.restored, 'tieout restored --reason "the disk was set back to a snapshot"'),
    ("doctor", doctor.doctor, "tieout doctor"),
    ("alerts", alerting.alerts, "tieout alerts --test"),
    ("support-bundle", support_bundle.support_bundle, "tieout support-bundle --out case-17.zip"),
)
GROUPS: dict[str, tuple[str, tuple[Command, ...]]] = {
    "connection": (
        "Connections: credentials, tests, pauses, removal.",
        (
            ("add", connection.add, "tieout connection add acme --ionapi ACME_TST.ionapi"),
            ("list", connection.list_, "tieout connection list"),
            ("test", testing.check_remotes, "tieout connection test acme"),
            ("rotate", connection.rotate, "tieout connection rotate acme --ionapi ACME_TST.ionapi"),
            ("pause", connection.pause, 'tieout connection pause acme --for 2h --reason "month end"'),
            ("resume", connection.resume, "tieout connection resume acme"),
            ("remove", connection.remove, 'tieout connection remove acme --reason "the buildings were sold"'),
        ),
    ),
    "keys": (
        "Keys: the ring that the vault is encrypted under.",
        (
            ("list", keys.list_, "tieout keys list"),
            ("rotate", keys.rotate, "tieout keys rotate"),
            ("retire", keys.retire, "tieout keys retire k1a2b3c4d"),
        ),
    ),
    "issue": (
        "One issue: what needs a person.",
        (
            ("show", issues.show, "tieout issue show I-ABCDEF"),
            ("retry", issues.retry, "tieout issue retry I-ABCDEF --yes"),
            ("resolve", issues.resolve, 'tieout issue resolve I-ABCDEF --reason "booked as wished"'),
        ),
    ),
    "doubt": (
        "One doubt: a call whose outcome is unknown.",
        (
            (
                "resolve",
                doubts.resolve,
                'tieout doubt resolve D-ABCDEF --as posted-by-hand --voucher 20417 --reason "seen in GLS200"',
            ),
        ),
    ),
}


def build() -> typer.Typer:
    """Make the application with every command and its example."""
    app = _group("Connects Infor CloudSuite (M3) with AvidXchange and proves that both ledgers agree.")
    app.callback(invoke_without_command=False)(_global_options)
    for command in ROOT:
        _register(app, command)
    for name, (text, commands) in GROUPS.items():
        group = _group(text)
        for command in commands:
            _register(group, command)
        app.add_typer(group, name=name)
    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; give the exit code. Nothing that goes wrong shows a traceback, except with --debug."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = build()(args=given, prog_name="tieout", standalone_mode=False)
    except BaseException as fault:  # noqa: BLE001 (the outermost handler: every fault becomes a sentence and a code)
        if _wants_traceback(given) and not isinstance(fault, typer.Exit | SystemExit):
            output.show_fault(fault)
        return _verdict(fault)
    return code if isinstance(code, int) else DONE


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run())


def _show_version(wanted: bool) -> None:  # noqa: FBT001 (the signature of a callback)
    if wanted:
        output.write(f"tieout {version_of('tieout')}\n")
        raise typer.Exit


def _global_options(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="The settings file; default: see `tieout init`.")
    ] = None,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and more logs, on stderr.")] = False,
    log_format: Annotated[
        str, typer.Option("--log-format", metavar="FORMAT", help="Logs on stderr: text for people, or json lines.")
    ] = "",
    version: Annotated[  # noqa: ARG001 (its callback has answered it)
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    output.log_to_stderr(debug=debug, log_format=_log_format(log_format))
    ctx.obj = Options(config=config, debug=debug, log_format=log_format)


def _log_format(asked: str) -> str:
    chosen = asked or os.environ.get(LOG_FORMAT, "") or output.LOG_FORMATS[0]
    if chosen not in output.LOG_FORMATS:
        source = "--log-format" if asked else LOG_FORMAT
        raise MisconfiguredError(f"{source} is {chosen!r}: it must be {' or '.join(output.LOG_FORMATS)}")
    return chosen


def _group(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _register(app: typer.Typer, command: Command) -> None:
    name, function, example = command
    app.command(name, epilog=f"Example: {example}")(function)


def _wants_traceback(given: list[str]) -> bool:
    return "--debug" in given


def _verdict(fault: BaseException) -> int:
    """Say what went wrong in one sentence on stderr, and give the exit code."""
    match fault:
        case typer.Exit():
            return fault.exit_code
        case SystemExit():
            return fault.code if isinstance(fault.code, int) else UNEXPECTED
        case KeyboardInterrupt() | typer.Abort():
            return _say("stopped before the end; what was recorded stays, the next run goes on from there", INTERRUPTED)
        case MisconfiguredError() | RefusedError():
            return _say(str(fault), USAGE)
        case HeldError():
            return _say(str(fault), LEFT)
        case TransientError() | TieoutError():
            return _say(str(fault), NO_ANSWER)
        case UsageFault() if type(fault).__name__ == "NoArgsIsHelpError":
            output.say(fault.format_message())
            return USAGE
        case UsageFault():
            return _say(fault.format_message() or "give a command; `tieout --help` lists them", fault.exit_code)
        case OSError() if fault.filename is not None:
            return _say(f"{os.fsdecode(fault.filename)}: {fault.strerror}", USAGE)
        case _:
            kind = f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__
            return _say(f"an unexpected fault ({kind}); --debug before the command shows where", UNEXPECTED)


def _say(sentence: str, code: int) -> int:
    output.say(f"tieout: {' '.join(sentence.split())}")
    return code
