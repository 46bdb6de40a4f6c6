"""`tieout simulate`: the same code under virtual time and every fault we know of, against fakes of both remotes."""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson, ending_cleanly
from tieout.processes.stopping import told_to_stop

if TYPE_CHECKING:  # the command line starts fast: the simulation is imported when it runs
    import threading

    from tieout.simulation.exhaustive import Search
    from tieout.simulation.tally import Tally

BROKEN = 5  # nothing was proven: an invariant broke
INTERRUPTED = 130
SCHEDULES = 200
FIRST_SEED = 1
NAMED = 10  # of what was too rare


def _finite(minutes: float | None) -> float | None:
    if minutes is not None and not math.isfinite(minutes):
        raise typer.BadParameter(f"{minutes} is no number of minutes")
    return minutes


Schedules = Annotated[
    int | None,
    typer.Option(
        "--schedules", min=1, help=f"How many schedules to run; default: {SCHEDULES}, or 1 seed with --exhaustive."
    ),
]
First = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        help=f"The first schedule's seed; the next ones count up. Default: {FIRST_SEED}, or the state's.",
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", min=0, callback=_finite, help="Stop after so many minutes, at the latest."),
]
State = Annotated[
    Path | None, typer.Option("--state", metavar="FILE", help="Goes on where a run that was cut stopped.")
]
Processes = Annotated[
    int | None, typer.Option("--processes", min=1, help="How many at once; default: one for each processor.")
]
Matrix = Annotated[
    Path | None, typer.Option("--matrix", metavar="FILE", help="Write how often each fault struck at each step.")
]
AtLeast = Annotated[
    int,
    typer.Option(
        "--at-least", min=0, help="Every fault must strike at every step, and everything happen, so many times."
    ),
]


