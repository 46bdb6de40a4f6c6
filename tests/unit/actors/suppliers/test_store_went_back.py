"""A store that went back forgot what it sent of suppliers and codes since its backup: that is sent anew, as it is."""

from datetime import timedelta

import pytest

from actors.errands.poll_ledger_codes import poll_ledger_codes
from actors.errands.poll_suppliers import poll_suppliers
from actors.errands.send_ledger_codes import send_ledger_codes
from actors.errands.send_suppliers import send_suppliers
from actors.errands.streams import connection_stream
from actors.settle import appended
from domain.connections.events import StoreWentBack
from domain.ledger_codes.events import CodeFact
from domain.ports.store import Causes
from tests.unit.actors.suppliers.small_remotes import FLIGHT, World, supplier

CODE = "600100"


def settle_suppliers(world: World) -> None:
    world.wait(timedelta(hours=1))
    world.infor.milliseconds += 3_600_000
    assert poll_suppliers(world.tools)
    world.run(send_suppliers)


def settle_codes(world: World) -> None:
    world.wait(timedelta(hours=1))
    assert poll_ledger_codes(world.tools)
    world.run(send_ledger_codes)


def block_code(world: World, *, blocked: bool) -> None:
    world.infor.codes_by_dimension[1] = {CODE: (CodeFact(division="", description="Repairs", blocked=blocked),)}


def go_back(world: World, to_position: int) -> None:
    """Restore the backup of a position; whoever opens the store first notices."""
    now = world.clock.now()
    incarnation = world.store.go_back(to_position=to_position, hold_until=now)
    fact = StoreWentBack(incarnation=incarnation, noticed_at=now, hold_until=now, detail="restored")
    home = connection_stream(world.tools.connection)
    batch = appended(world.store.log.load([home])[home], home, fact)
    causes: Causes = world.tools.causes("restore")
    world.store.log.append([batch], causes=causes)
    world.store.drain()


@pytest.mark.parametrize("known", [True, False])
def test_a_supplier_that_is_again_as_the_backup_has_it_is_sent_again(*, known: bool) -> None:
    """It was blocked, sent, and unblocked; or (not known) first seen, sent, and blocked."""
    world = World()
    begun = world.store.log.last_position()
    first, last = (supplier(), supplier()) if known else (supplier(), supplier(status="90"))
    world.infor.change(first)
    settle_suppliers(world)
    backup = world.store.log.last_position() if known else begun
    if known:
        world.infor.change(supplier(status="90"))
        settle_suppliers(world)
        assert not world.avid.vendors["100|V1001"].active
    world.infor.change(last)
    go_back(world, backup)
    settle_suppliers(world)
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert world.avid.vendors["100|V1001"].active == last.active
    puts = len(world.avid.puts)
    world.infor.change(last)
    settle_suppliers(world)
    assert len(world.avid.puts) == puts, "once is enough"


def test_nothing_is_sent_while_what_the_forgotten_time_sent_may_still_land() -> None:
    world = World()
    world.infor.change(supplier())
    settle_suppliers(world)
    backup, puts = world.store.log.last_position(), len(world.avid.puts)
    world.infor.change(supplier(name="Another"))
    world.wait(timedelta(hours=1))
    world.infor.milliseconds += 3_600_000
    go_back(world, backup)
    assert poll_suppliers(world.tools)
    world.run(send_suppliers)
    assert len(world.avid.puts) == puts
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert len(world.avid.puts) == puts + 1


@pytest.mark.parametrize("known", [True, False])
def test_a_code_that_is_again_as_the_backup_has_it_is_sent_again(*, known: bool) -> None:
    world = World(gl_accounts="push")
    begun = world.store.log.last_position()
    block_code(world, blocked=False)
    settle_codes(world)
    backup = world.store.log.last_position() if known else begun
    if known:
        block_code(world, blocked=True)
        settle_codes(world)
    block_code(world, blocked=not known)
    go_back(world, backup)
    settle_codes(world)
    world.wait(FLIGHT)
    world.run(send_ledger_codes)
    (there,) = world.avid.codes.values()
    assert there.active is known
    puts = len(world.avid.puts)
    settle_codes(world)
    assert len(world.avid.puts) == puts, "once is enough"
