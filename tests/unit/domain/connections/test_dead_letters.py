"""Dead letters as facts: said once a day per queue and cause."""

from datetime import timedelta

from domain.connections.dead_letters import SAID_FOR, dead_letter_stream, decide_dead_letter
from domain.connections.events import DeadLetterFound
from tests.support.history import CONNECTION, START, recorded

LETTER = DeadLetterFound(queue="send-suppliers", cause="unreadable", text="?")
OTHER = DeadLetterFound(queue="send-suppliers", cause="rejected", text="?")


def test_the_first_dead_letter_is_recorded() -> None:
    assert decide_dead_letter([], LETTER, now=START) == (LETTER,)


def test_the_next_ones_are_not_until_a_day_has_passed() -> None:
    history = recorded([LETTER])
    assert decide_dead_letter(history, LETTER, now=START + SAID_FOR - timedelta(seconds=1)) == ()
    assert decide_dead_letter(history, LETTER, now=START + SAID_FOR) == (LETTER,)


def test_another_cause_is_another_matter() -> None:
    assert dead_letter_stream(CONNECTION, LETTER) != dead_letter_stream(CONNECTION, OTHER)
