"""The coverage matrix of a tally as a page: how often each fault struck at each step, and what happened meanwhile."""

from tieout.simulation.faults import CELLS, STEPS, Fault
from tieout.simulation.tally import Tally


def matrix_page(tally: Tally) -> str:
    """Write the page (Markdown)."""
    return "\n".join(
        (
            "# What the long run of the simulation struck",
            "",
            (
                f"Seeds {tally.first_seed} to {tally.next_seed - 1} over the code with digest `{tally.code}`"
                " (`tieout simulate --matrix FILE` writes this page from a tally)."
            ),
            "",
            *_summary(tally),
            "",
            "## Faults by step",
            "",
            "Each number says how often the fault struck when a process took the step; what was drawn only is not.",
            "",
            *(line for fault in Fault for line in _fault(tally, fault)),
            "## What happened in the world meanwhile",
            "",
            "What found nothing to happen to is not counted.",
            "",
            "| what | times | while so many different errands ran |",
            "|---|--:|--:|",
            *(f"| {what.value} | {times:,} | {places} |" for what, (times, places) in tally.by_happening().items()),
            "",
        )
    )


def _summary(tally: Tally) -> list[str]:
    cells = {f"{step}: {fault.value}": 0 for step, fault in CELLS} | tally.hits
    figures = (
        *(tally.schedules, tally.crossings, tally.ambiguous_writes),
        *(len(CELLS), min(cells.values()), tally.violations),
    )
    return [
        "| schedules | crossings of a boundary | ambiguous writes | cells | hits of the rarest cell | violations |",
        "|--:|--:|--:|--:|--:|--:|",
        f"| {' | '.join(f'{one:,}' for one in figures)} |",
    ]


def _fault(tally: Tally, fault: Fault) -> list[str]:
    hits = {step: tally.hits.get(f"{step}: {fault.value}", 0) for step, faults in STEPS.items() if fault in faults}
    cells = ", ".join(f"{step} {times:,}" for step, times in hits.items())
    return [f"**{fault.value}**: {cells}.", ""]
