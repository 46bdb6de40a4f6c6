"""`tieout simulate`: the same code under virtual time and every fault we know of, against fakes of both remotes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson

if TYPE_CHECKING:  # the command line starts fast: the simulation is imported when it runs
    from tieout.simulation.tally import Tally

BROKEN = 5  # nothing was proven: an invariant broke
SCHEDULES = 200
NAMED = 10  # of what was too rare
Schedules = Annotated[
    int | None,
    typer.Option(
        "--schedules", min=1, help=f"How many schedules to run; default: {SCHEDULES}, or 1 seed with --exhaustive."
    ),
]
First = Annotated[int, typer.Option("--seed", min=0, help="The first schedule's seed; the next ones count up.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Stop after so many minutes, at the latest.")]
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
    typer.Option("--at-least", help="Every fault must strike at every step, and everything happen, so many times."),
]


def simulate(
    *,
    schedules: Schedules = None,
    seed: First = 1,
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
    """Run the errands under simulated faults and judge every invariant; one schedule prints its trace."""
    if exhaustive:
        raise typer.Exit(_search(seed, seeds=schedules or 1, processes=processes, as_json=as_json))
    schedules = schedules or SCHEDULES
    if schedules == 1 and state is None and not as_json:
        raise typer.Exit(_replay(seed))
    tally = _tally(state, seed)
    _run(tally, until=tally.first_seed + schedules, processes=processes, minutes=minutes, state=state)
    if matrix is not None:
        _write_matrix(tally, matrix)
    if as_json:
        output.emit(summary(tally))
    else:
        _show(tally)
    rare = tally.rare(at_least)
    for what, times in list(rare.items())[:NAMED]:
        output.say(f"{what}: {times} times, {at_least} wanted")
    if len(rare) > NAMED:
        output.say(f"and {len(rare) - NAMED} more that are as rare")
    for finding in tally.findings:
        output.say(f"seed {finding.seed}: {finding.invariant}: {finding.text}")
    raise typer.Exit(BROKEN if tally.violations or rare else 0)


def summary(tally: "Tally") -> dict[str, Any]:
    """Give the figures scripts rely on."""
    return {
        "schedules": tally.schedules,
        "violations": tally.violations,
        "ambiguous_writes": tally.ambiguous_writes,
        "schedules_per_second": round(tally.schedules_per_second, 1),
        "seed": tally.first_seed,
    }


def _tally(state: Path | None, seed: int) -> "Tally":
    import msgspec

    from tieout.simulation.code import code_digest
    from tieout.simulation.tally import Tally

    code = code_digest()
    if state is None or not state.exists():
        return Tally(first_seed=seed, next_seed=seed, code=code)
    try:
        tally = Tally.read(state)
    except (msgspec.DecodeError, OSError) as fault:
        raise MisconfiguredError(f"{state} is no state of a simulation ({fault}): name another file") from fault
    if tally.code != code:
        text = f"{state} was begun with other code ({tally.code}, this is {code}): name another file to begin anew"
        raise MisconfiguredError(text)
    return tally


def _run(tally: "Tally", *, until: int, processes: int | None, minutes: float | None, state: Path | None) -> None:
    from tieout.simulation.fleet import run_many

    with output.progress("simulating") as show:
        run_many(
            tally,
            until=until,
            processes=processes or os.cpu_count() or 1,
            seconds=None if minutes is None else minutes * 60,
            state=state,
            follow=lambda so_far: show(f"{so_far.schedules:,} schedules, {so_far.violations} violations", 0),
        )


def _write_matrix(tally: "Tally", file: Path) -> None:
    from tieout.simulation.matrix import matrix_page

    try:
        file.write_text(matrix_page(tally), encoding="utf-8")
    except OSError as fault:
        raise MisconfiguredError(f"{file} cannot be written ({fault.strerror}): name another file") from fault


def _replay(seed: int) -> int:
    """Play one schedule and print what happened; a failing one is shrunk first."""
    from tieout.simulation.engine import Engine
    from tieout.simulation.schedule import draw
    from tieout.simulation.shrink import shrink
    from tieout.simulation.trace import Trace

    schedule = draw(seed)
    if Engine(schedule).run():
        schedule = shrink(schedule)
    trace = Trace()
    violations = Engine(schedule, trace=trace).run()
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


def _search(first: int, *, seeds: int, processes: int | None, as_json: bool) -> int:
    from tieout.simulation.base_runs import SCOPES
    from tieout.simulation.exhaustive import search

    searched = range(first, first + seeds)
    with output.progress("searching") as show:
        found = {}
        for scope in SCOPES:
            show(f"searching {scope.name}", 0)
            found[scope.name] = search(scope, seeds=searched, processes=processes or os.cpu_count() or 1)
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
    for one in found.values():
        for finding in one.findings:
            output.say(finding)
    return BROKEN if any(one.findings for one in found.values()) else 0
