"""Where the documents of a run stand when trouble begins: read, submitted, paid, and seldom found absent once."""

from datetime import timedelta
from typing import Protocol

from tieout.simulation.avid_events import pay_one
from tieout.simulation.happenings import Happening
from tieout.simulation.people import look_after
from tieout.simulation.processes import Process
from tieout.simulation.schedule import Profile, Schedule
from tieout.simulation.stage import Stage
from tieout.simulation.world_events import happen


class Beginning(Stage, Protocol):
    """A run that is about to begin."""

    schedule: Schedule

    def run_on(self, process: Process | None, name: str) -> int:
        """Run an errand or poll on a process."""

    def calm(self, *, rounds: int, quiet_for: timedelta = ...) -> None:
        """Work without faults, until nothing new was said for a while."""


def prepare(run: Beginning) -> None:
    """Bring the documents to where the profile wants them, without faults."""
    first = run.processes[0]
    if run.schedule.profile is Profile.SUBMIT:
        for name in ("poll_invoices", "fetch_images"):
            run.run_on(first, name)
            run.world.store.drain()
    if run.schedule.profile is Profile.PAY:
        run.calm(rounds=8, quiet_for=timedelta())
        _pay(run)


def _pay(run: Beginning) -> None:
    world, dice = run.world, run.world.dice
    if run.schedule.payments is not None:
        for number, place in enumerate(run.schedule.payments):
            pay_one(world, place, -1 - number)
        return
    for number in range(1 + dice.below(3, "payments")):
        happen(run, Happening.PAID, -1 - number)
    if dice.below(4, "polled"):
        world.store.polls.poke(world.connection, ("payments",), world.time.now)
        run.run_on(run.processes[0], "poll_payments")
    if dice.below(6, "found absent") == 0:
        _post_a_second_generation(run)


def _post_a_second_generation(run: Beginning) -> None:
    """Let the first voucher stick, a person find it absent and order anew, and M3 take the next one, or hide it."""
    world = run.world
    world.ledger.stick_next = 1
    run.calm(rounds=30)
    for turn in range(2):  # the word first, then the order that follows it
        look_after(run, turn)
        world.runner.catch_up()
    hide = world.dice.pick(("stick_next", "correct_next", ""), "hidden")
    if hide:
        setattr(world.ledger, hide, 1)
    run.calm(rounds=1 + world.dice.below(6, "second rounds"), quiet_for=timedelta())
