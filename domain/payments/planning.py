"""The gate of a payment and its split into postings: one per division, never more than the payment pays."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from domain import keys
from domain.event import Event
from domain.identifiers import InvoiceKey, PinnedIdentity, key1
from domain.money import Money, total
from domain.payments import events as e
from domain.payments.forgotten import forgotten_postings, may_be_forgotten
from domain.payments.payment import Payment
from domain.payments.reversal import key_of_reversal
from domain.postings.events import PostingHeld, PostingLine, PostingPlan, PostingPlanned
from domain.postings.posting import Posting, is_absent_since, is_forgotten
from domain.rules import Rules


class InvoiceStanding(msgspec.Struct, frozen=True):
    """What the gate asks of an invoice: live at AvidXchange for certain, in doubt, or found twice.

    seen: whether the log says anything of it; one never seen is a stranger's, unless the store went back.
    forgotten: AvidXchange holds it, and a restored store does not know it yet.
    """

    live: bool
    in_doubt: bool = False
    found_twice: bool = False
    seen: bool = True
    forgotten: bool = False


class Replaced(msgspec.Struct, frozen=True):
    """The payment that a reissue replaces, with its postings (and reversal postings) by KEY1.

    payment: without content when it was never seen; before: the one that it replaces itself, None when it does not.
    """

    payment: Payment
    postings: Mapping[str, Posting]
    before: "Replaced | None" = None


class Plan(msgspec.Struct, frozen=True):
    """What the gate decided: facts for the payment's stream, and the first facts of each new posting."""

    payment: tuple[Event, ...]
    postings: tuple[tuple[PostingPlan, tuple[Event, ...]], ...] = ()


def decide_plan(
    state: Payment,
    *,
    invoices: Mapping[str, InvoiceStanding],
    replaced: Replaced | None,
    rules: Rules,
    today: date,
    went_back_at: datetime | None,
    unsure_before: datetime | None,
    postings: Mapping[str, Posting],
    unsought: bool = False,
) -> Plan:
    """Hold the payment with its reason, ignore it, or plan its postings.

    invoices: standing by ExternalId, for every remittance; replaced: for a reissue, None when never seen;
    went_back_at: when the store went back, None when it never did; unsure_before: what was paid before may be booked
    without a word in this log, None when nothing may; postings: of the legs planned before, by KEY1: only a leg that
    a person proved absent is planned anew; unsought: AvidXchange's invoices were not read again since the store went
    back.
    """
    content = state.settled
    if content is None or state.phase not in ("settled", "held"):
        return Plan(())
    hold = (
        _content_hold(content, rules)
        or _invoice_hold(content, invoices, rules, went_back_at, unsought=unsought)
        or _reissue_hold(content, content.replaces_payment_id, replaced, rules, unsure_before)
    )
    if isinstance(hold, e.PaymentIgnored):
        return Plan((hold,))
    if hold is not None:
        repeated = state.reason == hold.reason and state.waits_for == hold.waits_for
        return Plan(() if repeated and state.phase == "held" else (hold,))
    kept = tuple(leg for leg in state.legs if postings[leg.posting].phase != "settled_absent")
    forgotten = may_be_forgotten(content, unsure_before)
    # When a person looked, not when it was ordered: an order may follow a word older than what was forgotten.
    absent = {leg.division for leg in state.legs if is_absent_since(postings[leg.posting], unsure_before)}
    return _plan(state, content, kept, rules=rules, today=today, forgotten=forgotten, absent=absent)


def _hold(content: e.PaymentContent, reason: str, detail: str, waits_for: str | None = None) -> e.PaymentHeld:
    return e.PaymentHeld(payment_id=content.payment_id, reason=reason, detail=detail, waits_for=waits_for)


def _content_hold(content: e.PaymentContent, rules: Rules) -> e.PaymentHeld | None:
    if content.problems:
        return _hold(content, content.problems[0], "; ".join(_problem(content, word) for word in content.problems))
    if total((r.net for r in content.remittances), content.amount.currency) != content.amount:
        return _hold(content, "REMITTANCES_DO_NOT_SUM", "the sum of the remittances is not the payment's amount")
    if content.amount.currency != rules.currency:
        return _hold(
            content, "CURRENCY", f"the payment is in {content.amount.currency}, only {rules.currency} is posted"
        )
    if content.settled_date is None:
        return _hold(content, "SETTLED_DATE_MISSING", "AvidXchange calls it settled but gives no SettledDate yet")
    if not content.number and content.method != "Virtual Card":
        return _hold(
            content, "NUMBER_MISSING", f"a settled {content.method} payment needs its number; none is given yet"
        )
    return None


