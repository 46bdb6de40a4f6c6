"""What is still to be told, given what stands and what was told; pure."""

from base64 import b32encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from domain.ports.alerts import END, RAISE, STANDING, Entry, Move
from tieout.alerts.standing import KIND_NAMES, Alert

FIRST_BACK_OFF = timedelta(seconds=30)
LONGEST_BACK_OFF = timedelta(hours=1)
_DOUBLINGS = 10  # beyond them every try is LONGEST_BACK_OFF apart


def moves(
    entries: Sequence[Entry], standing: Mapping[str, Alert], channels: Collection[str], *, now: datetime
) -> list[Move]:
    """Give the moves that bring the book to what stands; entries in a sender's hand are left to the next look.

    An alert that ended before anybody tried to tell it is forgotten; once a try began it may have arrived, so that
    its end is told, too.
    """
    known = {(entry.channel, entry.name): entry for entry in entries}
    found = [
        Move(entry=None, to=RAISE, fresh=_fresh(channel, alert, now))
        for channel in channels
        for alert in standing.values()
        if (channel, alert.name) not in known
    ]
    for entry in entries:
        if entry.channel in channels and (entry.claimed_until is None or entry.claimed_until <= now):
            found.extend(_moved(entry, standing.get(entry.name), now))
    return found


def _moved(entry: Entry, alert: Alert | None, now: datetime) -> Iterator[Move]:
    match entry.phase, alert:
        case "raise", None:
            yield Move(entry=entry, to=END if entry.attempts else "")
        case "standing", None:
            yield Move(entry=entry, to=END)
        case "end", Alert() if entry.attempts:  # its end may have arrived: it is told as a new one
            yield Move(entry=entry, to=RAISE, fresh=_fresh(entry.channel, alert, now))
        case "end", Alert():
            yield Move(entry=entry, to=STANDING)


def _fresh(channel: str, alert: Alert, now: datetime) -> Entry:
    mark = sha256(f"{alert.name}|{now.isoformat()}".encode()).digest()
    return Entry(
        channel=channel,
        name=alert.name,
        phase=RAISE,
        id="A-" + b32encode(mark).decode()[:10],
        body=msgspec.json.encode(alert),
        raised_at=now,
        due_at=now,
    )


def back_off(attempts: int) -> timedelta:
    """Give the wait after so many tries that failed."""
    doublings: int = 2 ** min(attempts - 1, _DOUBLINGS)
    return min(LONGEST_BACK_OFF, FIRST_BACK_OFF * doublings)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One alert within a message. state: raised or ended; a receiver tells repeats by `id` and `state`."""

    id: str
    state: str
    kind: str
    connection: str
    record: str
    count: int
    title: str
    mend: str
    since: datetime


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out in one piece; as JSON it is the documented body of the webhook."""

    version: int = 1
    sent_at: datetime
    text: str
    alerts: tuple[Item, ...]

    @property
    def id(self) -> str:
        """The same for the same alerts in the same states, whoever tells them and how often."""
        return sha256(" ".join(f"{item.id} {item.state}" for item in self.alerts).encode()).hexdigest()[:32]


def message(entries: Sequence[Entry], *, now: datetime) -> Message:
    """Write the message that tells these entries."""
    items = tuple(_item(entry) for entry in entries)
    return Message(sent_at=now, text=subject(items), alerts=items)


def subject(items: Sequence[Item]) -> str:
    """Say it in one line."""
    first = items[0]
    word = "over: " if first.state == "ended" else ""
    more = f" and {len(items) - 1} more" if len(items) > 1 else ""
    kind = KIND_NAMES.get(first.kind, first.kind)
    return f"tieout: {word}{first.connection} {first.record} is {kind}{more}"


def plain_text(told: Message) -> str:
    """Write a message for people."""
    parts = []
    for item in told.alerts:
        head = "OVER" if item.state == "ended" else "ALERT"
        count = f" ({item.count} records)" if item.count > 1 else ""
        since = item.since.isoformat(timespec="seconds")
        lines = [f"{head} {item.id} {item.connection}: {item.title}{count}", f"  {item.record}, since {since}"]
        parts.append("\n".join(lines if item.state == "ended" else [*lines, f"  {item.mend}"]))
    return "\n\n".join(parts) + "\n"


def _item(entry: Entry) -> Item:
    alert = msgspec.json.decode(entry.body, type=Alert)
    state = "ended" if entry.phase == END else "raised"
    return Item(id=entry.id, state=state, **msgspec.structs.asdict(alert))
