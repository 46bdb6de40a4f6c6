"""Calls to AvidXchange: signed, judged, and lists read page by page until they hold still."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

import msgspec

from adapters.avidxchange.auth import Auth, LogIn
from adapters.avidxchange.capabilities import LONGEST_QUERY_CHARACTERS
from adapters.avidxchange.errors import LOGIN, OK, read_error
from adapters.avidxchange.settings import AvidSettings
from adapters.avidxchange.wire import Page, read_page
from adapters.http import Remote
from adapters.http_messages import Deadline, Reply, Request
from domain.errors import TransientError

READINGS = 3  # of a list that moves while it is read
MOST_PAGES = 100_000
MOST_EMPTY_PAGES = 3  # in a row, within a list
JSON = "application/json"


class Gateway:
    """Everything that goes over the wire to one AvidXchange account. Thread-safe."""

    def __init__(self, settings: AvidSettings, auth: Auth, remote: Remote) -> None:
        self._settings = settings
        self._remote = remote
        self._login = LogIn(auth, send=remote.read)

    def get(self, url: str, *, accept: Callable[[Reply], None]) -> Reply:
        """Read; ask once more after a 401, with a fresh log-in where there is one: a single 401 may pass.

        Raises the port's read errors for anything but 200.
        """

        def judged(reply: Reply) -> None:
            if reply.status == OK:
                accept(reply)

        def read(headers: dict[str, str]) -> Reply:
            return self._remote.read(self._request("GET", url, headers), accept=judged)

        reply = self._signed(read, once_more=True)
        if reply.status != OK:
            raise read_error(reply)
        return reply

    def put(self, url: str, body: bytes, *, deadline: Deadline) -> Reply:
        """Upsert, no byte after `deadline`: one try, and one more after a 401 with a fresh log-in."""
        return self._signed(
            lambda headers: self._remote.upsert(self._request("PUT", url, headers, body), deadline=deadline)
        )

    def prepare(self) -> None:
        """Have the log-in and the rate budget of one money write ready. Raises TransientError."""
        self._login.headers()
        self._remote.reserve()

    def post_once(self, url: str, body: bytes, *, deadline: Deadline) -> Reply | None:
        """Send a money write; None when the log-in has lapsed, so that nothing was sent. Raises WriteFaultError."""
        headers = self._login.ready()
        if headers is None:
            return None
        reply = self._remote.write_once(self._request("POST", url, headers, body), deadline=deadline)
        if reply.status == LOGIN:
            self._login.drop(headers)
        return reply

    def pages(
        self, url: str, query: str, *, identify: Callable[[msgspec.Raw], str]
    ) -> Iterator[tuple[int, Page, list[msgspec.Raw]]]:
        """Give a list page by page: (number, page, records not given before in this very form).

        When the total changes between pages, a record changes or is missing at the end, the list moved and is read
        again from its first page, three times in all; then TransientError. identify: a record's id, "" when it
        cannot be told.
        """
        given: dict[str, int] = {}
        for reading in self._readings(identify):
            for number, page in self._read_through(url, query, reading):
                yield number, page, _news(page.items, identify, given)
            if reading.held_still:
                return

    def items(self, url: str, query: str, *, identify: Callable[[msgspec.Raw], str]) -> list[msgspec.Raw]:
        """Give the records of a list that held still while it was read, one shown twice once."""
        for reading in self._readings(identify):
            pages = [page for _, page in self._read_through(url, query, reading)]
            if reading.held_still:
                break
        given: dict[str, int] = {}
        return [raw for page in pages for raw in _news(page.items, identify, given)]

    def _readings(self, identify: Callable[[msgspec.Raw], str]) -> Iterator["_Reading"]:
        """Give reading after reading, for the caller to stop at one that held still; then raise TransientError."""
        before = None
        for _ in range(READINGS):
            reading = _Reading(identify, before)
            yield reading
            before = reading
        raise TransientError("AvidXchange's list changed each time it was read")

    def _read_through(self, url: str, query: str, reading: "_Reading") -> Iterator[tuple[int, Page]]:
        """Read a list once, page by page, up to its end or to where it is seen to move."""
        for number in range(1, MOST_PAGES):
            page = self._page(url, query, number)
            if not reading.take(page):
                return
            yield number, page
            if reading.over(number):
                return

    def _page(self, url: str, query: str, number: int) -> Page:
        read: list[Page] = []

        def accept(reply: Reply) -> None:
            read.append(read_page(reply))

        self.get(f"{url}?{query}&pageNumber={number}&pageSize={self._settings.page_size}", accept=accept)
        return read[-1]

    def _signed(self, call: Callable[[dict[str, str]], Reply], *, once_more: bool = False) -> Reply:
        """Call, and again after a 401 that a fresh log-in may help; once_more: also where there is none."""
        headers = self._login.headers()
        reply = call(headers)
        if reply.status == LOGIN and (self._login.drop(headers) or once_more):
            reply = call(self._login.headers())
        return reply

    def _request(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Request:
        described = {**headers, "Accept": JSON}
        if body is not None:
            described["Content-Type"] = f"{JSON}; charset=utf-8"
        label = url.partition("?")[0].removeprefix(self._settings.base_url)
        return Request(method=method, url=url, headers=described, body=body, label=label)


class _Reading:
    """One pass over a list's pages: notices that the list moved under it.

    Some lists show a record again on the next page, or an empty page within: whatever a page brings, the list held
    still when at its end every record that the total counts was seen. Without a total the same must come twice.
    """

    def __init__(self, identify: Callable[[msgspec.Raw], str], before: "_Reading | None") -> None:
        self.seen: list[int] = []  # every record in its order, to compare two readings
        self._identify = identify
        self._before = before
        self._moved = False
        self._odd = False  # something came twice, or a page before the last one was empty
        self._empty = 0  # pages in a row
        self._forms: dict[str, int] = {}
        self._nameless = 0
        self._total: int | None = None
        self._pages: int | None = None
        self._size: int | None = None

    @property
    def held_still(self) -> bool:
        """Whether the reading, now at its end, may be believed to show the whole list."""
        if self._moved:
            return False
        if self._total is not None:
            return len(self._forms) + self._nameless == self._total
        return not self._odd or (self._before is not None and self._before.seen == self.seen)

    def take(self, page: Page) -> bool:
        """Take the next page; False when it shows that the list moved."""
        self._moved = len({self._total, page.total} - {None}) > 1
        for raw in page.items:
            self._note(self._identify(raw), hash(bytes(raw)))
        self._empty = 0 if page.items else self._empty + 1
        self._total = page.total if page.total is not None else self._total
        self._pages = page.pages or self._pages
        self._size = page.size or self._size
        return not self._moved

    def over(self, number: int) -> bool:
        """Tell whether nothing more is to be read: the end, or too many empty pages to be one list."""
        pages = self._pages
        if pages is None and self._total is not None and self._size:
            pages = -(-self._total // self._size)
        if number >= (pages or 1):
            return True
        self._odd = self._odd or self._empty > 0
        self._moved = self._empty > MOST_EMPTY_PAGES
        return self._moved

    def _note(self, record: str, form: int) -> None:
        self.seen.append(form)
        if not record:
            self._nameless += 1
            return
        known = self._forms.get(record)
        if known is None:
            self._forms[record] = form
            return
        self._odd = True
        self._moved = self._moved or known != form


def ids_query(name: str, ids: Sequence[str]) -> str:
    """Write a query by ids; the commas between them stay, those within would be escaped."""
    return f"{name}={','.join(quote(one, safe='') for one in ids)}"


def in_calls(ids: Sequence[str], *, most: int) -> Iterator[list[str]]:
    """Cut ids into calls of at most `most` and a bounded address; an id with a comma goes alone."""
    call: list[str] = []
    length = 0
    for one in dict.fromkeys(ids):
        if "," in one:
            yield [one]
            continue
        size = len(quote(one, safe="")) + 1
        if call and (len(call) == most or length + size > LONGEST_QUERY_CHARACTERS):
            yield call
            call, length = [], 0
        call.append(one)
        length += size
    if call:
        yield call


def _news(
    items: Sequence[msgspec.Raw], identify: Callable[[msgspec.Raw], str], given: dict[str, int]
) -> list[msgspec.Raw]:
    """Leave out what an earlier reading of the same list gave in the same form."""
    news = []
    for raw in items:
        record = identify(raw)
        if not record or given.get(record) != hash(bytes(raw)):
            news.append(raw)
        if record:
            given[record] = hash(bytes(raw))
    return news
