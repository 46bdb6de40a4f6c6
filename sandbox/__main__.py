"""The sandbox as a process of its own: `python -m sandbox`, one line of JSON when it listens, then it serves."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import date
from typing import get_args

from sandbox.faults import Profile
from sandbox.serve import Sandbox, SandboxOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, or until stdin closes with --until-stdin-closes; return the exit code."""
    options, until_stdin_closes = _parse(arguments)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: done.set())
    with Sandbox(options) as sandbox:
        line = {**sandbox.addresses(), "out": options.out, "pid": os.getpid()}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if until_stdin_closes:
            threading.Thread(target=_watch_stdin, args=(done,), daemon=True).start()
        done.wait()
    return 0


def _watch_stdin(done: threading.Event) -> None:
    # The descriptor is read without Python's buffer: a daemon thread that holds that buffer's lock
    # aborts the interpreter when it ends first by a signal.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    done.set()


def _parse(arguments: Sequence[str] | None) -> tuple[SandboxOptions, bool]:
    default = SandboxOptions()
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="The pretend Infor and AvidXchange over HTTP on loopback.",
        epilog="example: python -m sandbox --faults rough --seed 7 --invoices 200 --out sandbox-files",
    )
    parser.add_argument("--faults", choices=get_args(Profile), default=default.faults)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--fault-seed", type=int, default=None, help="default: the seed")
    parser.add_argument("--invoices", type=int, default=default.invoices)
    parser.add_argument("--suppliers", type=int, default=None, help="default: as the invoices need")
    parser.add_argument("--divisions", type=int, default=default.divisions)
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="YYYY-MM-DD, default: today")
    parser.add_argument("--search-lag", type=float, default=default.search_lag_seconds, metavar="SECONDS")
    parser.add_argument("--posting-delay", type=float, default=default.posting_delay_seconds, metavar="SECONDS")
    parser.add_argument("--call-timeout", type=float, default=default.call_timeout_seconds, metavar="SECONDS")
    parser.add_argument("--token-seconds", type=int, default=default.token_seconds)
    parser.add_argument("--tenant", default=default.tenant)
    parser.add_argument("--company", type=int, default=default.company)
    parser.add_argument("--void-interface", default="", help="GLS840 interface for reversals, default: none")
    parser.add_argument("--auth", choices=("customer-token", "partner"), default="customer-token")
    parser.add_argument("--codes-read-only", action="store_true", help="AvidXchange refuses enterprise codes")
    parser.add_argument("--out", default=None, help="folder for the .ionapi file, tokens and addresses")
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = parser.parse_args(arguments)
    options = SandboxOptions(
        seed=given.seed,
        invoices=given.invoices,
        suppliers=given.suppliers,
        divisions=given.divisions,
        today=given.today,
        faults=given.faults,
        fault_seed=given.fault_seed,
        search_lag_seconds=given.search_lag,
        posting_delay_seconds=given.posting_delay,
        call_timeout_seconds=given.call_timeout,
        token_seconds=given.token_seconds,
        tenant=given.tenant,
        company=given.company,
        infor={"void_interface": given.void_interface},
        avidxchange={"auth": given.auth, "codes_writable": not given.codes_read_only},
        out=given.out,
    )
    return options, given.until_stdin_closes


if __name__ == "__main__":
    sys.exit(main())
