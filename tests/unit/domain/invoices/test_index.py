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


def decide(*events: Event, added: str, dropped: str = "", anew: bool = False) -> tuple[tuple[Event, ...], ...]:
    index = given(events, fold=fold).state
    return decide_tracked(
        index, division="AAA", generation=1, added=frozenset(added), dropped=frozenset(dropped), anew=anew
    )


def test_only_the_difference_is_recorded() -> None:
    assert decide(tracked(("a", "b")), added="bc", dropped="ad") == ((), (tracked(("c",), ("a",)),), ())
    assert decide(tracked(("a",)), added="a", dropped="b") == ((), (), ())


def test_what_others_track_meanwhile_stays_tracked() -> None:
    assert decide(tracked(("a", "b")), added="", dropped="a") == ((), (tracked((), ("a",)),), ())
    assert decide(tracked(("a",)), added="a", dropped="a") == ((), (), ())


def test_what_is_tracked_already_is_named_anew_on_demand() -> None:
    assert decide(tracked(("a", "b")), added="a", anew=True) == ((), (tracked(("a",)),), ())


def test_a_full_generation_is_followed_by_one_that_begins_with_everything() -> None:
    history = [tracked((str(n),)) for n in range(TURN_AFTER)]
    turned = InvoiceIndexTurned(division="AAA", generation=2)
    whole = tracked(tuple(sorted({*"ab", *(str(n) for n in range(10, TURN_AFTER))})))
    last = tracked(("a", "b"), tuple("0123456789"))
    assert decide(*history, added="ab", dropped="0123456789") == ((turned,), (last,), (whole,))
    assert decide(*history[1:], added="a") == ((), (tracked(("a",)),), ())
    assert generation_of(recorded([turned])) == 2
    assert generation_of([]) == 1


def test_other_facts_and_other_divisions_change_nothing() -> None:
    stranger = IssueResolved(cause="c", person="ann", reason="r")
    assert fold(recorded([tracked(("a",)), stranger])).tracked == {"a"}
    streams = {root_stream(CONNECTION, d) for d in "AB"} | {generation_stream(CONNECTION, d, 1) for d in "AB"}
    assert len(streams) == 4
