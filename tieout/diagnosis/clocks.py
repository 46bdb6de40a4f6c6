"""Clocks: this machine's against the store's and against both remotes', and those of the pods against the store's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.errors import TieoutError
from tieout.diagnosis.check import Check, fine, warn

if TYPE_CHECKING:
    from tieout.commands.testing import Side
    from tieout.wiring import Deployment

TOLERANCE = timedelta(seconds=60)  # of a remote: its windows and lags are minutes
STORE_TOLERANCE = timedelta(seconds=2)  # of the store: leases and deadlines are judged by both
_NTP = "let this machine keep time by NTP"


def apart(check: str, whose: str, theirs: datetime, ours: datetime, tolerance: timedelta = TOLERANCE) -> Check:
    """Compare two clocks read at the same moment."""
    distance = abs(ours - theirs)
    text = f"this clock and {whose} are {distance.total_seconds():.0f} s apart"
    return fine(check, text) if distance <= tolerance else warn(check, text, _NTP)


def pod_clocks(deployment: "Deployment") -> Iterator[Check]:
    """Compare the clocks of the processes that live with the store's, as each found them. Raises StoreError.

    Each by itself: they meet in the store only, whose clock the settle windows are judged by. What they allow for is
    the least clock margin of any connection.
    """
    now = deployment.log.now()
    living = [row for row in deployment.store.workers.rows() if row.is_alive(now)]
    sections = deployment.settings.connections.values()
    margins = [side.clock_margin_seconds for section in sections for side in (section.infor, section.avidxchange)]
    margin = timedelta(seconds=min(margins)) if margins else STORE_TOLERANCE
    off = [row for row in living if abs(row.clock_offset_ms) > margin / timedelta(milliseconds=1)]
    for row in off:
        seconds, where = abs(row.clock_offset_ms) / 1000, "ahead of" if row.clock_offset_ms > 0 else "behind"
        text = f"the clock of {row.name} ({row.role}) is {seconds:.1f} s {where} the store's"
        mend = "let the machine it runs on keep time by NTP"
        yield warn("pod clocks", f"{text}, {margin.total_seconds():g} s are allowed for", mend)
    if not off:
        yield fine("pod clocks", _agreed(len(living)))


def _agreed(living: int) -> str:
    if living == 1:
        return "the clock of the one living process agrees with the store's"
    if living:
        return f"the clocks of {living} living processes agree with the store's"
    return "no process that stays is alive: there is no clock to compare"


def remote_clocks(deployment: "Deployment", name: str, sides: "dict[str, Side]") -> Iterator[Check]:
    """Compare this clock with those of the remotes that answered."""
    tools = deployment.tools(name)
    if sides["infor"].ok:
        try:
            theirs = datetime.fromtimestamp(tools.ledger.server_time() // 1000, UTC)
        except TieoutError as error:
            # Verdict: go on; the remote answered the test a moment ago, its clock alone is missing.
            yield warn(f"{name} infor clock", f"Infor does not tell its clock: {error}", "try again")
        else:
            yield apart(f"{name} infor clock", "Infor's", theirs, tools.clock.now())
    hint = tools.payables.now_hint()
    if sides["avidxchange"].ok:
        if hint is None:
            mend = "nothing to do: a look-up's lag is judged by this clock alone"
            yield warn(f"{name} clock", "AvidXchange sends no Date header", mend)
        else:
            yield apart(f"{name} clock", "AvidXchange's", hint, tools.clock.now())
