"""Clocks: this machine's against the store's and against both remotes'."""

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
