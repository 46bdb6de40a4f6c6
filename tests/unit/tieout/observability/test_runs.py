"""Runs and calls are told to whoever observes, under one id, and nobody who observes can disturb them."""

import re

import pytest

from actors.tools import in_threads
from domain.errors import (
    DoubtError,
    HeldError,
    MalformedError,
    MisconfiguredError,
    RefusedError,
    StoreError,
    TransientError,
)
from tieout.observability.runs import OUTCOMES, Answered, Call, Finished, Run, Watching, current_run

FAULTS: list[tuple[Exception, str]] = [
    (TransientError("away"), "transient"),
    (StoreError("locked"), "store"),
    (RefusedError("no", code="X"), "refused"),
    (MalformedError("what?"), "malformed"),
    (MisconfiguredError("mend it"), "misconfigured"),
    (HeldError("restored"), "held"),
    (DoubtError("who knows", why="reset"), "doubt"),
    (ValueError("a fault of ours"), "unexpected"),
]


class Notebook:
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.runs: list[tuple[Run, str]] = []
        self.calls: list[tuple[Call, int | None]] = []
        self.seconds: list[float] = []

    def run_began(self, run: Run) -> Finished:
        def finished(outcome: str, seconds: float) -> None:
            self.runs.append((run, outcome))
            self.seconds.append(seconds)

        return finished

    def call_began(self, call: Call) -> Answered:
        return lambda status: self.calls.append((call, status))


class Broken:
    """An observer that fails at the beginning, and one that fails at the end."""

    def __init__(self, *, at_the_end: bool) -> None:
        self.at_the_end = at_the_end

    def run_began(self, run: Run) -> Finished:
        if not self.at_the_end:
            raise RuntimeError(run.errand)
        return lambda _outcome, _seconds: self._fail()

    def call_began(self, call: Call) -> Answered:
        if not self.at_the_end:
            raise RuntimeError(call.label)
        return lambda _status: self._fail()

    def _fail(self) -> None:
        raise RuntimeError("at the end")


@pytest.fixture
def heard() -> Notebook:
    return Notebook()


@pytest.fixture
def watching(heard: Notebook) -> Watching:
    made = Watching(worker="host:7")
    made.add(heard)
    return made


def outcomes(heard: Notebook) -> list[str]:
    return [outcome for _, outcome in heard.runs]


def test_a_run_has_one_id_that_the_next_one_does_not_have(watching: Watching, heard: Notebook) -> None:
    watch = watching.of("acme")
    seen = [watch.run("send_suppliers", lambda: [watch.correlation_id(), watch.correlation_id()]) for _ in range(2)]
    assert seen[0][0] == seen[0][1] != seen[1][0]
    assert re.fullmatch(r"[0-9a-f]{32}", seen[0][0])
    assert [run.correlation_id for run, _ in heard.runs] == [seen[0][0], seen[1][0]]
    assert heard.runs[0][0] == Run(
        errand="send_suppliers", connection="acme", correlation_id=seen[0][0], worker="host:7"
    )
    assert watch.correlation_id() == ""
    assert current_run() is None


def test_a_run_that_did_something_is_done_and_one_without_due_work_is_idle(watching: Watching, heard: Notebook) -> None:
    watch = watching.of("acme")
    assert watch.run("send_suppliers", lambda: 50) == 50
    assert watch.run("send_suppliers", lambda: 0) == 0
    assert outcomes(heard) == ["done", "idle"]
    assert all(0 <= seconds < 10 for seconds in heard.seconds)


@pytest.mark.parametrize(("error", "outcome"), FAULTS)
def test_a_fault_names_the_outcome_and_passes_through(
    watching: Watching, heard: Notebook, error: Exception, outcome: str
) -> None:
    def fail() -> int:
        raise error

    with pytest.raises(type(error)) as caught:
        watching.of("acme").run("send_postings", fail)
    assert caught.value is error
    assert outcomes(heard) == [outcome]
    assert current_run() is None


@pytest.mark.parametrize(("error", "outcome"), FAULTS)
def test_a_fault_the_errand_gave_its_verdict_to_is_no_success(
    watching: Watching, heard: Notebook, error: Exception, outcome: str
) -> None:
    watch = watching.of("acme")

    def judged() -> bool:
        watch.note(error)
        return True

    assert watch.run("poll_invoices", judged)
    assert watch.run("poll_invoices", lambda: True)
    assert outcomes(heard) == [outcome, "done"]


def test_every_outcome_is_in_the_list() -> None:
    assert {outcome for _, outcome in FAULTS} | {"done", "idle"} == set(OUTCOMES)


def test_a_process_that_is_killed_in_a_run_still_tells_of_it(watching: Watching, heard: Notebook) -> None:
    def leave() -> int:
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        watching.of("acme").run("send_postings", leave)
    assert outcomes(heard) == ["unexpected"]


def test_calls_are_told_with_their_status_or_none(watching: Watching, heard: Notebook) -> None:
    watch = watching.of("acme")
    for status in (200, None):
        watch.call("infor", "GET", "CRS620MI/GetBasicData")(status)
    call = Call(connection="acme", system="infor", method="GET", label="CRS620MI/GetBasicData")
    assert heard.calls == [(call, 200), (call, None)]


@pytest.mark.parametrize("at_the_end", [False, True])
def test_an_observer_that_fails_disturbs_neither_the_work_nor_the_others(
    heard: Notebook, caplog: pytest.LogCaptureFixture, *, at_the_end: bool
) -> None:
    watching = Watching(worker="host:7")
    watching.add(Broken(at_the_end=at_the_end))
    watching.add(heard)
    watch = watching.of("acme")
    assert watch.run("send_suppliers", lambda: 3) == 3
    watch.call("infor", "GET", "x")(200)
    assert outcomes(heard) == ["done"]
    assert len(heard.calls) == 1
    assert caplog.text.count("an observer failed") == 2


def test_the_threads_of_an_errand_know_its_run(watching: Watching) -> None:
    watch = watching.of("acme")
    ids = watch.run("poll_invoices", lambda: in_threads(lambda _: watch.correlation_id(), range(8), at_once=4))
    assert len(set(ids)) == 1
    assert ids[0] != ""


def test_a_fault_noted_in_a_thread_of_an_errand_counts_for_the_errand(watching: Watching, heard: Notebook) -> None:
    watch = watching.of("acme")
    watch.run("poll_invoices", lambda: in_threads(lambda _: watch.note(TransientError("away")), [1], at_once=1))
    assert outcomes(heard) == ["transient"]


def test_a_note_outside_of_a_run_is_nobodys(watching: Watching, heard: Notebook) -> None:
    watch = watching.of("acme")
    watch.note(TransientError("away"))
    watch.run("send_suppliers", lambda: 1)
    assert outcomes(heard) == ["done"]
