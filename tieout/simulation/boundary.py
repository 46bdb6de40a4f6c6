"""The boundary between a process and the world: every call of a port crosses it, and anything may happen there."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

from domain.errors import MalformedError, RefusedError, StoreError, TransientError
from tieout.simulation.fakes.paging import Pages
from tieout.simulation.faults import STEPS, Crash, Fault

Call = Callable[[], Any]
_RETRY_AFTER = 45.0
_NO_ANSWER = frozenset(
    {
        *(Fault.REQUEST_LOST, Fault.TAKEN_LATE, Fault.TAKEN_TWICE, Fault.DISK_FULL),
        *(Fault.TOO_MANY, Fault.UNAUTHORIZED),
        *(Fault.GATEWAY, Fault.HTML, Fault.BUSINESS_ERROR, Fault.REFUSED),
    }
)
_OF_PAGES = frozenset({Fault.PAGE_CUT, Fault.PAGE_REPEATED, Fault.PAGE_SHIFTED})


class Site(Protocol):
    """What a crossing needs of the world around it."""

    def cross(self, worker: str, step: str) -> tuple[int, Fault | None]:
        """Count a crossing, let world events happen, and give its number and its fault."""

    def struck(self, number: int) -> None:
        """Count the fault of a crossing: it made a difference; one that is only drawn does not count."""

    def others_work(self, worker: str, number: int) -> None:
        """Let other processes work for a moment; strikes when somebody did."""

    def stall(self, worker: str, number: int) -> None:
        """Let so much time pass that every deadline is over, while others work; always strikes."""

    def pause(self, number: int) -> None:
        """Let the time of a call pass."""

    def wait_out(self, step: str) -> None:
        """Let a call's whole timeout pass."""

    def take_late(self, number: int, call: Call, *, slowly: bool = False) -> None:
        """Let a call be taken after its sender gave up; slowly: taken and shown as late as it may be."""


def guarded(site: Site, worker: str, step: str, call: Call, *, go_out: Call = lambda: None) -> Any:
    """Cross with a call that is neither a money write nor paged: a read, an upsert, a store's.

    go_out: raises what keeps the call's first byte from being sent.
    """
    number, fault = site.cross(worker, step)
    if fault is None:
        go_out()
        site.pause(number)
        return call()
    _before(site, worker, number, fault)
    go_out()
    _refuse_to_answer(site, step, number, fault, call)
    site.pause(number)
    result = call()
    if fault in (Fault.RESPONSE_LOST, Fault.UNKNOWN_COMMIT):
        site.struck(number)
        raise _lost(site, step, fault)
    if fault is Fault.PARTIAL and isinstance(result, dict) and result:
        site.struck(number)
        result = dict(list(result.items())[:-1])
    after(site, worker, number, fault)
    return result


def _before(site: Site, worker: str, number: int, fault: Fault) -> None:
    match fault:
        case Fault.CRASH_BEFORE:
            site.struck(number)
            raise Crash
        case Fault.OTHERS_BEFORE:
            site.others_work(worker, number)
        case Fault.STALL_BEFORE | Fault.CLOCK_BACK:
            site.stall(worker, number)
        case _:
            return


def after(site: Site, worker: str, number: int, fault: Fault) -> None:
    """Let happen what happens between the answer and its reader."""
    match fault:
        case Fault.CRASH_AFTER:
            site.struck(number)
            raise Crash
        case Fault.OTHERS_AFTER:
            site.others_work(worker, number)
        case Fault.STALL_AFTER:
            site.stall(worker, number)
        case _:
            return


