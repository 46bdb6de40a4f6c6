"""How a deployment fared under faults: money writes on the wire, the books, and what was left in the air."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.support.deployment import DISAGREEMENTS
from tieout.demo.sandbox_process import SandboxProcess
from tieout.demo.settings import Pace

# Claims of a killed process come back after ten call timeouts: short ones, so that the next one finds work.
PACE = Pace(call_timeout_seconds=0.5, lag_seconds=0.15, posting_delay_seconds=0.2, settle="1s")
KILLED = "kill -9"
IN_THE_AIR = [(flow, state) for flow in ("invoices", "payments") for state in ("in_doubt", "waiting")]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """One seed's run.

    kills_wanted: how many it set out for; done: what was done to the deployment, how often; with_people: doubts that
    wait for a person.
    """

    seed: int
    kills_wanted: int
    done: dict[str, int]
    started_again: int = 0
    batches: int
    handovers: int
    doubles: int
    disagreements: dict[str, list[Any]]
    left: dict[str, int]
    with_people: int
    seconds: float

    @property
    def kills(self) -> int:
        """Kills that met a living process."""
        return self.done.get(KILLED, 0)

    @property
    def good(self) -> bool:
        """Whether it was put to the test, nothing is double or missing, and what is in the air is a person's."""
        return self.tried and not self.disagreements and sum(self.left.values()) <= self.with_people

    @property
    def tried(self) -> bool:
        """Whether most kills met a living process, and money was written to both systems: else nothing was shown."""
        return self.kills * 2 >= self.kills_wanted > 0 and self.batches > 0 and self.handovers > 0


def written(sandbox: SandboxProcess) -> dict[str, int]:
    """Count the money writes that reached the two systems."""
    books = sandbox.books()
    calls = {**books["avidxchange"]["calls"], **books["infor"]["calls"]}
    return {
        "batches": calls.get("POST /invoices/batches", 0),
        "handovers": calls.get("GLS840MI/UpdBatch", 0),
    }


def disagreements(sandbox: SandboxProcess) -> dict[str, list[Any]]:
    """Give what the two systems' own books disagree about."""
    found = sandbox.tie_out()
    return {kind: found[kind] for kind in DISAGREEMENTS if found[kind]}


def left_of(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Count what waits or is in doubt, from totals or from the status by flow."""
    return {f"{flow} {state}": counts[flow][state] for flow, state in IN_THE_AIR}


def with_people(doubts: list[dict[str, Any]]) -> int:
    """Count the doubts that only a person can settle."""
    return sum(doubt["next_look"] is None for doubt in doubts)
