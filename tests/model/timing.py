"""The clock of the models: whole ticks, every bound inclusive, and one tick of margin where the page asks for it."""

DEADLINE = 1  # the sender may write its last byte up to this many ticks after its intent
CALL = 1  # a remote takes a request at most this long after its last byte
LAG = 1  # what was written is found by a look-up at most this long afterwards
PROCESSING = 1  # after a restore only: an upper bound of how long a batch stays unclosed
MARGIN = 1  # "not before" means one tick after the bound, for the bounds are inclusive
SETTLE = CALL + LAG + MARGIN
TRUSTED = DEADLINE + SETTLE  # ticks after an intent from which an empty look-up counts
GAP = LAG + MARGIN  # ticks between the last answer of one empty look-up and the start of the next
HOLD = DEADLINE + SETTLE + PROCESSING  # how long a restored store holds its money writes


def older(age: int, limit: int) -> int:
    """Return the age one tick later, never beyond the limit, for no rule looks further."""
    return age + 1 if age < limit else limit