def simulate(
    *,
    schedules: Schedules = None,
    seed: First = None,
    minutes: Minutes = None,
    processes: Processes = None,
    state: State = None,
    matrix: Matrix = None,
    at_least: AtLeast = 0,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Every mishap at every call, alone and in pairs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the errands under simulated faults and judge every invariant; one schedule alone prints its trace."""
    of_a_run = {"--state": state, "--matrix": matrix, "--minutes": minutes, "--at-least": at_least or None}
    asked = [name for name, value in of_a_run.items() if value is not None]
    if exhaustive:
        if asked:
            raise MisconfiguredError(f"--exhaustive takes no {' and no '.join(asked)}: a search is always whole")
        raise typer.Exit(_search(seed, seeds=schedules or 1, processes=processes, as_json=as_json))
    if schedules == 1 and not asked and not as_json:
        raise typer.Exit(_replay(FIRST_SEED if seed is None else seed))
    tally = _tally(state, seed)
    with told_to_stop() as stop:
        _try_to_write(tally, state=state, matrix=matrix)
        until = tally.first_seed + (schedules or SCHEDULES)
        _run(tally, until=until, processes=processes, minutes=minutes, state=state, stop=stop)
    if stop.is_set():
        raise typer.Exit(_stopped(tally, state))
    if as_json:
        output.emit(summary(tally))
    else:
        _show(tally)
    if matrix is not None:
        _write_matrix(tally, matrix)
    raise typer.Exit(_judged(tally, at_least))


def _judged(tally: "Tally", at_least: int) -> int:
    """Say what was too rare and what broke; give the exit code."""
    rare = tally.rare(at_least)
    for what, times in list(rare.items())[:NAMED]:
        output.say(f"{what}: {times} times, {at_least} wanted")
    if len(rare) > NAMED:
        output.say(f"and {len(rare) - NAMED} more that are as rare")
    _say_findings(tally)
    return BROKEN if tally.violations or rare else 0


def _say_findings(tally: "Tally") -> None:
    for finding in tally.findings:
        output.say(f"seed {finding.seed}: {finding.invariant}: {finding.text}")


def _stopped(tally: "Tally", state: Path | None) -> int:
    """Say what was found and how to go on; give the exit code."""
    _say_findings(tally)
    done = output.counted(tally.schedules, "schedule")
    if state is None:
        output.say(f"stopped after {done}, nothing is kept: with --state FILE a run can be gone on with")
    else:
        output.say(f"stopped after {done}, kept in {state}: the same command goes on from there")
    return INTERRUPTED


def summary(tally: "Tally") -> dict[str, Any]:
    """Give the figures scripts rely on."""
    return {
        "schedules": tally.schedules,
        "violations": tally.violations,
        "ambiguous_writes": tally.ambiguous_writes,
        "schedules_per_second": round(tally.schedules_per_second, 1),
        "seed": tally.first_seed,
    }


def _tally(state: Path | None, seed: int | None) -> "Tally":
    import msgspec

    from tieout.simulation.code import code_digest
    from tieout.simulation.tally import Tally

    code = code_digest()
    if state is None or not state.exists():
        first = FIRST_SEED if seed is None else seed
        return Tally(first_seed=first, next_seed=first, code=code)
    try:
        tally = Tally.read(state)
    except (msgspec.DecodeError, OSError) as fault:
        raise MisconfiguredError(f"{state} is no state of a simulation ({fault}): name another file") from fault
    if tally.code != code:
        text = f"{state} was begun with other code ({tally.code}, this is {code}): name another file to begin anew"
        raise MisconfiguredError(text)
    if seed is not None and seed != tally.first_seed:
        begun = f"{state} was begun with seed {tally.first_seed}, not {seed}"
        raise MisconfiguredError(f"{begun}: leave --seed out to go on, or name another file to begin anew")
    return tally


def _try_to_write(tally: "Tally", *, state: Path | None, matrix: Path | None) -> None:
    """Find out before the work whether its files can be written.

    Raises MisconfiguredError.
    """
    if state is not None and matrix is not None and state.absolute() == matrix.absolute():
        raise MisconfiguredError(f"--state and --matrix both name {state}: name two files")
    if matrix is not None:
        new = not matrix.exists()
        with _writing(matrix):
            matrix.open("ab").close()
        if new:
            matrix.unlink()
    if state is not None:
        tally.write(state)


def _run(
    tally: "Tally",
    *,
    until: int,
    processes: int | None,
    minutes: float | None,
    state: Path | None,
    stop: "threading.Event",
) -> None:
    from tieout.simulation.fleet import run_many

    with output.progress("simulating") as show:
        run_many(
            tally,
            until=until,
            processes=processes or os.cpu_count() or 1,
            seconds=None if minutes is None else minutes * 60,
            state=state,
            stop=stop,
            follow=lambda so_far: show(f"{so_far.schedules:,} schedules, {so_far.violations} violations", 0),
        )


def _write_matrix(tally: "Tally", file: Path) -> None:
    from tieout.simulation.matrix import matrix_page

    with _writing(file):
        file.write_text(matrix_page(tally), encoding="utf-8")


@contextlib.contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise MisconfiguredError(f"{file} cannot be written ({fault.strerror}): name another file") from fault


def _replay(seed: int) -> int:
    """Play one schedule and print what happened; a failing one is shrunk first."""
    from tieout.simulation.engine import Engine
    from tieout.simulation.schedule import draw
    from tieout.simulation.shrink import shrink
    from tieout.simulation.trace import Trace

    schedule, trace = draw(seed), Trace()
    try:
        with ending_cleanly():
            if Engine(schedule).run():
                schedule = shrink(schedule)
            violations = Engine(schedule, trace=trace).run()
    except KeyboardInterrupt:
        output.say(f"stopped before seed {seed} was played to its end")
        return INTERRUPTED
    output.write("".join(f"{line}\n" for line in trace.lines))
    for violation in violations:
        output.say(str(violation))
    return BROKEN if violations else 0


def _show(tally: "Tally") -> None:
    output.show_pairs(summary(tally))
    strikes = {
        fault.value: f"at {steps} steps, {least} times at the rarest"
        for fault, (steps, least) in tally.by_fault().items()
    }
    output.show_pairs(strikes)
    output.show_pairs(
        {what.value: f"{times} times, in {places} errands" for what, (times, places) in tally.by_happening().items()}
    )


def _search(seed: int | None, *, seeds: int, processes: int | None, as_json: bool) -> int:
    from tieout.simulation.base_runs import SCOPES
    from tieout.simulation.exhaustive import search

    first = FIRST_SEED if seed is None else seed
    found: dict[str, Search] = {}
    with told_to_stop() as stop, output.progress("searching") as show:
        for scope in SCOPES:
            show(f"searching {scope.name}", 0)
            at_once = processes or os.cpu_count() or 1
            found[scope.name] = search(scope, seeds=range(first, first + seeds), processes=at_once, stop=stop)
            if stop.is_set():
                break
    findings = [finding for one in found.values() for finding in one.findings]
    if not stop.is_set():
        _show_searches(found, as_json=as_json)
    for finding in findings:
        output.say(finding)
    if stop.is_set():
        output.say("stopped before the end of the search, nothing is kept: it begins anew")
        return INTERRUPTED
    return BROKEN if findings else 0


def _show_searches(found: "dict[str, Search]", *, as_json: bool) -> None:
    figures = {
        name: {
            "runs": one.runs,
            "states": len(one.states),
            "crossings": one.crossings,
            "ambiguous_writes": one.ambiguous_writes,
            "violations": len(one.findings),
        }
        for name, one in found.items()
    }
    if as_json:
        output.emit(figures)
    else:
        output.show_pairs({name: ", ".join(f"{v:,} {k}" for k, v in row.items()) for name, row in figures.items()})
