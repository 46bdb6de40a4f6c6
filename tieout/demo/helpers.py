"""The relay and the worker that take part in a demo over a broker: processes of their own over the demo's store."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from actors.broker import is_shared
from domain.errors import TransientError
from tieout.diagnosis.brokers import answer_trouble
from tieout.settings.environment import BROKER_URL

PARTS = (("relay",), ("worker", "--supervised", "--threads", "3", "--grace", "5"))
END_SECONDS = 20.0  # a part that was told to stop and does not is killed: its leases end by time


def check_broker(url: str) -> None:
    """Raise TransientError when the broker gives no usable answer."""
    trouble = answer_trouble(url)
    if trouble:
        raise TransientError(f"--broker: {trouble}: start RabbitMQ there, or leave --broker out")


@contextlib.contextmanager
def helping(file: Path, *, broker: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Let a relay and a worker help while the block runs; without a broker to share there are none.

    What they say goes into `relay.log` and `worker.log` beside the settings. Raises TransientError when one of them
    ended before it was told to.
    """
    with contextlib.ExitStack() as stack:
        parts = [
            stack.enter_context(_part(file, part, {**environ, BROKER_URL: broker}))
            for part in (PARTS if is_shared(broker) else ())
        ]
        yield
        for name, process in parts:
            if process.poll() is not None:
                raise TransientError(f"the demo's {name} ended early: {file.parent / name}.log says why")


@contextlib.contextmanager
def _part(
    file: Path, part: tuple[str, ...], environ: Mapping[str, str]
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    name, command = part[0], [sys.executable, "-m", "tieout", "--config", str(file), *part]
    with (file.parent / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (our own command line)
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=dict(environ)
        )
        try:
            yield name, process
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
