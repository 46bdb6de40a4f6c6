"""Schedules over the command line: a process keeps to a blackout and a pause, an explicit one to a pause only."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.deployment import ANSWER_SECONDS, NAME, Deployment, Table, deployed

EVERY_SECOND = dict.fromkeys(("suppliers", "ledger_codes", "invoices", "payments"), "1s")
WATCHED_SECONDS = 2.5  # a second in which a pause is noticed, and more than one tick of every flow
ROUNDS = 300


def test_in_a_blackout_no_poll_starts_but_what_is_due_is_worked_off(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        schedule(deployment, blackout=[f"{minute(-30)}-{minute(90)}"], **EVERY_SECOND)
        assert deployment.sync("--flow", "payments", "--wait", "0").code in (0, 3)  # an order: blackout or not
        polled = polled_at(deployment)

        with running(deployment):
            until(lambda: posted(deployment))
            flows = status(deployment)["flows"]

        assert polled_at(deployment) == polled
        assert {flow["state"] for flow in flows} == {"blackout"}
        report = status(deployment)
        assert all(flow["why"] == f"blackout until {report['blackout_until']}" for flow in report["flows"])
        assert all(flow["next_due_at"] == report["blackout_until"] for flow in report["flows"])
        deployment.assert_books_agree()


def test_a_pause_takes_hold_of_a_running_process_and_ends_without_a_restart(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        schedule(deployment, **EVERY_SECOND)
        with running(deployment):
            until(lambda: set(polled_at(deployment).values()) - {None} != set())
            paused = deployment.command("connection", "pause", NAME, "--reason", "month end", "--by", "ann")
            assert paused.code == 0, paused.err
            wait(WATCHED_SECONDS)
            before = polled_at(deployment)
            wait(WATCHED_SECONDS)
            report = status(deployment)
            assert polled_at(deployment) == before
            assert report["pause"] == {"by": "ann", "reason": "month end", "until": None}
            assert {flow["state"] for flow in report["flows"]} == {"paused"}
            said = "paused by ann until a person resumes it: month end"
            assert {flow["why"] for flow in report["flows"]} == {said}
            assert said in deployment.command("sync-status", NAME).out

            assert deployment.command("connection", "resume", NAME, "--by", "ann").code == 0
            until(lambda: all(at != before[flow] for flow, at in polled_at(deployment).items()))
            assert status(deployment)["pause"] is None


def test_a_sync_that_is_paused_on_its_way_ends_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with deployed(tmp_path, invoices=200) as deployment:
        process = deployment.process("sync", NAME, "--wait", "60")
        until(lambda: bool(deployment.desk.sent()))
        assert deployment.command("connection", "pause", NAME, "--reason", "month end").code == 0
        _, err = process.communicate(timeout=ANSWER_SECONDS)
        assert process.returncode == 3, err
        assert "paused (month end): what is left waits until it is resumed" in err

        sent = deployment.desk.sent()
        assert deployment.sync().code == 3
        assert deployment.desk.sent() == sent
        assert deployment.command("connection", "resume", NAME).code == 0
        deployment.settled_sync()
        deployment.assert_books_agree()


def test_a_cron_expression_says_when_a_flow_is_due_and_a_change_moves_it(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        schedule(deployment, timezone="Europe/Berlin", suppliers="0 0 1 1 *", jitter="0s")
        deployment.settled_sync("--flow", "suppliers")
        flow = status(deployment)["flows"][-1]
        new_year = datetime(datetime.now(UTC).year, 12, 31, 23, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        assert (flow["flow"], flow["schedule"], flow["state"]) == ("suppliers", "0 0 1 1 *", "waiting")
        assert flow["next_due_at"] == new_year
        assert flow["why"] == f"waits for its schedule, next at {new_year}"

        schedule(deployment, timezone="Europe/Berlin", suppliers="3h")
        with running(deployment):
            until(lambda: status(deployment)["flows"][-1]["next_due_at"] != new_year)
        moved = status(deployment)["flows"][-1]
        last = datetime.fromisoformat(moved["last_polled_at"])
        assert datetime.fromisoformat(moved["next_due_at"]) == last + timedelta(hours=3)
        assert moved["schedule"] == "3h"


def status(deployment: Deployment) -> Table:
    report: Table = deployment.json("sync-status", NAME)
    return report


def polled_at(deployment: Deployment) -> dict[str, str | None]:
    return {flow["flow"]: flow["last_polled_at"] for flow in status(deployment)["flows"]}


def posted(deployment: Deployment) -> bool:
    payments = status(deployment)["counts"]["payments"]
    return bool(payments["seen"]) and payments["posted"] == payments["seen"]


def schedule(deployment: Deployment, **keys: str | list[str]) -> None:
    """Write the settings with a schedule: in UTC unless said otherwise."""
    deployment.write_settings()
    table = {"timezone": "UTC"} | keys
    lines = "".join(f"{key} = {value!r}\n" for key, value in table.items())
    with (deployment.folder / "tieout.toml").open("a", encoding="utf-8") as file:
        file.write(f"[connections.{NAME}.schedule]\n{lines}")


def minute(later: int) -> str:
    """Give the day and the minute so many minutes from now, as windows are written."""
    return (datetime.now(UTC) + timedelta(minutes=later)).strftime("%a %H:%M")


@contextmanager
def running(deployment: Deployment) -> Iterator[None]:
    """Let `tieout run` work in a process of its own; it must end cleanly."""
    process: subprocess.Popen[str] = deployment.process("run")
    try:
        yield
    finally:
        process.terminate()
        _, err = process.communicate(timeout=ANSWER_SECONDS)
    assert process.returncode == 0, err


def until(happened: Callable[[], bool]) -> None:
    for _ in range(ROUNDS):
        if happened():
            return
        wait(0.1)
    raise AssertionError("it never happened")


def wait(seconds: float) -> None:
    """Let the running process have a moment."""
    threading.Event().wait(seconds)
