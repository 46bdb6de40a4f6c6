"""What every store must do for several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from domain.errors import ConflictError
from domain.event import Append
from tests.contracts.store.world import CAUSES, CONNECTION, LEASE, RELEASED, World

THREADS = 4


class ThreadsSuite:
    def test_no_row_is_claimed_twice_while_others_append_and_fold(self, world: World) -> None:
        def work(worker: int) -> list[UUID]:
            claimed = []
            for _ in range(10):
                batch = [Append(stream=uuid4(), expected_version=0, events=(RELEASED,)) for _ in range(5)]
                world.log.append(batch, causes=CAUSES)
                world.relay.step()
                name = f"w{worker}"
                rows = world.work.claim("submit_invoices", connection=CONNECTION, limit=7, worker=name, lease=LEASE)
                claimed += [row.aggregate for row in rows]
            return claimed

        with ThreadPoolExecutor(THREADS) as pool:
            claimed = [row for rows in pool.map(work, range(THREADS)) for row in rows]
        world.relay.drain()
        rest = world.work.claim("submit_invoices", connection=CONNECTION, limit=1000, worker="w", lease=LEASE)
        everything = [*claimed, *(row.aggregate for row in rest)]
        assert len(everything) == len(set(everything)) == THREADS * 10 * 5

    def test_of_several_appends_at_one_version_exactly_one_holds(self, world: World) -> None:
        stream = uuid4()

        def race(_: int) -> int:
            won = 0
            for version in range(10):
                try:
                    world.log.append(
                        [Append(stream=stream, expected_version=version, events=(RELEASED,))], causes=CAUSES
                    )
                except ConflictError:
                    continue
                won += 1
            return won

        with ThreadPoolExecutor(THREADS) as pool:
            won = sum(pool.map(race, range(THREADS)))
        history = world.log.load([stream])[stream]
        assert [entry.version for entry in history] == list(range(1, won + 1))
