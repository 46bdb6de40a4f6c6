"""What M3 does behind its interface: checks payment lines, writes vouchers, moves the balances."""

from datetime import date

from sandbox.infor.parm import PaymentLine, read_parm
from sandbox.infor.records import (
    BANK_ACCOUNT,
    CONTROL_ACCOUNT,
    DISCOUNT_ACCOUNT,
    IN_PROPOSAL,
    PAID,
    PAYMENT,
    Batch,
    Invoice,
    Job,
    PaymentRow,
    Voucher,
    VoucherLine,
)
from sandbox.infor.refusals import NokError
from sandbox.infor.tenant import Tenant

_PAYMENT_SERIES = "600"
_GENERAL = "0"


def check_lines(tenant: Tenant, batch: Batch, parms: list[str]) -> list[PaymentLine]:
    """Check the lines of a batch as CtrlBatch, UpdBatch and the posting do; raises NokError.

    The lines of a batch that CtrlBatch re-opened are not held against what is outstanding: that is the
    way a payment gets into the ledger twice.
    """
    planned: dict[tuple[str, ...], int] = {}
    payments = [read_parm(parm) for parm in parms]
    for payment in payments:
        before = planned.get(payment.invoice_key, 0)
        _check_line(tenant, batch, payment, before)
        planned[payment.invoice_key] = before + payment.cents
    return payments


def _check_line(tenant: Tenant, batch: Batch, payment: PaymentLine, planned_cents: int) -> None:
    books = tenant.books
    invoice = books.invoices.get(payment.invoice_key)
    if invoice is None:
        raise NokError("GL84012", "SINO", payment.number)
    if invoice.stopped_on is not None:
        raise NokError("GL84005", "SINO", payment.number)
    if invoice.payment_status == IN_PROPOSAL:
        raise NokError("GL84006", "SINO", payment.number)
    if payment.currency != invoice.currency:
        raise NokError("GL84007", "CUCD", payment.currency)
    if books.closed_until is not None and payment.accounting_date <= books.closed_until:
        raise NokError("GL84010", "ACDT", payment.accounting_date.isoformat())
    same_sign = (payment.cents > 0) == (invoice.cents > 0)
    if same_sign == _is_void(tenant, batch.interface) or (planned_cents and not same_sign):
        raise NokError("GL84009", "CUAM", payment.number)
    if not same_sign:
        _find_paid(invoice, payment)
    elif abs(payment.cents + planned_cents) > abs(invoice.open_cents) and not batch.reopened:
        raise NokError("GL84008", "CUAM", payment.number)


def settle(tenant: Tenant) -> None:
    """Post every hand-over whose time has come; a refused or sticking one never gets a payment row."""
    jobs = tenant.books.jobs
    if not jobs:
        return
    now = tenant.now()
    due = sorted((job for job in jobs if job.due_at <= now), key=lambda job: job.due_at)
    for job in due:
        jobs.remove(job)
        _finish(tenant, job)


def pay_inside(tenant: Tenant, invoice: Invoice, cents: int | None = None) -> None:
    """Pay `cents`, or all that is outstanding, by M3's own payment run, as a person would."""
    today = tenant.now().date()
    line = PaymentLine(
        division=invoice.division,
        supplier=invoice.supplier,
        payee=invoice.payee,
        number=invoice.number,
        year=str(invoice.year),
        check_number="",
        cents=invoice.open_cents if cents is None else cents,
        currency=invoice.currency,
        paid_on=today,
        accounting_date=today,
        text="M3 payment run",
    )
    _write(tenant, invoice.division, [(line, invoice, 0, None)])


def _finish(tenant: Tenant, job: Job) -> None:
    """Post a hand-over; M3 keeps a voucher it refuses for a person (GLS037, GLS047)."""
    batch = job.batch
    posted = not batch.sticks
    try:
        payments = check_lines(tenant, batch, job.parms)
    except NokError:
        posted = False
    else:
        if posted:
            _post(tenant, batch, payments)
    if batch.state != "handed_over":
        return  # re-opened meanwhile: the batch stays, and could be handed over again
    batch.state = "posted" if posted else "stuck"
    batch.gone_at = job.due_at
    tenant.books.live_batches.pop((batch.division, batch.key1), None)


