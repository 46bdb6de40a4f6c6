"""The second look of each invoice poll: every tracked invoice is read in Infor again, listed as changed or not."""

from collections.abc import Iterable

from actors.errands.invoice_reading import Looked, Subject, chunks, look_at
from actors.errands.polling import Poll
from actors.errands.streams import invoice_stream
from actors.errands.tracking import changed, place_of, tracked
from actors.settle import History
from domain.event import Append
from domain.identifiers import InvoiceKey
from domain.invoices.decisions import stays_tracked
from domain.invoices.invoice import fold

LOAD_AT_ONCE = 500


def recheck_invoices(poll: Poll, seen: Looked) -> None:
    """Look at every division's tracked invoices again, in bulk across divisions, and bring the indexes up to date.

    seen: what the listing looked at already, by ExternalId, with what Infor said of it.
    """
    everything = frozenset().union(*(tracked(poll.tools, division) for division in poll.tools.rules.divisions))
    looked: Looked = {}
    for chunk in chunks(list(_subjects(poll, sorted(everything - {key.external_id for key in seen})))):
        looked |= look_at(poll, chunk)
    news = looked | seen
    for division in poll.tools.rules.divisions:
        _keep(poll, division, {key: said for key, said in news.items() if key.division == division})


def track_first(poll: Poll, keys: Iterable[InvoiceKey]) -> None:
    """Track invoices before anything is recorded of them.

    Else a poll that dies in between leaves one that can be sent, and that nobody looks at once Infor lists it no more.
    """
    listed: dict[str, set[str]] = {}
    for key in keys:
        listed.setdefault(key.division, set()).add(key.external_id)
    for division, new in sorted(listed.items()):
        poll.flush()
        if new - tracked(poll.tools, division):
            _add(poll, division, frozenset(new))


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


def _add(poll: Poll, division: str, new: frozenset[str]) -> None:
    place = place_of(poll.tools, division)
    poll.record(place.streams, lambda history: changed(poll.tools, place, history, added=new))


def _keep(poll: Poll, division: str, news: Looked) -> None:
    """Record what is tracked from now on, and what no more; the last facts of a division's poll.

    What is about to be dropped is judged by its newest history: AvidXchange may have turned out to hold it meanwhile.
    """
    place = place_of(poll.tools, division)
    streams = {key: invoice_stream(poll.tools.connection, key) for key, looked in news.items() if not looked.stays}

    def decide(history: History) -> list[Append]:
        gone = {k.external_id for k, s in streams.items() if not stays_tracked(fold(history[s]), news[k].ledger)}
        stay = {key.external_id for key in news} - gone
        return changed(poll.tools, place, history, added=frozenset(stay), dropped=frozenset(gone))

    poll.record([*place.streams, *streams.values()], decide)