def _problem(content: e.PaymentContent, word: str) -> str:
    """Say what contradicts itself; a malformed number is not kept, for it may be a card's, so its limit is named."""
    return {
        "METHOD_UNKNOWN": f"the method {content.method!r} is not known",
        "CHECK_NUMBER_MALFORMED": "its CheckNumber has over 15 characters, or a blank or letter outside ASCII",
        "ACH_TRACE_MALFORMED": "its AchTraceNumber is not exactly 15 digits",
        "REMITTANCES_DO_NOT_SUM": "the Net of its remittances does not sum to its Amount",
        "REMITTANCE_DOES_NOT_SUM": "the Net and Discount of a remittance are not its Gross",
    }.get(word, f"the payment contradicts itself: {word}")


def _invoice_hold(
    content: e.PaymentContent,
    invoices: Mapping[str, InvoiceStanding],
    rules: Rules,
    went_back_at: datetime | None,
    *,
    unsought: bool,
) -> e.PaymentHeld | e.PaymentIgnored | None:
    # Ignoring is final: not what is ours and not live now, nor what a restored store may have forgotten.
    strange = bool(content.remittances) and not any(invoices[r.invoice_external_id].seen for r in content.remittances)
    if strange and rules.unknown_invoices == "ignore" and not may_be_forgotten(content, went_back_at):
        if unsought:  # a payment of today may pay an invoice that was forgotten
            detail = "the store went back in time: which invoices it forgot is not known yet"
            return _hold(content, "FORGOTTEN_NOT_SOUGHT", detail, keys.FORGOTTEN_SOUGHT)
        return e.PaymentIgnored(payment_id=content.payment_id, detail="it pays only invoices we never submitted")
    for remittance in content.remittances:
        external_id = remittance.invoice_external_id
        standing = invoices[external_id]
        if standing.found_twice:
            return _hold(content, "INVOICE_FOUND_TWICE", f"invoice {external_id} is live twice at AvidXchange")
        if standing.in_doubt:
            detail = f"invoice {external_id} is in doubt"
            return _hold(content, "INVOICE_IN_DOUBT", detail, keys.invoice(external_id))
        if not _is_ours(remittance, standing):
            return _hold(content, "UNKNOWN_INVOICE", _why_unknown(external_id, standing), keys.invoice(external_id))
    return None


def _why_unknown(external_id: str, standing: InvoiceStanding) -> str:
    if standing.forgotten:
        return f"AvidXchange holds invoice {external_id}, which the restored store forgot; Infor has to name it first"
    why = "is not live at AvidXchange for all we know" if standing.seen else "was never submitted by us"
    return f"invoice {external_id} {why}"


def _is_ours(remittance: e.Remittance, standing: InvoiceStanding) -> bool:
    readable = InvoiceKey.parse(remittance.invoice_external_id) is not None
    return readable and (standing.live or standing.in_doubt)


def _reissue_hold(
    content: e.PaymentContent, old_id: str, replaced: Replaced | None, rules: Rules, unsure_before: datetime | None
) -> e.PaymentHeld | None:
    """Wait for the reversal of what it replaces, and of what that replaced: a reissue may come back unposted, too."""
    if old_id in ("", content.payment_id):
        return None
    if replaced is None or replaced.payment.content is None:
        directly = old_id == content.replaces_payment_id
        way = "it replaces" if directly else f"it replaces payment {content.replaces_payment_id}, and that replaced"
        return _hold(content, "REPLACES_UNSEEN", f"{way} payment {old_id}, which we never saw")
    hold = _replaced_hold(content, old_id, replaced, rules, unsure_before)
    if hold is not None or replaced.before is None:
        return hold
    return _reissue_hold(content, replaced.payment.content.replaces_payment_id, replaced.before, rules, unsure_before)


