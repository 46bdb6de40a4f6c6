"""What an errand says once and not again: that its call does not work, and that it works again."""

from datetime import datetime, timedelta

from domain.errands.decisions import MOST_TEXTS, RETRY, STOP, decide_failed, decide_recovered, failure
from domain.errands.events import ErrandFailed, ErrandRecovered
from domain.event import Event
from tests.unit.domain.suppliers.story import START, recorded

NO_RIGHT = ErrandFailed(errand="submit_invoices", flow="invoices", verdict=STOP, text="403")
NO_LOGIN = ErrandFailed(errand="submit_invoices", flow="invoices", verdict=STOP, text="401")
DOWN = ErrandFailed(errand="submit_invoices", flow="invoices", verdict=RETRY, text="503")
SLOW = ErrandFailed(errand="submit_invoices", flow="invoices", verdict=RETRY, text="no answer in time")
AGAIN = ErrandRecovered(errand="submit_invoices", flow="invoices")
SOON = START + timedelta(minutes=2)


def failed(past: list[Event], event: ErrandFailed) -> bool:
    said = decide_failed(recorded(past), errand=event.errand, flow=event.flow, verdict=event.verdict, text=event.text)
    assert said in ((), (event,))
    return bool(said)


def recovered(past: list[Event], *, tried: bool, now: datetime = SOON) -> bool:
    said = decide_recovered(recorded(past), errand="submit_invoices", flow="invoices", tried=tried, now=now)
    assert said in ((), (AGAIN,))
    return bool(said)


def test_what_a_person_must_mend_is_said_once_in_the_same_words_until_it_works() -> None:
    assert failed([], NO_RIGHT)
    assert not failed([NO_RIGHT], NO_RIGHT)
    assert failed([NO_RIGHT], NO_LOGIN)
    assert not failed([NO_RIGHT, NO_LOGIN], NO_RIGHT)
    assert failed([NO_RIGHT, AGAIN], NO_RIGHT)


def test_a_fault_that_may_pass_is_said_once_in_any_words() -> None:
    assert failed([], DOWN)
    assert not failed([DOWN], SLOW)
    assert not failed([NO_RIGHT], DOWN)
    assert failed([DOWN], NO_RIGHT)


def test_words_that_differ_at_every_try_do_not_fill_the_log() -> None:
    past: list[Event] = []
    for number in range(50):
        event = ErrandFailed(errand="submit_invoices", flow="invoices", verdict=STOP, text=f"403, request {number}")
        past += [event] if failed(past, event) else []
    assert len(past) == MOST_TEXTS


def test_it_works_again_is_said_once_and_only_after_a_failure() -> None:
    assert not recovered([], tried=True)
    assert recovered([NO_RIGHT], tried=True)
    assert not recovered([NO_RIGHT, AGAIN], tried=True)
    assert failure(recorded([NO_RIGHT, DOWN])) == DOWN
    assert failure(recorded([NO_RIGHT, AGAIN])) is None


def test_a_first_try_that_works_ends_what_a_person_mends_but_not_at_once_what_may_be_one_record() -> None:
    assert recovered([NO_RIGHT], tried=False)
    assert not recovered([DOWN], tried=False)
    assert recovered([DOWN], tried=True)
    assert recovered([DOWN], tried=False, now=SOON + timedelta(hours=1))
