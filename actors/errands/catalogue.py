"""The catalogue of errands and polls by name: what the relay may ring and a queue is named after."""

from collections.abc import Callable

from actors.errands.close_invoices import close_invoices
from actors.errands.confirm_posting import confirm_posting
from actors.errands.fetch_images import fetch_images
from actors.errands.look_up_invoices import look_up_invoices
from actors.errands.plan_reversal import plan_reversal
from actors.errands.poll_invoice_statuses import poll_invoice_statuses
from actors.errands.poll_invoices import poll_invoices
from actors.errands.poll_ledger_codes import poll_ledger_codes
from actors.errands.poll_payments import poll_payments
from actors.errands.poll_suppliers import poll_suppliers
from actors.errands.post_payment import post_payment
from actors.errands.send_ledger_codes import send_ledger_codes
from actors.errands.send_postings import resume_posting, send_postings
from actors.errands.send_suppliers import send_suppliers
from actors.errands.submit_invoices import submit_invoices
from actors.tools import Tools

ERRANDS: dict[str, Callable[[Tools], int]] = {
    "send_suppliers": send_suppliers,
    "send_ledger_codes": send_ledger_codes,
    "fetch_images": fetch_images,
    "submit_invoices": submit_invoices,
    "look_up_invoices": look_up_invoices,
    "close_invoices": close_invoices,
    "post_payment": post_payment,
    "send_postings": send_postings,
    "resume_posting": resume_posting,
    "confirm_posting": confirm_posting,
    "plan_reversal": plan_reversal,
}

POLLS: dict[str, Callable[[Tools], bool]] = {
    "poll_suppliers": poll_suppliers,
    "poll_ledger_codes": poll_ledger_codes,
    "poll_invoices": poll_invoices,
    "poll_invoice_statuses": poll_invoice_statuses,
    "poll_payments": poll_payments,
}

UPSERTS = frozenset({"send_suppliers", "send_ledger_codes"})  # no intent: the claim alone keeps a second PUT away
LOOK_UPS = frozenset({"look_up_invoices", "resume_posting", "confirm_posting"})  # a pause lets them go on: they ask

FLOWS: dict[str, tuple[str, ...]] = {
    "suppliers": ("suppliers",),
    "ledger_codes": ("ledger_codes",),
    "invoices": ("invoices", "invoice_statuses"),
    "payments": ("payments",),
}