def _replaced_hold(
    content: e.PaymentContent, old_id: str, replaced: Replaced, rules: Rules, unsure_before: datetime | None
) -> e.PaymentHeld | None:
    old = replaced.payment
    if old.reversal is not None:
        asked = old.reversal.tasks  # a person looks for them in M3 first
    else:  # its reversal will name them, and may be planned after this
        asked = forgotten_postings(old, replaced.postings, rules.identity, unsure_before)
    booked = any(_may_be_booked(replaced.postings[leg.posting], unsure_before) for leg in old.legs)
    if not (booked or asked):
        return None
    if not old.is_reversed or old.reversal is None or (old.reversal.tasks and not old.by_hand):
        detail = f"payment {old_id} is not reversed yet"
        return _hold(content, "REPLACED_NOT_REVERSED", detail, keys.reversed_payment(old_id))
    for leg in old.reversal.reversing:
        posting = replaced.postings[leg.posting]
        if not posting.booked:
            key = key_of_reversal(leg.posting, posting)
            return _hold(content, "REPLACED_NOT_REVERSED", f"the reversal of payment {old_id} is not posted yet", key)
    return None


def _may_be_booked(posting: Posting, unsure_before: datetime | None) -> bool:
    handed_over = not posting.before_handover or is_forgotten(posting, unsure_before)
    return posting.booked or (handed_over and not posting.ended)


def _plan(
    state: Payment,
    content: e.PaymentContent,
    kept: tuple[e.Leg, ...],
    *,
    rules: Rules,
    today: date,
    forgotten: bool,
    absent: set[str],
) -> Plan:
    generation = state.generation + 1
    legs = list(kept)
    postings: list[tuple[PostingPlan, tuple[Event, ...]]] = []
    settled_divisions = {leg.division for leg in kept}
    for division, division_lines in _lines_by_division(content).items():
        if division in settled_divisions:
            continue
        plan = _posting_plan(
            content,
            division_lines,
            identity=rules.identity,
            division=division,
            generation=generation,
            rules=rules,
            today=today,
            read_back_only=forgotten and division not in absent,
        )
        net = total((line.net for line in division_lines), content.amount.currency)
        legs.append(e.Leg(division=division, posting=plan.key1, net=net))
        postings.append((plan, _first_facts(plan, net, rules)))
    planned = e.PaymentPostingsPlanned(payment_id=content.payment_id, generation=generation, legs=tuple(legs))
    return Plan((planned,), tuple(postings))


def _lines_by_division(content: e.PaymentContent) -> dict[str, tuple[PostingLine, ...]]:
    """Merge remittances of one invoice into one line; lines are numbered from 1 within a division."""
    merged: dict[InvoiceKey, tuple[Money, Money]] = {}
    # An invoice we submitted has an id we can read back: the gate has seen to that.
    read = [(InvoiceKey.parse(remittance.invoice_external_id), remittance) for remittance in content.remittances]
    for key, remittance in [(key, remittance) for key, remittance in read if key is not None]:
        net, discount = merged.get(key, (Money(0, content.amount.currency), Money(0, content.amount.currency)))
        merged[key] = (net + remittance.net, discount + remittance.discount)
    divisions: dict[str, list[PostingLine]] = {}
    for key, (net, discount) in sorted(merged.items()):
        lines = divisions.setdefault(key.division, [])
        lines.append(PostingLine(line=len(lines) + 1, invoice=key, net=net, discount=discount))
    return {division: tuple(lines) for division, lines in divisions.items()}


def _posting_plan(
    content: e.PaymentContent,
    lines: tuple[PostingLine, ...],
    *,
    identity: PinnedIdentity,
    division: str,
    generation: int,
    rules: Rules,
    today: date,
    read_back_only: bool,
) -> PostingPlan:
    settled = content.settled_date or today
    paid = content.payment_date or settled
    return PostingPlan(
        key1=key1(identity, payment_id=content.payment_id, division=division, generation=generation, kind="T"),
        kind="T",
        payment_id=content.payment_id,
        division=division,
        company=rules.company,
        generation=generation,
        interface=rules.payment_interface,
        number=content.number or content.payment_id,
        payment_date=paid,
        accounting_date={"settled": settled, "payment": paid, "today": today}[rules.accounting_date],
        bank_id=rules.bank_id,
        lines=lines,
        read_back_only=read_back_only,
    )


def _first_facts(plan: PostingPlan, net: Money, rules: Rules) -> tuple[Event, ...]:
    planned = PostingPlanned(plan=plan)
    if net.minor <= 0:
        detail = f"the remittances of division {plan.division} sum to {net}: a person books this leg"
        return (planned, PostingHeld(payment_id=plan.payment_id, reason="LEG_NOT_POSITIVE", detail=detail))
    if rules.payment_posting == "task":
        detail = "the settings ask a person to book payments in M3 (payment_posting = task)"
        return (planned, PostingHeld(payment_id=plan.payment_id, reason="TASK", detail=detail))
    return (planned,)
