"""`tieout simulate`: the same code under virtual time and every fault we know of, against fakes of both remotes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson

if TYPE_CHECKING:  # the command line starts fast: the simulation is imported when it runs
    from tieout.simulation.tally import Tally

BROKEN = 5  # nothing was proven: an invariant broke
Schedules = Annotated[int, typer.Option("--schedules", min=1, help="How many schedules to run.")]
First = Annotated[int, typer.Option("--seed", min=0, help="The first schedule's seed; the next ones count up.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Stop after so many minutes, at the latest.")]
State = Annotated[
    Path | None, typer.Option("--state", metavar="FILE", help="Goes on where a run that was cut stopped.")
]
AtLeast = Annotated[int, typer.Option("--at-least", help="Every fault must strike at every step so many times.")]


def simulate(
    *,
    schedules: Schedules = 200,
    seed: First = 1,
    minutes: Minutes = None,
    state: State = None,
    at_least: AtLeast = 0,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Every fault at every call, alone and in pairs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the errands under simulated faults and judge every invariant; one schedule prints its trace."""
    if exhaustive:
        raise typer.Exit(_search(as_json=as_json))
    from tieout.simulation.tally import run_many

    tally = _tally(state, seed)
    until = tally.first_seed + schedules
    seconds = None if minutes is None else minutes * 60
    if schedules == 1 and not as_json:
        raise typer.Exit(_replay(seed))
    run_many(tally, until=until, state=state, seconds=seconds)
    if as_json:
        output.emit(summary(tally))
    else:
        _show(tally)
    rare = tally.rare(at_least)
    for cell, hits in list(rare.items())[:10]:
        output.say(f"{cell}: struck {hits} times, {at_least} wanted")
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

    from tieout.simulation.tally import Tally

    if state is None or not state.exists():
        return Tally(first_seed=seed, next_seed=seed)
    try:
        return Tally.read(state)
    except (msgspec.DecodeError, OSError) as fault:
        raise MisconfiguredError(f"{state} is no state of a simulation ({fault}): name another file") from fault


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


def _search(*, as_json: bool) -> int:
    from tieout.simulation.exhaustive import search
    from tieout.simulation.schedule import Profile

    found = {
        f"{profile.value}, {documents} documents": search(profile, documents, pairs=documents == 1)
        for profile in (Profile.SUBMIT, Profile.PAY)
        for documents in (1, 2)
    }
    figures = {
        name: {"runs": one.runs, "states": len(one.states), "crossings": one.crossings, "violations": len(one.findings)}
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
