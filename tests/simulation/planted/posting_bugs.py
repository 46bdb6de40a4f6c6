"""Planted bugs of payments and their postings."""

from itertools import count

from actors.errands import (
    posting_facts,
    posting_gate,
    posting_handover,
    posting_steps,
)
from adapters.preparation import Preparation
from domain import identifiers, routing
from domain.payments import forgotten, persons, planning, reporting, reversal
from domain.postings import checks, evidence, posting
from domain.postings.events import PostingDoubtResolved
from projections import issue_facts
from tests.simulation.planted.planting import Bug, Change
from tieout.simulation.faults import Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile

PAY = Profile.PAY
identifiers.__dict__.setdefault("_planted_numbers", count())  # what a KEY1 at random is drawn from

POSTING_BUGS = (
    Bug(
        name="the handover is repeated from the beginning",
        breaks=("I2",),
        changes=(
            Change(posting._evolve_handover, '"handover_doubted" if after else "doubted"', '"doubted"'),
            Change(routing._posting_doubted, "if not e.after_handover:", "if True:"),
        ),
        profile=PAY,
    ),
    Bug(
        name="missing settle window: a doubted step is made again at once",
        breaks=("I2", "I10"),
        changes=(
            Change(
                posting_steps.new_attempt,
                "deadline + tools.rules.infor.settle",
                "deadline - tools.rules.infor.call_timeout",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="no settle window: a doubted step is made again at its deadline",
        breaks=("I2",),
        changes=(Change(posting_steps.new_attempt, "deadline + tools.rules.infor.settle", "deadline"),),
        focus=("CtrlBatch", Fault.SENT_LATE),
        profile=PAY,
    ),
    Bug(
        name="the deadline of the chain is not checked",
        breaks=("I10",),
        changes=(
            Change(
                posting_steps.new_attempt,
                "own_deadline = tools.clock.now() + tools.rules.infor.call_timeout",
                "own_deadline = tools.clock.now() + tools.rules.infor.call_timeout * 100",
            ),
            Change(
                (Preparation, "deadline"),
                ", clocks.monotonic_seconds + self._timeout_seconds)",
                ")",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="a handover without its own intent",
        breaks=("I2",),
        changes=(
            Change(
                posting_handover.hand_over,
                "    write_handover(tools, going, chain.correlation_id, incarnation=chain.incarnation, chain=chain)",
                "    states = _load(tools, going)\n"
                "    commands = [c for s in states.values() for c in step_commands(s, STEP)]\n"
                "    if commands:\n"
                "        call(tools, commands, deadline=chain.own_deadline)",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="CtrlBatch after the handover",
        breaks=("I2",),
        changes=(
            Change(
                posting_handover.write_handover,
                "\n    def record(",
                "\n    call(tools, [c for s in states.values() for c in step_commands(s, 'CtrlBatch')],"
                " deadline=attempt.own_deadline)\n\n    def record(",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="KEY1 at random",
        breaks=("I2", "I3", "I5"),
        changes=(
            Change(
                identifiers.key1,
                "payment_id, division, str(generation)",
                "payment_id, division, str(generation) + str(next(_planted_numbers))",
            ),
        ),
        happening=Happening.RESTORED,
        profile=PAY,
    ),
    Bug(
        name="a doubt after the handover is called a refusal",
        breaks=("I2", "I5"),
        changes=(
            Change(
                posting_handover._fact,
                "    # A NOK after the handover is doubt, never refusal.\n    return e.PostingDoubted(",
                "    return e.PostingRefused(key1=state.plan.key1, attempt_id=attempt.id, step=STEP, code='NOK',\n"
                "        payment_id=state.plan.payment_id, text=answer.text) or e.PostingDoubted(",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="accepted is called posted",
        breaks=("I3", "I5"),
        changes=(
            Change(
                posting_handover._fact,
                "return e.PostingHandedOver(",
                "return e.PostingConfirmed(key1=state.plan.key1, payment_id=state.plan.payment_id, rows=())\n"
                "        return e.PostingHandedOver(",
            ),
        ),
        profile=PAY,
    ),
    Bug(
        name="any payment row of the amount is a proof",
        breaks=("I3",),
        changes=(Change(evidence.names_payment, "return ", "return True or "),),
        happening=Happening.PAID_BY_M3,
        profile=PAY,
    ),
    Bug(
        name="a row proves two postings",
        breaks=("I3",),
        changes=(
            Change(posting_facts.attributed_rows, "    taken: frozenset[str] = frozenset()", "    return frozenset()"),
        ),
        happening=Happening.VOIDED,
        profile=PAY,
    ),
    Bug(
        name="a payment of unknown invoices is posted",
        breaks=("I5", "I6"),
        changes=(Change(planning._is_ours, "return readable and (standing.live or standing.in_doubt)", "return True"),),
        happening=Happening.UNKNOWN_INVOICE_PAID,
        profile=PAY,
    ),
    Bug(
        name="a new generation has the old KEY1",
        breaks=("I4",),
        changes=(Change(planning._plan, "generation = state.generation + 1", "generation = 1"),),
        profile=PAY,
    ),
    Bug(
        name="credit amounts without their sign",
        breaks=("I5",),
        changes=(Change(planning._lines_by_division, "net + remittance.net,", "net + abs(remittance.net),"),),
        profile=PAY,
    ),
    Bug(
        name="a reversal does not queue behind its posting",
        breaks=("I2", "I5"),
        changes=(
            Change(reversal.decide_reversal, "if not posting.ended and (", "if False and not posting.ended and ("),
        ),
        happening=Happening.VOIDED,
        profile=PAY,
    ),
    Bug(
        name="a reissue does not wait for the reversal",
        breaks=("I2",),
        changes=(Change(planning._reissue_hold, 'if old_id in ("", content.payment_id):', "if True:"),),
        happening=Happening.REPLACED,
        profile=PAY,
    ),
    Bug(
        name="a word older than a restore proves a payment absent",
        breaks=("I2",),
        changes=(Change(posting.is_absent_since, "return unsure_before is None or (", "return True or ("),),
        happening=Happening.RESTORED,
        profile=PAY,
    ),
    Bug(
        name="a reversal does not ask for the generation after one found absent",
        breaks=("I2",),
        changes=(Change(forgotten.forgotten_postings, 'posting.phase == "settled_absent"', "False"),),
        happening=Happening.RESTORED,
        then=Happening.REPLACED,
        profile=PAY,
    ),
    Bug(
        name="a payment of an invoice that is not live is ignored",
        breaks=("I4",),
        changes=(Change(planning._invoice_hold, "r.invoice_external_id].seen for", "r.invoice_external_id].live for"),),
        focus=("send_batch", Fault.RESPONSE_LOST),
        happening=Happening.PAID,
        profile=Profile.SUBMIT,
    ),
    Bug(
        name="an order without the person's name",
        breaks=("I12",),
        changes=(Change(persons.decide_posting_order, "person=person", 'person=""'),),
        profile=PAY,
    ),
    Bug(
        name="a payment's change after settling is planned anew",
        breaks=("I2", "I3"),
        changes=(
            Change(reporting._settled, "if _has_postings(state):", "if False:"),
            Change(
                planning.decide_plan,
                'kept = tuple(leg for leg in state.legs if postings[leg.posting].phase != "settled_absent")',
                "kept = ()",
            ),
        ),
        happening=Happening.REPAID_OTHERWISE,
        profile=PAY,
    ),
    Bug(
        name="a payment reversed at the re-read is given up before a poll saw it",
        breaks=("I4",),
        changes=(
            Change(
                posting_handover._payment_changed,
                'return _held(plan, "REVERSED_AT_REREAD", detail)',
                "return e.PostingAbandoned(key1=plan.key1, payment_id=plan.payment_id, why=detail)",
            ),
        ),
        profile=PAY,
        happening=Happening.VOIDED,
        then=Happening.VOID_TAKEN_BACK,
    ),
    Bug(
        name="a reversal takes back what stands no more",
        breaks=("I2",),
        changes=(
            Change(checks._standing_obstacle, "if shown >= sign * booked.minor:", "if True:"),
            Change(posting_gate._obstacle, "() if SAME_AMOUNT in state.let_go", '() if plan.kind == "R"'),
        ),
        profile=PAY,
        happening=Happening.VOUCHER_TAKEN_BACK,
        then=Happening.VOIDED,
    ),
    Bug(
        name="a reversal that was found absent is nobody's task",
        breaks=("I4",),
        items=((issue_facts.OPENS, PostingDoubtResolved, lambda _: ()),),
        profile=PAY,
        happening=Happening.VOIDED,
        then=Happening.STUCK,
    ),
)
