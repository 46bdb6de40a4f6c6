"""Logs as JSON lines: one object a line on stderr, whoever logs; stdout holds only data."""

import json
import logging
import os
import re
import socket
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.support.command_line import Desk
from tieout import output
from tieout.observability.log_lines import LogLines
from tieout.observability.runs import Watching

HERE = f"{socket.gethostname()}:{os.getpid()}"


@pytest.fixture
def as_json() -> Iterator[None]:
    output.log_to_stderr(debug=False, log_format="json")
    yield
    output.log_to_stderr(debug=False)


@pytest.fixture
def desk(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    yield Desk(tmp_path, monkeypatch, capsys)
    output.log_to_stderr(debug=False)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    printed = capsys.readouterr()
    assert printed.out == ""
    return [json.loads(line) for line in printed.err.splitlines()]


@pytest.mark.usefixtures("as_json")
def test_a_line_says_when_how_grave_what_and_who(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("somebody.elses.library").warning("lost %d of %s", 3, "them")
    logging.getLogger("somebody.elses.library").info("chatter")
    logging.getLogger("actors.shell").info("ours")
    structlog.get_logger("tieout.x").warning("through structlog", count=2)
    foreign, ours, through = lines(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", foreign.pop("time"))
    assert foreign == {
        "level": "warning",
        "event": "lost 3 of them",
        "worker": HERE,
        "logger": "somebody.elses.library",
    }
    assert (ours["event"], ours["level"]) == ("ours", "info")
    assert (through["event"], through["count"], through["logger"]) == ("through structlog", 2, "tieout.x")


@pytest.mark.usefixtures("as_json")
def test_what_is_logged_in_a_run_carries_its_errand_connection_and_id(capsys: pytest.CaptureFixture[str]) -> None:
    watching = Watching(worker="pod-3:1")
    watching.add(LogLines())
    watch = watching.of("acme")

    def work() -> str:
        logging.getLogger("adapters.http").warning("a slow answer")
        return watch.correlation_id()

    correlation_id = watch.run("send_suppliers", work)
    watch.run("send_suppliers", lambda: 0)
    logging.getLogger("adapters.http").warning("outside")
    inside, ended, outside = lines(capsys)
    for line in (inside, ended):
        assert line["errand"] == "send_suppliers"
        assert line["connection"] == "acme"
        assert line["correlation_id"] == correlation_id
        assert line["worker"] == "pod-3:1"
    assert (ended["event"], ended["outcome"]) == ("send_suppliers of acme did its work", "done")
    assert 0 <= ended["seconds"] < 10
    assert "correlation_id" not in outside


@pytest.mark.usefixtures("as_json")
def test_an_exception_is_structure_without_locals(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(local: str) -> None:
        raise ValueError(f"not {len(local)}")

    try:
        fail("a-local-value")
    except ValueError:
        logging.getLogger("actors.shell").exception("it failed")
    (line,) = lines(capsys)
    (exception,) = line["exception"]
    assert (exception["exc_type"], exception["exc_value"]) == ("ValueError", "not 13")
    assert exception["frames"][-1]["name"] == "fail"
    assert set(exception["frames"][-1]) == {"filename", "lineno", "name"}
    assert "a-local-value" not in json.dumps(line)


@pytest.mark.usefixtures("as_json")
def test_what_is_said_to_people_and_what_python_warns_of_are_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("running acme")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("mind the gap", UserWarning, stacklevel=1)
    said, warned = lines(capsys)
    assert (said["event"], said["level"]) == ("running acme", "info")
    assert "mind the gap" in warned["event"]


def test_text_is_for_people_one_sentence_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.log_to_stderr(debug=False)
    logging.getLogger("actors.shell").warning("poll_invoices:\n  Infor is %s", "away")
    logging.getLogger("actors.shell").info("chatter")
    assert capsys.readouterr().err == "poll_invoices: Infor is away\n"


@pytest.mark.parametrize("log_format", output.LOG_FORMATS)
def test_no_query_of_a_request_is_logged_even_under_debug(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.log_to_stderr(debug=True, log_format=log_format)
    try:
        logging.getLogger("httpx").info("HTTP Request: GET %s", "https://h/list?supplier=1")
        logging.getLogger("somebody.elses.library").info("chatter")
    finally:
        output.log_to_stderr(debug=False)
    assert "chatter" in (err := capsys.readouterr().err)
    assert "supplier=1" not in err


def test_the_option_makes_every_line_json_and_leaves_stdout_to_data(desk: Desk) -> None:
    desk.set_up()
    ran = desk.types("--log-format", "json", "connection", "list", "--json")
    assert ran.code == 0
    assert ran.document
    failed = desk.types("--log-format", "json", "timeline", "NOTHING")
    assert (failed.code, failed.out) == (2, "")
    (line,) = [json.loads(line) for line in failed.err.splitlines()]
    assert line["event"].startswith("tieout: ")


def test_a_fault_under_debug_is_a_line_with_its_frames(desk: Desk) -> None:
    ran = desk.types("--debug", "--log-format", "json", "--config", "nowhere.toml", "timeline", "X")
    assert ran.code == 2
    fault = json.loads(ran.err.splitlines()[0])
    assert fault["exception"][0]["exc_type"] == "MisconfiguredError"


def test_the_variable_chooses_where_no_option_is_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_LOG_FORMAT", "json")
    (line,) = desk.types("timeline", "NOTHING").err.splitlines()
    assert json.loads(line)["level"] == "info"
    assert desk.types("--log-format", "text", "timeline", "NOTHING").err.startswith("tieout: ")


def test_a_format_nobody_knows_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.types("--log-format", "xml", "doctor").failed(2, "--log-format is 'xml': it must be text or json")
    monkeypatch.setenv("TIEOUT_LOG_FORMAT", "yaml")
    desk.types("doctor").failed(2, "TIEOUT_LOG_FORMAT is 'yaml'")
