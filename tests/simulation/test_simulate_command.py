"""`tieout simulate` itself: what it prints, keeps and writes, and what its exit code says."""

import json
import re
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.planted.catalogue import BUGS
from tests.simulation.planted.planting import planted
from tests.support.command_line import Desk
from tieout.simulation import code, fleet
from tieout.simulation.engine import Engine
from tieout.simulation.faults import STEPS
from tieout.simulation.schedule import draw

SEEDS = 6
TIMED = ("seconds",)  # what of a tally is the wall clock's
BUG = BUGS["CtrlBatch after the handover"]  # every second seed is broken by it
KEYS = {"schedules", "violations", "ambiguous_writes", "schedules_per_second", "seed"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def one_by_one(function: Callable[[Any], Any], tasks: Iterable[Any], **_: object) -> Generator[Any, None, None]:
    """Give the results as other processes would."""
    return (function(task) for task in tasks)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate in this process, where a planted bug is seen, two seeds at a time."""
    monkeypatch.setattr(fleet, "in_order", one_by_one)
    monkeypatch.setattr(fleet, "BLOCK", 2)


@pytest.fixture
def broken() -> int:
    """Give the first seed that the bug breaks, whatever is drawn today."""
    with planted(BUG):
        return next(seed for seed in range(1, 60) if Engine(draw(seed)).run())


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be simulated."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it began to work")

    monkeypatch.setattr(Engine, "__init__", refuse)
    monkeypatch.setattr(fleet, "in_order", refuse)


def kept(state: Path) -> dict[str, Any]:
    """Read what a run kept, without what the wall clock says."""
    tally = json.loads(state.read_text(encoding="utf-8"))
    return {name: value for name, value in tally.items() if name not in TIMED}


def test_other_processes_simulate_and_one_document_says_what_came_of_it(desk: Desk) -> None:
    ran = desk.types("simulate", "--schedules", "2", "--seed", "7", "--processes", "1", "--json")
    assert ran.code == 0, ran.err
    assert set(ran.document) == KEYS
    assert (ran.document["schedules"], ran.document["violations"], ran.document["seed"]) == (2, 0, 7)
    assert ran.document["schedules_per_second"] > 0


@pytest.mark.usefixtures("here")
def test_without_json_the_figures_are_named_with_what_struck_and_what_happened(desk: Desk) -> None:
    ran = desk.types("simulate", "--schedules", str(SEEDS))
    assert ran.code == 0, ran.err
    assert re.search(rf"^schedules +{SEEDS}$", ran.out, re.MULTILINE)
    assert re.search(r"^crash before +at \d+ steps, 0 times at the rarest$", ran.out, re.MULTILINE)
    assert re.search(r"^a supplier is blocked +\d+ times, in \d+ errands$", ran.out, re.MULTILINE)


@pytest.mark.usefixtures("here")
def test_a_violation_is_named_with_its_seed_and_ends_in_a_code_of_its_own(desk: Desk, broken: int) -> None:
    with planted(BUG):
        ran = desk.types("simulate", "--schedules", str(SEEDS), "--seed", str(broken), "--json")
    assert ran.code == 5
    assert ran.document["violations"] > 0
    assert re.search(rf"^seed {broken}: I2: w.* sends CtrlBatch", ran.err, re.MULTILINE)


@pytest.mark.usefixtures("here")
def test_a_fault_that_struck_too_rarely_is_named_and_proves_nothing(desk: Desk) -> None:
    ran = desk.types("simulate", "--schedules", "2", "--at-least", "1", "--json")
    assert ran.code == 5
    assert ran.document["violations"] == 0
    assert re.search(r"^\w.*: .*: 0 times, 1 wanted$", ran.err, re.MULTILINE)


@pytest.mark.usefixtures("here")
def test_a_run_that_was_cut_and_gone_on_with_keeps_the_tally_of_one_that_was_not(desk: Desk) -> None:
    whole, cut = desk.folder / "whole.json", desk.folder / "cut.json"
    run = ("simulate", "--schedules", str(SEEDS), "--processes", "1", "--json", "--state")
    assert desk.types(*run, str(whole)).code == 0
    assert desk.types(*run, str(cut), "--minutes", "0").document["schedules"] == 2
    assert kept(cut)["schedules"] == 2
    assert desk.types(*run, str(cut)).document["schedules"] == SEEDS
    assert kept(cut) == kept(whole)


@pytest.mark.usefixtures("here")
def test_a_run_is_not_gone_on_with_under_other_code(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = desk.folder / "state.json"
    run = ("simulate", "--schedules", "2", "--json", "--state", str(state))
    assert desk.types(*run).code == 0
    before = state.read_bytes()
    monkeypatch.setattr(code, "code_digest", lambda: "0123456789abcdef")
    desk.types(*run).failed(2, str(state), "begun with other code", "0123456789abcdef", "name another file")
    assert state.read_bytes() == before


def test_what_is_no_state_is_refused_with_its_name(desk: Desk) -> None:
    state = desk.folder / "state.json"
    state.write_text("nothing", encoding="utf-8")
    desk.types("simulate", "--state", str(state)).failed(2, str(state), "no state of a simulation", "another file")


@pytest.mark.usefixtures("here")
def test_the_matrix_is_written_where_it_is_wanted(desk: Desk) -> None:
    page = desk.folder / "matrix.md"
    assert desk.types("simulate", "--schedules", "2", "--json", "--matrix", str(page)).code == 0
    text = page.read_text(encoding="utf-8")
    assert all(f" {step} " in text for step in STEPS)


@pytest.mark.usefixtures("here")
def test_one_schedule_whose_matrix_is_wanted_is_counted_and_not_printed(desk: Desk) -> None:
    page = desk.folder / "matrix.md"
    ran = desk.types("simulate", "--schedules", "1", "--matrix", str(page), "--at-least", "5")
    assert ran.code == 5
    assert page.exists()
    assert re.search(r": 0 times, 5 wanted$", ran.err, re.MULTILINE)
    assert re.search(r"^schedules +1$", ran.out, re.MULTILINE)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--minutes", "-1"), ("--minutes", "greater than or equal to 0")),
        (("--minutes", "nan"), ("--minutes", "greater than or equal to 0")),
        (("--minutes", "inf"), ("--minutes", "inf is no number of minutes")),
        (("--at-least", "-3"), ("--at-least", "greater than or equal to 0")),
        (("--schedules", "0"), ("--schedules", "greater than or equal to 1")),
        (("--seed", "-1"), ("--seed", "greater than or equal to 0")),
        (("--processes", "0"), ("--processes", "greater than or equal to 1")),
        (("--exhaustive", "--state", "s.json", "--at-least", "1"), ("no --state and no --at-least", "always whole")),
        (("--exhaustive", "--matrix", "m.md"), ("no --matrix",)),
        (("--exhaustive", "--minutes", "3"), ("no --minutes",)),
        (("--state", "none/s.json"), ("none/s.json cannot be written", "No such file", "another file")),
        (("--matrix", "none/m.md"), ("none/m.md cannot be written", "No such file", "another file")),
        (("--state", "."), (". is no state of a simulation", "another file")),
        (("--matrix", "."), (". cannot be written", "another file")),
        (("--matrix", "s.json", "--state", "s.json"), ("--state and --matrix both name s.json",)),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence_before_any_work(
    desk: Desk, typed: tuple[str, ...], said: tuple[str, ...]
) -> None:
    desk.types("simulate", *typed).failed(2, *said)
    assert not [*desk.folder.glob("*.json"), *desk.folder.glob("*.md"), *desk.folder.glob("*.new")]


@pytest.mark.usefixtures("here")
def test_a_state_is_gone_on_with_under_its_own_seed_only(desk: Desk) -> None:
    state = desk.folder / "state.json"
    run = ("simulate", "--schedules", "2", "--json", "--state", str(state))
    assert desk.types(*run, "--seed", "5").document["seed"] == 5
    before = state.read_bytes()
    desk.types(*run, "--seed", "999").failed(2, str(state), "begun with seed 5, not 999", "leave --seed out")
    assert state.read_bytes() == before
    assert desk.types(*run, "--seed", "5").document["seed"] == 5
    assert desk.types(*run).document["seed"] == 5


def test_one_schedule_prints_its_trace_the_same_every_time(desk: Desk) -> None:
    first = desk.types("simulate", "--schedules", "1", "--seed", "3")
    assert (first.code, first.err) == (0, "")
    lines = first.out.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \w", line) for line in lines)
    assert sum("calm from here on" in line for line in lines) == 1
    assert desk.types("simulate", "--schedules", "1", "--seed", "3") == first


def test_one_schedule_that_breaks_something_is_shrunk_and_says_what(desk: Desk, broken: int) -> None:
    with planted(BUG):
        ran = desk.types("simulate", "--schedules", "1", "--seed", str(broken))
    assert ran.code == 5
    assert re.match(r"I2: w.* sends CtrlBatch", ran.err)
    assert "sends CtrlBatch" in ran.out
