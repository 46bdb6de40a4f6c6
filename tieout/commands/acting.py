"""What the commands of people's acts share: making the act, and turning a refusal into one sentence."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from domain.errors import MisconfiguredError, RefusedError

if TYPE_CHECKING:
    from tieout.acts.act import Act
    from tieout.wiring import Deployment


def act_on(deployment: "Deployment", connection: UUID, *, who: str, reason: str) -> "Act":
    """Make an act of a person on a connection. Raises MisconfiguredError when it was removed or is not declared."""
    from domain.connections.removal import removed_words
    from tieout.acts.act import Act

    found = next(((name, row) for name, row in deployment.connections().items() if row.id == connection), None)
    if found is not None and found[1].state.removed:
        raise MisconfiguredError(removed_words(found[1].state))
    name = found[0] if found is not None else ""
    section = deployment.settings.connections.get(name)
    if section is None:
        raise MisconfiguredError(f"{deployment.settings.file}: connection {name!r} is not declared any more")
    return Act(
        log=deployment.log,
        connection=connection,
        person=who,
        reason=reason,
        settle_infor=section.infor.settle_window,
    )


@contextlib.contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn the refusal of an act into a usage error that names the record."""
    try:
        yield
    except RefusedError as refusal:
        raise MisconfiguredError(f"{what}: {refusal}") from refusal
