"""Planted bugs of what a document says in cents, and of the suppliers and codes it names."""

from domain.invoices import decisions, eligibility
from domain.ledger_codes import decisions as code_decisions
from domain.payments import planning
from domain.suppliers import decisions as supplier_decisions
from tests.simulation.planted.planting import Bug, Change
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile

PAY, WHOLE = Profile.PAY, Profile.WHOLE

AMOUNT_BUGS = (
    Bug(
        name="the nets of a leg are swapped between its invoices",
        breaks=("I5",),
        changes=(
            Change(
                planning._lines_by_division,
                "return {division: tuple(lines) for division, lines in divisions.items()}",
                "other = {one.invoice: two.net for lines in divisions.values()\n"
                "             for one, two in zip(lines, lines[1:] + lines[:1])}\n"
                "    return {division: tuple(PostingLine(line=line.line, invoice=line.invoice,\n"
                "            net=other[line.invoice], discount=line.discount) for line in lines)\n"
                "            for division, lines in divisions.items()}",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="a discount is dropped from the lines",
        breaks=("I5",),
        changes=(Change(planning._lines_by_division, "discount + remittance.discount)", "discount)"),),
        profile=PAY,
        happening=Happening.PAID,
    ),
    Bug(
        name="a change of a live invoice is not noticed",
        breaks=("I5",),
        changes=(
            Change(
                decisions._changed,
                "changed = content_digest(seen)\n    if changed == state.digest:",
                "changed = content_digest(seen)\n    if live or changed == state.digest:",
            ),
        ),
        profile=PAY,
        happening=Happening.CHANGED,
    ),
    Bug(
        name="the amount of an invoice that Infor lists no more is not followed",
        breaks=("I5",),
        changes=(Change(decisions._unread, "return state.known_gross != gross", "return not state.content"),),
        profile=PAY,
        happening=Happening.UNAPPROVED,
        then=Happening.CHANGED,
    ),
    Bug(
        name="that M3 took less off than was posted is not raised",
        breaks=("I5",),
        changes=(
            Change(
                eligibility.risks_of,
                "_shown(ledger) < _sign(ledger) * ours.minor",
                "False",
            ),
        ),
        profile=PAY,
        happening=Happening.PAID,
        then=Happening.REMITTANCE_CHANGED,
    ),
    Bug(
        name="a supplier's change is recorded and never sent",
        breaks=("I5",),
        changes=(
            Change(
                supplier_decisions.decide_seen,
                "return (SupplierChanged(content=content, to_send=to_send),)",
                "return (SupplierChanged(content=content, to_send=False),)",
            ),
        ),
        profile=WHOLE,
        happening=Happening.SUPPLIER_CHANGED,
    ),
    Bug(
        name="a blocked code is recorded and never sent",
        breaks=("I5",),
        changes=(
            Change(
                code_decisions.decide_seen,
                "to_send = push and (",
                "to_send = push and content.active and (",
            ),
        ),
        profile=WHOLE,
        happening=Happening.CODE_BLOCKED,
    ),
    Bug(
        name="a blocked supplier's receipt opens the gate",
        breaks=("I6",),
        changes=(
            Change(
                supplier_decisions.decide_confirmed,
                "opens_gate=active and enrolment != EXCLUDED",
                "opens_gate=enrolment != EXCLUDED",
            ),
        ),
        profile=WHOLE,
        happening=Happening.SUPPLIER_BLOCKED,
    ),
    Bug(
        name="what a restored store forgot that it sent of suppliers is not sent anew",
        breaks=("I5",),
        changes=(
            Change(supplier_decisions.decide_seen, "unsure = state.may_be_other(went_back_at)", "unsure = False"),
        ),
        profile=WHOLE,
        happening=Happening.SUPPLIER_BLOCKED,
        then=Happening.RESTORED,
    ),
)
