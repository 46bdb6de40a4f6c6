"""The index of invoices that polls look at again."""

from uuid import UUID

from domain.event import Event
from domain.invoices.events import InvoiceIndexTurned, InvoicesTracked
from domain.invoices.index import TURN_AFTER, decide_tracked, fold, generation_of, generation_stream, root_stream
from domain.issues.events import IssueResolved
from tests.support.history import given, recorded

CONNECTION = UUID("00000000-0000-4000-8000-0000000000c0")


def tracked(added: tuple[str, ...], dropped: tuple[str, ...] = ()) -> Event:
    return InvoicesTracked(division="AAA", added=added, dropped=dropped)


def decide(*events: Event, now: frozenset[str]) -> tuple[tuple[Event, ...], ...]:
    return decide_tracked(given(events, fold=fold).state, division="AAA", generation=1, tracked=now)


def test_only_the_difference_is_recorded() -> None:
    assert decide(tracked(("a", "b")), now=frozenset({"b", "c"})) == ((), (tracked(("c",), ("a",)),), ())
    assert decide(tracked(("a",)), now=frozenset({"a"})) == ((), (), ())


def test_a_full_generation_is_followed_by_one_that_begins_with_everything() -> None:
    history = [tracked((str(n),)) for n in range(TURN_AFTER)]
    turned = InvoiceIndexTurned(division="AAA", generation=2)
    assert decide(*history, now=frozenset({"b", "a"})) == ((turned,), (), (tracked(("a", "b")),))
    assert generation_of(recorded([turned])) == 2
    assert generation_of([]) == 1


def test_other_facts_and_other_divisions_change_nothing() -> None:
    stranger = IssueResolved(cause="c", person="ann", reason="r")
    assert fold(recorded([tracked(("a",)), stranger])).tracked == {"a"}
    streams = {root_stream(CONNECTION, d) for d in "AB"} | {generation_stream(CONNECTION, d, 1) for d in "AB"}
    assert len(streams) == 4
