"""The second look of each invoice poll: every tracked invoice is read in Infor again, listed as changed or not."""

from collections.abc import Iterable
from uuid import UUID

from actors.errands.invoice_reading import Subject, chunks, look_at
from actors.errands.polling import Poll
from actors.errands.streams import invoice_stream
from actors.settle import History, appended
from domain.event import Append
from domain.identifiers import InvoiceKey
from domain.invoices import index
from domain.invoices.invoice import fold

LOAD_AT_ONCE = 500


def recheck_invoices(poll: Poll, seen: dict[str, bool]) -> None:
    """Look at every division's tracked invoices again, in bulk across divisions, and bring the indexes up to date.

    seen: what the listing looked at already, by ExternalId, with whether it stays tracked.
    """
    tracked = {division: _tracked(poll, division) for division in poll.tools.rules.divisions}
    everything = frozenset().union(*tracked.values())
    looked: dict[str, bool] = {}
    for chunk in chunks(list(_subjects(poll, sorted(everything - set(seen))))):
        looked |= look_at(poll, chunk)
    news = looked | seen
    for division, before in tracked.items():
        here = {key: stays for key, stays in news.items() if _division(key) == division}
        standing = dict.fromkeys(before, True) | here
        _keep(poll, division, frozenset(key for key, stays in standing.items() if stays))


def track_first(poll: Poll, keys: Iterable[InvoiceKey]) -> None:
    """Track invoices before anything is recorded of them.

    Else a poll that dies in between leaves one that can be sent, and that nobody looks at once Infor lists it no more.
    """
    listed: dict[str, set[str]] = {}
    for key in keys:
        listed.setdefault(key.division, set()).add(key.external_id)
    for division, new in sorted(listed.items()):
        poll.flush()
        before = _tracked(poll, division)
        if new - before:
            _keep(poll, division, before | new)


def _tracked(poll: Poll, division: str) -> frozenset[str]:
    connection = poll.tools.connection
    root = index.root_stream(connection, division)
    generation = index.generation_of(poll.tools.log.load([root])[root])
    stream = index.generation_stream(connection, division, generation)
    return frozenset(index.fold(poll.tools.log.load([stream])[stream]).tracked)


def _division(external_id: str) -> str:
    key = InvoiceKey.parse(external_id)
    return key.division if key is not None else ""


def _subjects(poll: Poll, external_ids: list[str]) -> Iterable[Subject]:
    keys = [key for key in map(InvoiceKey.parse, external_ids) if key is not None]
    for at in range(0, len(keys), LOAD_AT_ONCE):
        streams = {key: invoice_stream(poll.tools.connection, key) for key in keys[at : at + LOAD_AT_ONCE]}
        histories = poll.tools.log.load(list(streams.values()))
        for stream in streams.values():
            state = fold(histories[stream])
            moved = state.moved_to is not None and not state.at_large
            if state.head is not None and not moved:
                yield Subject(head=state.head, state=state, listed=False)


def _keep(poll: Poll, division: str, tracked: frozenset[str]) -> None:
    """Record the difference to the index; the last facts of a division's poll."""
    connection = poll.tools.connection
    root = index.root_stream(connection, division)
    generation = index.generation_of(poll.tools.log.load([root])[root])
    here, following = (index.generation_stream(connection, division, number) for number in (generation, generation + 1))

    def decide(history: History) -> list[Append]:
        if index.generation_of(history[root]) != generation:
            return []  # another poll turned the page meanwhile; the next one brings the index up to date
        parts = index.decide_tracked(
            index.fold(history[here]), division=division, generation=generation, tracked=tracked
        )
        places: tuple[UUID, ...] = (root, here, following)
        return [appended(history[s], s, *events) for s, events in zip(places, parts, strict=True)]

    poll.record([root, here, following], decide)
