"""What a worker gives up at its end, and what it must leave to its lease."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actors.errands.catalogue import UPSERTS
from actors.errands.send_suppliers import send_suppliers
from domain.errors import RefusedError
from tests.unit.actors.suppliers.small_remotes import FLIGHT, supplier
from tests.unit.actors.suppliers.test_suppliers import see, started


class _Ended(BaseException):
    """The process ended here."""


def test_a_put_on_its_way_when_its_process_gave_up_never_ends_up_over_a_newer_one() -> None:
    old, newer = supplier("V1", name="old"), supplier("V1", name="newer")
    world = started(old, supplier("V2", name="spoilt"))
    world.avid.poison = {"spoilt": RefusedError("bad payload", code="400", status=400)}
    other = replace(world.tools, worker="worker-2")

    def changes_meanwhile() -> None:
        see(world, newer)
        world.wait(timedelta(seconds=40))

    def ends_in_the_midst_of_the_half() -> None:
        world.store.work.give_up(world.tools.worker, but_for=UPSERTS)
        for _ in range(9):
            world.wait(timedelta(seconds=10))
            world.store.drain()
            send_suppliers(other)
        world.avid.vendors["100|V1"] = old  # taken at last, within the time a call may take to show
        raise _Ended

    acts = [ends_in_the_midst_of_the_half, changes_meanwhile]
    world.avid.during_put = lambda: acts.pop()() if acts else None
    with pytest.raises(_Ended):
        world.run(send_suppliers)
    for _ in range(5):
        world.wait(FLIGHT)
        world.store.drain()
        send_suppliers(other)
    assert world.avid.vendors["100|V1"] == newer
