"""Planted bugs of the machinery: log, relay, due work, polls, projections."""

from actors.errands import polling, upserting
from actors.relay import Relay
from domain import routing
from domain.effects import Done
from domain.suppliers.events import SupplierConfirmed
from projections.projection import Projection
from tests.simulation.planted.planting import Bug, Change
from tieout.simulation.faults import Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.memory_store import MemoryLog
from tieout.simulation.memory_work import MemoryWork
from tieout.simulation.schedule import Profile

SUBMIT, PAY, WHOLE = Profile.SUBMIT, Profile.PAY, Profile.WHOLE

MACHINERY_BUGS = (
    Bug(
        name="lost wake-up: a hold on a key that is open already",
        breaks=("I4",),
        changes=(
            Change(
                (MemoryWork, "_apply"),
                "waits_for = None if (change.connection, key) in self._open else key",
                "waits_for = key",
            ),
        ),
        focus=("append in submit_invoices", Fault.OTHERS_BEFORE),
        profile=WHOLE,
    ),
    Bug(
        name="lost wake-up: a confirmation opens nothing",
        breaks=("I4",),
        items=((routing.ROUTES, SupplierConfirmed, lambda e, r: (Done("send_suppliers", r.stream, e.of_version),)),),
        profile=WHOLE,
    ),
    Bug(
        name="tracking outside the transaction: the position is kept, the rows are not",
        breaks=("I7",),
        changes=(
            Change(
                (MemoryWork, "apply"),
                "for change in changes:",
                "self._position = position\n        for change in changes:\n"
                "            if change.version == 3:\n"
                "                raise __import__('domain.errors').errors.StoreError('disk full')",
            ),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="the relay skips an event",
        breaks=("I7",),
        changes=(
            Change((Relay, "step"), "position=page[-1].position)", "position=page[-1].position + (len(page) == 3))"),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="appends are not compared with the version",
        breaks=("I1", "I4", "I10"),
        changes=(Change((MemoryLog, "_recorded"), "if version != append.expected_version:", "if version < 0:"),),
        profile=SUBMIT,
    ),
    Bug(
        name="the watermark moves before the page is recorded",
        breaks=("I14",),
        changes=(
            Change(
                (polling.Poll, "finish"),
                "    streams, decide = self._ending(watermark)\n",
                "    self.tools.polls._put(self.tools.polls._row(mark.connection, mark.flow), watermark=watermark)\n"
                "    streams, decide = self._ending(watermark)\n",
            ),
        ),
        focus=("append in poll_suppliers", Fault.CRASH_BEFORE),
        profile=WHOLE,
    ),
    Bug(
        name="upserts: no time for a call in flight",
        breaks=("I5",),
        changes=(
            Change(
                upserting.flight_time,
                "return windows.call_timeout + windows.search_lag",
                "return windows.call_timeout * 0",
            ),
        ),
        focus=("put_vendors", Fault.TAKEN_LATE),
        happening=Happening.SUPPLIER_CHANGED,
        then=Happening.SUPPLIER_CHANGED,
        profile=WHOLE,
    ),
    Bug(
        name="an upsert is sent after its claim",
        breaks=("I5",),
        changes=(
            Change(
                (upserting.Claim, "__init__"),
                "self._own_deadline = tools.clock.now() + bytes_for",
                "self._own_deadline = tools.clock.now() + bytes_for * 99\n    self._bytes_until += 99999",
            ),
        ),
        focus=("put_vendors", Fault.STALL_BEFORE),
        happening=Happening.SUPPLIER_CHANGED,
        then=Happening.SUPPLIER_CHANGED,
        profile=WHOLE,
    ),
    Bug(
        name="a projection depends on the page's size",
        breaks=("I8",),
        changes=(
            Change(
                (Projection, "fold"),
                "folded[key] if key in folded else",
                "folded[key] if key in folded and len(facts) > 2 else",
            ),
        ),
        profile=SUBMIT,
    ),
)
