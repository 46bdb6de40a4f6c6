"""I11: nothing personal, no card number and no bank account in facts, projections, messages or what people read."""

import re
from collections.abc import Iterator

from projections import issues
from projections.catalogue import ALL
from projections.sentences import sentence
from tieout.simulation.world import BANK_ACCOUNT, SECRET, World

CARD = re.compile(r"(?<![0-9A-Za-z-])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z-])")
BETWEEN = re.compile(r"[ .-]")
# Epoch milliseconds have thirteen digits, too.
WATERMARK = re.compile(r"""watermark=?"?:?['"][^'"]*['"]""")


def no_secret_anywhere(world: World) -> Iterator[str]:
    """I11: personal data only in its marked fields (kept from every text), no card number, no bank account."""
    for place, text in _texts(world):
        if SECRET.lower() in text.lower():
            yield f"{place} shows personal data"
        if BANK_ACCOUNT in BETWEEN.sub("", text):
            yield f"{place} shows a bank account"
        if any(_luhn(found) for found in CARD.findall(WATERMARK.sub("", text))):
            yield f"{place} holds what looks like a card number"


def _texts(world: World) -> Iterator[tuple[str, str]]:
    """Give what is kept and what is said, with where it is."""
    for recorded in world.history():
        yield recorded.event.TOPIC, f"{recorded.event!r} {sentence(recorded.event)}"
    for projection in ALL:
        for row in world.projections.rows(projection.name):
            yield f"projection {projection.name}", f"{row.data.decode()} {' '.join(row.terms)}"
    for issue in issues.listed(world.projections, world.connection):
        yield f"issue {issue.cause}", " ".join((issue.cause, issue.why, *(record.why for record in issue.records)))
    for message in world.messages:
        yield "a message of an errand", message


def _luhn(found: str) -> bool:
    digits = [int(character) for character in found if character.isdigit()]
    sums = [digit if place % 2 == 0 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(reversed(digits))]
    return sum(sums) % 10 == 0
