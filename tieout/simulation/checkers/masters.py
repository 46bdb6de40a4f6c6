"""I5 for what stands before every amount: AvidXchange's suppliers and codes are those of Infor, as it has them now."""

from collections.abc import Iterator

from domain.identifiers import code_key, supplier_key
from projections import issues
from tieout.simulation.fakes.payables import GROUPS
from tieout.simulation.schedule import Profile
from tieout.simulation.world import World

ACCOUNT = 1


def suppliers_agree(world: World) -> Iterator[str]:
    """I5: a supplier in use is at AvidXchange as Infor has it, one that left it is inactive, or a refusal is told."""
    told = _refused(world, "supplier-refused")
    here = {supplier_key(one.company, one.number): one for one in world.ledger.supplier_contents()}
    there = world.payables.find_vendors(list(here))
    for key, content in here.items():
        held = there.get(key)
        if key in told or not _is_seen(world, "supplier", key) or (held is None and not content.active):
            continue  # one that never was in use does not go out
        if held is None:
            yield f"supplier {key} is in use in Infor, and AvidXchange does not have it"
        elif held.record_digest != world.payables.vendor_digest(content):
            yield f"supplier {key} is {content.name!r} ({content.status}) in Infor, and another at AvidXchange"


def codes_agree(world: World) -> Iterator[str]:
    """I5: a code in use is at AvidXchange as Infor has it, one that is blocked is inactive, or a refusal is told."""
    if world.schedule.profile is not Profile.WHOLE:
        return  # elsewhere codes are off
    told = _refused(world, "ledger-code-refused")
    there = world.payables.list_codes(GROUPS[ACCOUNT])
    for value, facts in world.ledger.codes(ACCOUNT).items():
        held = there.get(value)
        active = any(not fact.blocked for fact in facts)
        key = code_key(world.rules.company, ACCOUNT, value)
        if key in told or not _is_seen(world, "ledger-code", key) or (held is None and not active):
            continue
        if held is None:
            yield f"code {value} is in use in Infor, and AvidXchange does not have it"
        elif (held.description, held.active) != (facts[0].description, active):
            yield f"code {value} is another at AvidXchange (active: {held.active}) than in Infor (active: {active})"


def _is_seen(world: World, kind: str, key: str) -> bool:
    """Whether the log says anything of it: what no poll ever saw is I14's."""
    stream = world.stream(kind, key)
    return bool(world.store.log.load([stream])[stream])


def _refused(world: World, kind: str) -> frozenset[str]:
    """Give the records of which an open issue says that AvidXchange refuses them."""
    found = issues.listed(world.projections, world.connection)
    return frozenset(record.record for issue in found if issue.kind == kind for record in issue.records)
