"""Planted bugs of the submission of invoices and of what stands before it."""

from actors.errands import look_up_invoices, submission_gate, submit_invoices
from adapters.preparation import Preparation
from domain.invoices import decisions, eligibility, evolution, forgotten, search, submission
from domain.suppliers import decisions as supplier_decisions
from tests.simulation.planted.planting import Bug, Change
from tieout.simulation.faults import Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile

SUBMIT, PAY, WHOLE = Profile.SUBMIT, Profile.PAY, Profile.WHOLE

INVOICE_BUGS = (
    Bug(
        name="blind retry: a doubt is called not sent",
        breaks=("I1",),
        changes=(Change(submission._in_time, "case Verdict.NOT_SENT:", "case Verdict.NOT_SENT | Verdict.DOUBT:"),),
        profile=SUBMIT,
    ),
    Bug(
        name="the send is wrapped in a retry",
        breaks=("I1",),
        changes=(
            Change(
                submit_invoices._send,
                "        _conclude(tools, sending, answer)",
                "        if answer.verdict.value == 'doubt':\n"
                "            answer = tools.payables.send_batch(encoded, deadline=sending.own_deadline)\n"
                "        _conclude(tools, sending, answer)",
            ),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="missing settle window: the first look comes at once",
        breaks=("I1",),
        changes=(
            Change(submit_invoices._send, "settle=windows.settle", "settle=-windows.call_timeout"),
            Change(submission._second, "look.begun_at <= first.answered_at + lag", "False"),
        ),
        profile=SUBMIT,
        focus=("send_batch", Fault.TAKEN_LATE),
    ),
    Bug(
        name="no settle window: the first look comes at the deadline",
        breaks=("I1",),
        changes=(Change(submit_invoices._send, "settle=windows.settle", "settle=windows.settle * 0"),),
        focus=("send_batch", Fault.SENT_LATE),
        profile=SUBMIT,
    ),
    Bug(
        name="the second look needs no lag",  # the lag is asked for in two places, both with this one
        breaks=("I1",),
        changes=(Change(look_up_invoices._look, "search_lag\n", "search_lag * 0\n"),),
        focus=("send_batch", Fault.RESPONSE_LOST),
        profile=SUBMIT,
    ),
    Bug(
        name="one empty look is enough",
        breaks=("I1",),
        changes=(Change(submission.decide_look, "if _second(state, look, lag, went_back_at):", "if True:"),),
        focus=("send_batch", Fault.TAKEN_LATE),
        profile=SUBMIT,
    ),
    Bug(
        name="invoices are looked up before their batch, and once",
        breaks=("I1",),
        changes=(
            Change(
                look_up_invoices._look,
                "    statuses = tools.payables.find_batches(list(dict.fromkeys(a.batch for a in attempts.values())))\n"
                "    found = tools.payables.find_invoices([key.external_id for key in keys.values()])\n",
                "    found = tools.payables.find_invoices([key.external_id for key in keys.values()])\n"
                "    statuses = tools.payables.find_batches(list(dict.fromkeys(a.batch for a in attempts.values())))\n",
            ),
            Change(submission.decide_look, "if _second(state, look, lag, went_back_at):", "if True:"),
        ),
        focus=("send_batch", Fault.TAKEN_LATE),
        profile=SUBMIT,
    ),
    Bug(
        name="absence believed while Processing",
        breaks=("I1",),
        swaps=((submission, "BATCH_AT_REST", ("", "Closed", "Processing")),),
        focus=("send_batch", Fault.TAKEN_LATE),
        profile=SUBMIT,
    ),
    Bug(
        name="the first send is not looked up",
        breaks=("I1",),
        changes=(
            Change(submission_gate.look_before, "found.get(key.external_id, [])", "[]"),
            Change(forgotten.hold_after_restore, "if unsought:", "if False:"),  # would find it before
        ),
        happening=Happening.RESTORED,
        profile=SUBMIT,
    ),
    Bug(
        name="the deadline of a batch is not checked",
        breaks=("I10",),
        changes=(
            Change(
                submit_invoices._send,
                "own_deadline=own_clock + windows.call_timeout",
                "own_deadline=own_clock + windows.call_timeout * 100",
            ),
            Change(
                (Preparation, "deadline"),
                ", clocks.monotonic_seconds + self._timeout_seconds)",
                ")",
            ),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="the intent comes after the call",
        breaks=("I10",),
        changes=(
            Change(
                submit_invoices._send,
                "    if _intend(tools, sending):\n"
                "        answer = tools.payables.send_batch(encoded, deadline=sending.own_deadline)\n",
                "    answer = tools.payables.send_batch(encoded, deadline=sending.own_deadline)\n"
                "    if _intend(tools, sending):\n",
            ),
        ),
        profile=SUBMIT,
    ),
    Bug(
        name="whoever finds an intent may send",
        breaks=("I10",),
        changes=(Change(submit_invoices._intend, "return all(", "return True or all("),),
        profile=SUBMIT,
    ),
    Bug(
        name="a late refusal settles whatever stands there",
        breaks=("I4", "I5"),
        changes=(Change(submission.decide_outcome, 'if same and state.stage == "doubt":', "if True:"),),
        profile=SUBMIT,
    ),
    Bug(
        name="no hold after a restored backup",
        breaks=("I1",),
        changes=(
            Change(submit_invoices._intend, "guard=guard", "guard=None"),
            Change(submit_invoices._refuse_while_held, "until is not None and", "False and until is not None and"),
            Change(forgotten.hold_after_restore, "if unsought:", "if False:"),  # would wait for longer
        ),
        happening=Happening.RESTORED,
        profile=SUBMIT,
    ),
    Bug(
        name="a receipt is taken whatever its verdict",
        breaks=("I3",),
        changes=(Change(submission._in_time, "case Verdict.CONFIRMED:", "case Verdict.CONFIRMED | Verdict.DOUBT:"),),
        profile=SUBMIT,
    ),
    Bug(
        name="the supplier's gate is not asked",
        breaks=("I6",),
        changes=(
            Change(submission.decide_gate, "if not gates.supplier_open:", "if False:"),
            Change(submit_invoices._intend, "if not all(", "if False and not all("),
        ),
        profile=WHOLE,
    ),
    Bug(
        name="a doubt is never looked up",
        breaks=("I4",),
        changes=(Change(look_up_invoices._may_look, "state.in_doubt and", "False and"),),
        profile=SUBMIT,
    ),
    Bug(
        name="what endangers a live invoice is not raised",
        breaks=("I13",),
        changes=(Change(decisions._at_risk, "if risks == state.risks and not moved:", "if True:"),),
        profile=PAY,
    ),
    Bug(
        name="a payment stop in M3 is overlooked",
        breaks=("I13",),
        changes=(Change(eligibility.risks_of, "ledger.stopped and not settled", "False"),),
        profile=PAY,
    ),
    Bug(
        name="a store that went back never learns of a live invoice",
        breaks=("I5",),
        changes=(Change(search._is_thought_absent, "return ", "return False and "),),
        happening=Happening.RESTORED,
        then=Happening.PROPOSED,
        profile=SUBMIT,
    ),
    Bug(
        name="a restored store sends before it has read AvidXchange again",
        breaks=("I1",),
        changes=(Change(forgotten.hold_after_restore, "if unsought:", "if False:"),),
        happening=Happening.RESTORED,
        then=Happening.KEY_CHANGED,
        profile=PAY,
    ),
    Bug(
        name="what a restored store forgot is compared with nothing",
        breaks=("I1",),
        changes=(Change(forgotten.hold_after_restore, "if not twins:", "if True:"),),
        happening=Happening.RESTORED,
        then=Happening.KEY_CHANGED,
        profile=PAY,
    ),
    Bug(
        name="a late answer makes a forgotten invoice known",
        breaks=("I1",),
        changes=(
            Change(
                forgotten.decide_forgotten,
                "if not state.unnamed and not state.is_forgotten:",
                "if state.key is not None and not state.is_forgotten:",
            ),
        ),
        happening=Happening.RESTORED,
        then=Happening.KEY_CHANGED,
        profile=SUBMIT,
    ),
    Bug(
        name="what was found absent stays in doubt",
        breaks=("I4",),
        changes=(Change(evolution._absent, 'stage="waiting"', 'stage="doubt"'),),
        profile=SUBMIT,
    ),
    Bug(
        name="personal data in a refusal's text",
        breaks=("I11",),
        changes=(
            Change(
                supplier_decisions.decide_refused,
                "text=text,",
                "text=text + (sent.content.tax_id.value if sent.content.tax_id else ''),",
            ),
        ),
        focus=("put_vendors", Fault.REFUSED),
        profile=WHOLE,
    ),
)
