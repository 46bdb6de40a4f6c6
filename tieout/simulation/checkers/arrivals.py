"""I2 by what M3 took: no step of a chain lands behind its handover, however late it arrives."""

from collections.abc import Iterator

from tieout.simulation.world import World

TAKEN = ("handed over", "posted", "stuck")


def nothing_lands_behind_a_handover(world: World) -> Iterator[str]:
    """I2: a late CtrlBatch opens a batch again that M3 works on, a late AddBatchHead begins one that it took."""
    taken: set[str] = set()
    for batch in world.ledger.batches:
        if batch.reopened:
            yield f"CtrlBatch of {batch.key1} landed behind its handover"
        if batch.key1 in taken:
            yield f"AddBatchHead of {batch.key1} landed though M3 took it before"
        if batch.state in TAKEN:
            taken.add(batch.key1)