def _refuse_to_answer(site: Site, step: str, number: int, fault: Fault, call: Call) -> None:
    """Raise what the port raises when no usable answer came; done or not is the number's parity."""
    if fault in _NO_ANSWER:
        site.struck(number)
    match fault:
        case Fault.REQUEST_LOST | Fault.DISK_FULL:
            raise _lost(site, step, fault)
        case Fault.TAKEN_LATE | Fault.TAKEN_TWICE:
            if fault is Fault.TAKEN_TWICE:  # on its way an upsert may be repeated, which a POST may not
                call()
            site.take_late(number, call)
            raise TransientError("the connection broke before an answer came")
        case Fault.TOO_MANY:
            raise TransientError("answered 429", retry_after=_RETRY_AFTER, before_processing=True, status=429)
        case Fault.UNAUTHORIZED:
            raise TransientError("answered 401", before_processing=True, status=401)
        case Fault.GATEWAY:
            if number % 2:
                call()
            raise TransientError("answered 502", status=502)
        case Fault.HTML:
            if number % 2:
                call()
            raise MalformedError("a web page under 200", record=step)
        case Fault.BUSINESS_ERROR:
            raise RefusedError("a business error inside 200", code="SIMULATED", status=200)
        case Fault.REFUSED:
            raise RefusedError("answered 400", code="HTTP_400", status=400)
        case _:
            return


def _lost(site: Site, step: str, fault: Fault) -> TransientError:
    if fault in (Fault.DISK_FULL, Fault.UNKNOWN_COMMIT):
        return StoreError(f"the store gave no answer to {step}")
    site.wait_out(step)
    return TransientError("no answer in time")


def paged(
    site: Site, worker: str, step: str, pages: Callable[[], Pages[Any]], *, slipped: set[Any], place: Any = None
) -> Iterator[Any]:
    """Cross with a call that gives pages, once for each of them, for each is a call of its own.

    The connection breaks before a page or behind it (the number's parity), a page comes twice, or a record slips: the
    next reading of the list has it. slipped: the places where the last reading missed one; place: the list's own.
    """
    steady = place in slipped
    slipped.discard(place)
    listing = pages()
    while not listing.over:
        number, fault = site.cross(worker, step)
        cut = fault is Fault.PAGE_CUT
        if fault is not None:
            _before(site, worker, number, fault)
            _refuse_to_answer(site, step, number, fault, lambda: None)
        site.pause(number)
        page = None if cut and number % 2 else next(listing, None)
        if fault is not None:
            after(site, worker, number, fault)
        if fault is Fault.PAGE_SHIFTED and steady:
            fault = None
        if fault in _OF_PAGES and (cut or _holds_records(page)):
            site.struck(number)
        if fault is Fault.PAGE_SHIFTED:
            slipped.add(place)
        if page is not None:
            yield _shifted(page) if fault is Fault.PAGE_SHIFTED else page
            if fault is Fault.PAGE_REPEATED:
                yield page
        if cut:
            raise TransientError("the connection broke between two pages")
        if page is None:
            return


def _holds_records(page: Any) -> bool:
    """Whether there is anything on a page that could slip or come twice."""
    return bool(page if page is None or isinstance(page, tuple) else page.payments)


def _shifted(page: Any) -> Any:
    """Leave out a page's last record, as if it had moved to a page that was read before."""
    if isinstance(page, tuple):
        return page[:-1]
    return type(page)(payments=page.payments[:-1], page=page.page, pages=page.pages, total=page.total)


class Port:
    """A port as one process sees it: named methods cross the boundary, the others are its own (pure, or counters)."""

    def __init__(self, site: Site, worker: str, inner: Any, methods: dict[str, str]) -> None:
        self._site, self._worker, self._inner, self._methods = site, worker, inner, methods
        self._slipped: set[Any] = set()

    def __getattr__(self, name: str) -> Any:
        """Give a method that crosses, or the inner attribute itself."""
        inner = getattr(self._inner, name)
        step = self._methods.get(name)
        if step is None:
            if callable(inner):
                self.__dict__[name] = inner
            return inner
        site, worker = self._site, self._worker
        if Fault.PAGE_CUT in STEPS[step]:
            crossing: Any = partial(self._turn, step, inner)
        else:
            crossing = lambda *a, **k: guarded(site, worker, step, lambda: inner(*a, **k))  # noqa: E731 - the hottest call of a run
        self.__dict__[name] = crossing
        return crossing

    def _turn(self, step: str, inner: Callable[..., Pages[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:
        place = (step, args)
        pages = partial(inner, *args, **kwargs)
        return paged(self._site, self._worker, step, pages, slipped=self._slipped, place=place)
