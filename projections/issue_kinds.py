"""Kinds of issues: what each says to a person, how it is mended, and which are urgent."""

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """A kind of cause. mend: what a person does about it."""

    title: str
    mend: str
    urgent: bool = False


KINDS: dict[str, Kind] = {
    "supplier-refused": Kind("AvidXchange refuses suppliers", "Correct the field in Infor, or retry the issue."),
    "supplier-excluded": Kind(
        "AvidXchange excludes suppliers", "Ask AvidXchange why, have them enrolled, then retry the issue."
    ),
    "ledger-code-refused": Kind(
        "AvidXchange refuses ledger codes, or holds them otherwise",
        "Correct the code in Infor or at AvidXchange, then retry the issue.",
    ),
    "ledger-code-only-there": Kind(
        "AvidXchange has ledger codes that Infor does not list",
        "Take them out of use at AvidXchange, or add them in Infor, so that nobody codes to what M3 refuses.",
    ),
    "invoice-held": Kind("Invoices are held", "Correct what the reason names in Infor, or retry the issue."),
    "invoice-image-missing": Kind(
        "Invoices wait for their image", "Attach a usable image in Infor Document Management; the rest follows."
    ),
    "invoice-refused": Kind("AvidXchange refuses invoices", "Correct the field in Infor, or retry the issue."),
    "invoice-found-twice": Kind(
        "Invoices are live twice at AvidXchange", "Void one of the two at AvidXchange before it is paid.", urgent=True
    ),
    "invoice-found-different": Kind(
        "AvidXchange holds other invoices under our ids",
        "Compare both; void the wrong one there, then retry the issue.",
    ),
    "invoice-forgotten": Kind(
        "AvidXchange holds invoices that a restored store forgot",
        "Mostly the next poll of Infor names them. If M3 has the invoice under another key, void this one at"
        " AvidXchange, or leave it there and keep the other one held.",
    ),
    "invoice-at-risk": Kind(
        "Invoices live at AvidXchange may be paid in Infor too",
        "Take the invoice out of M3's payment run, or void it at AvidXchange. UNDERPAID: M3 took less off than was"
        " posted; book there what lacks, a discount say, before it pays the rest.",
        urgent=True,
    ),
    "invoice-key-changed": Kind(
        "Invoices came back under another key",
        "The new key is never sent by itself. Decide which one is right: correct the other back in M3, or void what"
        " was sent and enter the new one at AvidXchange; then resolve the issue.",
    ),
    "invoice-rejected": Kind(
        "AvidXchange rejected invoices", "Read the reason there, correct it, then retry the issue."
    ),
    "invoice-changed-live": Kind(
        "Invoices that AvidXchange has look otherwise in Infor than we knew them",
        "Compare with what AvidXchange holds: void there and send again, or accept what was sent.",
    ),
    "invoice-answered-late": Kind(
        "Receipts came after the doubt was settled", "Look at AvidXchange for a second invoice.", urgent=True
    ),
    "payment-held": Kind("Payments cannot be posted", "Clear what the reason names, then retry the issue."),
    "payment-status-unknown": Kind(
        "Payments have a status or method nobody knows", "Add it to the settings, or ask AvidXchange what it means."
    ),
    "payment-changed": Kind(
        "Payments changed after they were settled", "Compare with what was posted; correct it in Infor by hand."
    ),
    "payment-card-number-dropped": Kind(
        "AvidXchange sent more or less than four digits of a card",
        "Nothing of it was kept: it may have been a card number. Ask AvidXchange to send four digits only.",
    ),
    "reversal-by-hand": Kind(
        "Payments were reversed and must be reversed in Infor",
        "Reverse the voucher in M3, unless it shows the reversal already (the same KEY1 with R for T, also in GLS840:"
        " post or delete it there), then say so. After a restore every voucher of the payment is meant, whatever its"
        " KEY1; what sticks in GLS037 is deleted there.",
    ),
    "posting-reversal-absent": Kind(
        "A reversal is not in Infor, its voucher still is",
        "Reverse the voucher in M3, unless it shows the reversal after all (the same KEY1 with R for T), then resolve"
        " the issue with --voucher; what waits for the reversal follows. After a restore the voucher may stand under"
        " a later KEY1 of its payment.",
    ),
    "posting-refused": Kind("Infor refuses postings", "Correct what M3 names, then retry the issue."),
    "posting-held": Kind(
        "Postings are held",
        "Clear what the reason names in Infor, then retry the issue; what was booked by hand, resolve with --voucher.",
    ),
    "posting-waits-in-infor": Kind(
        "Postings wait inside M3",
        "Look into GLS037 and GLS047: the voucher is not made yet; or into the invoice's payments, when the reason says"
        " that rows cannot be seen or differ.",
    ),
    "posting-at-desk": Kind(
        "Nobody knows whether Infor booked postings",
        "Look in M3 as said, then resolve the doubt. After a restore a posting is absent only when M3 has no voucher"
        " of its payment, under whatever KEY1, in GLS037 neither.",
        urgent=True,
    ),
    "first-posting": Kind(
        "The first posting waits for your word",
        "Look at its voucher in M3; resolve the issue to let the others follow.",
    ),
    "errand-failed": Kind(
        "A remote does not take or give what is asked of it",
        "Mend what the text names: the account's rights, the credentials, an address in the settings; where the remote"
        " is at fault, tell those who run it. The work stays due and is tried again; the next try that works closes"
        " this.",
    ),
    "poll-failed": Kind("A flow cannot be read", "Mend what the text names; the next poll that works closes this."),
    "poll-record-malformed": Kind(
        "Records cannot be read",
        "Correct each record at its source: the poll that reads it well closes this. Of a record that is listed no"
        " more nothing is read: resolve the issue.",
    ),
    "dead-letter": Kind(
        "The broker gave messages up",
        "No work is lost. See that every process runs the same version and nothing else writes to the queues, then"
        " resolve it.",
    ),
    "store-went-back": Kind(
        "The store was restored or went back in time",
        "See that the doubts it left are settled, older ones too: a posting is absent only when M3 has no voucher of"
        " its payment, under whatever KEY1, in GLS037 neither. Then resolve it.",
        urgent=True,
    ),
}
