"""The figures a sync ends with, and the exit code that goes with them."""

from typing import TYPE_CHECKING, Any

from tieout import output

if TYPE_CHECKING:
    from tieout.sync import Outcome
    from tieout.wiring import Deployment

DONE, UNEXPECTED, MISCONFIGURED, LEFT, NO_ANSWER = range(5)
BLOCKS = ("suppliers", "ledger_codes", "invoices", "payments")


def summary(deployment: "Deployment", outcome: "Outcome") -> dict[str, Any]:
    """Give one connection's totals in the store, its calls among them, and how long the sync took."""
    from projections.totals import totals

    tools = deployment.tools(outcome.name)
    found = totals(deployment.storage, tools.connection, currency=tools.rules.currency)
    calls = deployment.calls(outcome.name)
    head = {"connection": outcome.name, "duration_seconds": round(outcome.seconds, 1)}
    return {**head, **{k: v for k, v in found.items() if k != "money"}, "calls": calls, "money": found["money"]}


def exit_code_of(outcome: "Outcome", figures: dict[str, Any]) -> int:
    """Give the exit code of one connection's sync."""
    if outcome.unexpected:
        return UNEXPECTED
    if outcome.to_mend:
        return MISCONFIGURED
    if outcome.no_answer:
        return NO_ANSWER
    open_ends = sum(figures[block].get(state, 0) for block in BLOCKS for state in ("waiting", "in_doubt"))
    return LEFT if open_ends or figures["issues"]["open"] or outcome.paused else DONE


def worst(codes: list[int]) -> int:
    """Give the code that matters most of several connections'."""
    return next((code for code in (UNEXPECTED, MISCONFIGURED, NO_ANSWER, LEFT) if code in codes), DONE)


def sentences(outcome: "Outcome") -> list[str]:
    """Say what went wrong, a sentence each."""
    paused = [f"paused ({outcome.paused}): what is left waits until it is resumed"] if outcome.paused else []
    return [*paused, *dict.fromkeys([*outcome.unexpected, *outcome.to_mend, *outcome.no_answer])]


def show_totals(figures: dict[str, Any]) -> None:
    """Print a connection's totals as tables."""
    output.write(f"{figures['connection']}\n")
    for block in BLOCKS:
        parts = [f"{count} {state.replace('_', ' ')}" for state, count in figures[block].items() if count]
        output.write(f"  {block.replace('_', ' '):<13} {', '.join(parts) or 'none seen'}\n")
    money = figures["money"]
    sums = ", ".join(f"{name} {money[name]}" for name in ("submitted", "settled", "posted"))
    output.write(f"  {'money':<13} {sums} {money['currency']}\n")
    output.write(f"  {'open issues':<13} {figures['issues']['open']}\n")