def _post(tenant: Tenant, batch: Batch, payments: list[PaymentLine]) -> None:
    entries: list[tuple[PaymentLine, Invoice, int, PaymentRow | None]] = []
    for payment in payments:
        invoice = tenant.books.invoices[payment.invoice_key]
        if _is_void(tenant, batch.interface):
            taken_back = _find_paid(invoice, payment)
            taken_back.reversed = True
            entries.append((payment, invoice, -taken_back.discount_cents, taken_back))
        else:
            entries.append((payment, invoice, _write_off(invoice, payment.cents), None))
    _write(tenant, batch.division, entries)


def _write(tenant: Tenant, division: str, entries: list[tuple[PaymentLine, Invoice, int, PaymentRow | None]]) -> None:
    """Write one voucher for all entries (line, invoice, discount, payment taken back) and the ledger rows."""
    books = tenant.books
    accounting_date = entries[0][0].accounting_date
    year = accounting_date.year
    journal = books.next_journal(division, year)
    number = books.next_number(division, year, _PAYMENT_SERIES)
    lines: list[VoucherLine] = []
    today = tenant.now().date()
    for payment, invoice, discount, taken_back in entries:
        sequence = len(lines) + 1
        row = PaymentRow(
            row=(year, journal, sequence),
            series=_PAYMENT_SERIES,
            number=number,
            cents=payment.cents,
            discount_cents=discount,
            accounting_date=accounting_date,
            text=payment.text,
            changed_on=today,
            reversal=taken_back is not None,
        )
        lines += _voucher_lines(sequence, payment, discount)
        books.add_payment(invoice, row)
        _move_balance(tenant, invoice, payment.cents + discount, today)
    books.add_voucher(
        Voucher(
            division=division,
            year=year,
            series=_PAYMENT_SERIES,
            number=number,
            journal=journal,
            accounting_date=accounting_date,
            currency=entries[0][1].currency,
            lines=lines,
        )
    )


def _voucher_lines(sequence: int, payment: PaymentLine, discount: int) -> list[VoucherLine]:
    lines = [
        _line(sequence, PAYMENT, CONTROL_ACCOUNT, payment.cents, payment.text),
        _line(sequence + 1, _GENERAL, BANK_ACCOUNT, -payment.cents),
    ]
    if discount:
        lines += [
            _line(sequence + 2, _GENERAL, CONTROL_ACCOUNT, discount, "Cash discount"),
            _line(sequence + 3, _GENERAL, DISCOUNT_ACCOUNT, -discount, "Cash discount"),
        ]
    return lines


def _line(sequence: int, trcd: str, account: str, cents: int, text: str = "") -> VoucherLine:
    codes = (account, "", "", "", "", "", "")
    return VoucherLine(sequence, trcd, codes, cents, "D" if cents > 0 else "C", text)


def _write_off(invoice: Invoice, cents: int) -> int:
    """Tell the discount M3 writes off: what the net leaves open, when the discount terms cover it."""
    left = invoice.open_cents - cents
    allowed = abs(invoice.discount_cents) - sum(abs(held.discount_cents) for held in _standing(invoice))
    same_sign = (left > 0) == (invoice.cents > 0)
    return left if left and same_sign and abs(left) <= allowed else 0


def _move_balance(tenant: Tenant, invoice: Invoice, cents: int, today: date) -> None:
    invoice.paid_cents += cents
    invoice.changed_at = tenant.now()
    closed = invoice.open_cents == 0
    invoice.closed_on = today if closed else None
    invoice.payment_status = PAID if closed else "0"


def _find_paid(invoice: Invoice, payment: PaymentLine) -> PaymentRow:
    """Find the payment a negated line takes back: same amount, and the same payment id when there is one."""
    fitting = [held for held in _standing(invoice) if held.cents == -payment.cents]
    if not fitting:
        raise NokError("GL84011", "CUAM", payment.number)
    words = payment.text.split()[:1]
    return next((held for held in fitting if held.text.split()[:1] == words), fitting[0])


def _standing(invoice: Invoice) -> list[PaymentRow]:
    return [held for held in invoice.payments if not held.reversal and not held.reversed]


def _is_void(tenant: Tenant, interface: str) -> bool:
    return bool(interface) and interface == tenant.options.void_interface
