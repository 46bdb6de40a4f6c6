"""Planted bugs of the machinery: log, relay, due work, polls, projections, identity."""

from uuid import NAMESPACE_URL, uuid5

from actors.errands import polling
from actors.relay import Relay
from actors.tools import Tools
from domain import routing
from projections.projection import Projection
from tests.simulation.planted.planting import Bug, Change
from tieout.simulation.memory_store import MemoryLog
from tieout.simulation.memory_work import MemoryWork
from tieout.simulation.schedule import Profile

SUBMIT, PAY, WHOLE = Profile.SUBMIT, Profile.PAY, Profile.WHOLE

MACHINERY_BUGS = (
    Bug(
        name="lost wake-up: a hold on a key that is open already",
        changes=(
            Change(
                (MemoryWork, "_apply"),
                "waits_for = None if (change.connection, key) in self._open else key",
                "waits_for = key",
            ),
        ),
        profile=WHOLE,
    ),
    Bug(
        name="lost wake-up: a confirmation opens nothing",
        changes=(Change(routing._upserted, "(Open if e.opens_gate else Shut)", "Shut"),),
        profile=WHOLE,
    ),
    Bug(
        name="tracking outside the transaction: a page is folded whatever the position",
        changes=(Change((MemoryWork, "apply"), "if self._position != after:", "if False:"),),
        profile=SUBMIT,
    ),
    Bug(
        name="the relay skips an event",
        changes=(
            Change((Relay, "step"), "position=page[-1].position)", "position=page[-1].position + (len(page) == 3))"),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="appends are not compared with the version",
        changes=(
            Change(
                (MemoryLog, "_recorded"),
                "if version != append.expected_version:",
                "version = append.expected_version\n            if 0:",
            ),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="the watermark moves before the page is recorded",
        changes=(
            Change(
                (polling.Poll, "finish"),
                "        streams, decide = self._ending(watermark)\n",
                "        self.tools.polls.finish(mark, worker=self.tools.worker)\n"
                "        streams, decide = self._ending(watermark)\n",
            ),
        ),
        profile=WHOLE,
    ),
    Bug(
        name="a projection depends on the page's size",
        changes=(
            Change(
                (Projection, "fold"),
                "folded[key] if key in folded else",
                "folded[key] if key in folded and len(page) > 2 else",
            ),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="identity by connection name",
        swaps=((Tools, "connection", property(lambda tools: uuid5(NAMESPACE_URL, tools.rules.name))),),
        profile=SUBMIT,
    ),
    Bug(
        name="a due row is made for good by its intent",
        changes=(Change(routing._live, 'Done("submit_invoices", r.stream)', 'Due("submit_invoices", r.stream)'),),
        profile=SUBMIT,
    ),
)
