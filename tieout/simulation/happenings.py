"""What the world does on its own while errands run: people in M3, AvidXchange's people, operators, the store's fate."""

from enum import StrEnum


class Happening(StrEnum):
    """One event outside the program; it falls into the middle of whatever runs."""

    NEW_INVOICE = "an invoice is approved"
    PAID = "AvidXchange settles a payment"
    OPEN_FIRST = "a payment is reported before it is settled"
    VOIDED = "a payment is voided"
    REPLACED = "a payment is voided and replaced"
    REPAID_OTHERWISE = "a settled payment's method and number change"
    REMITTANCE_CHANGED = "a settled payment's remittances change"
    UNKNOWN_INVOICE_PAID = "a payment of an invoice nobody submitted"
    REJECTED = "AvidXchange rejects an invoice"
    VOID_INVOICE = "an invoice is voided at AvidXchange"
    PAID_BY_M3 = "M3 pays an invoice itself"
    PROPOSED = "an invoice enters a payment proposal in M3"
    PROPOSAL_GONE = "the proposal is taken back"
    STOPPED = "a payment stop is set in M3"
    STOP_GONE = "the payment stop is lifted"
    UNAPPROVED = "an approval is taken back"
    CHANGED = "an invoice's amount changes in M3"
    KEY_CHANGED = "an invoice's number is corrected in M3"
    SUPPLIER_CHANGED = "a supplier changes"
    SUPPLIER_BLOCKED = "a supplier is blocked"
    SUPPLIER_UNBLOCKED = "the suppliers are unblocked"
    SUPPLIER_MERGED = "a supplier is merged into another"
    CODE_BLOCKED = "an account is blocked"
    PERIOD_CLOSED = "the period is closed"
    PERIOD_OPENED = "the period is opened again"
    STUCK = "the next voucher sticks inside M3"
    REFUSED = "the next voucher comes back to GLS840"
    CORRECTED = "a person corrects the next voucher by hand"
    BATCH_DELETED = "a person deletes a GLS840 batch"
    STUCK_BOOKED = "a stuck voucher is booked after all"
    CLOCK_AHEAD = "a process's clock jumps ahead"
    CLOCK_BEHIND = "a process's clock falls behind"
    RESTORED = "the store is restored from a backup"
    REFOLDED = "the table of due work is dropped and folded again"
    DEPLOYED = "every process is replaced"
    OPERATOR = "an operator works through what is open"
    TWO_OPERATORS = "two operators work at once"
    STORM = "both remotes answer 429 for ten minutes"
    TIME_PASSES = "a quarter of an hour passes"
    VOID_TAKEN_BACK = "a void is taken back"
    VOUCHER_TAKEN_BACK = "a person takes a voucher back in M3"
    REST_PAID_BY_M3 = "M3 pays the rest of an invoice itself"


# What came later is thrown for apart: the throws of older seeds stay as they were.
THROWN_APART = (Happening.VOID_TAKEN_BACK, Happening.VOUCHER_TAKEN_BACK, Happening.REST_PAID_BY_M3)
