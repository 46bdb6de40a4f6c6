"""Planted bugs of what settings and the protocol ask of a posting, of closings, and of what is kept of a card."""

from actors.errands import posting_gate, posting_handover
from adapters.avidxchange import payments as edge
from domain.invoices import decisions
from domain.payments import planning
from tests.simulation.planted.planting import Bug, Change
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile

PAY = Profile.PAY

RULE_BUGS = (
    Bug(
        name="the first posting waits for nobody",
        breaks=("I12",),
        changes=(
            Change(posting_gate._behind_first, "if plan is None or tools.rules", "if True or tools.rules"),
            Change(
                posting_gate.must_wait_for_first,
                "if tools.rules.first_posting",
                "if True or tools.rules.first_posting",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="the payment is not read again before the handover",
        breaks=("I2",),
        changes=(
            Change(
                posting_handover._second_thoughts,
                "fact = _payment_changed(plan, reports.get(plan.payment_id),"
                " payment.fold(history[known[plan.payment_id]]))",
                "fact = None",
            ),
        ),
        profile=PAY,
        happening=Happening.VOIDED,
    ),
    Bug(
        name="a posting is dated a month early",
        breaks=("I5",),
        changes=(
            Change(
                planning._posting_plan,
                'accounting_date={"settled": settled, "payment": paid, "today": today}[rules.accounting_date]',
                "accounting_date=settled.replace(day=1)",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="an invoice is closed as soon as it is looked at",
        breaks=("I3",),
        changes=(Change(decisions.decide_close, "if is_settled(ledger):", "if True:"),),
        profile=PAY,
    ),
    Bug(
        name="an invoice is closed over what M3 paid beside us",
        breaks=("I13",),
        changes=(Change(decisions.decide_close, 'if "PAID" in risks and', "if False and"),),
        profile=PAY,
        happening=Happening.REST_PAID_BY_M3,
    ),
    Bug(
        name="a card number is kept as it came",
        breaks=("I11",),
        swaps=((edge, "_card", lambda wire, *_: (str(wire.virtual_card_last4), False)),),
        profile=PAY,
    ),
)
