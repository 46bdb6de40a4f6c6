"""The demo, as a newcomer runs it: calm, rough and hostile, each ending with books that agree."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.deployment import DISAGREEMENTS, ROOT, Ran, command_line

BLOCKS = ("suppliers", "ledger_codes", "invoices", "payments")
LONGEST_SECONDS = 120
LISTINGS = ("invoices", "payments", "suppliers", "codes", "issues", "doubts")


def demo(folder: Path, *, invoices: int, faults: str = "calm", seed: int = 1) -> Ran:
    asked = ("--seed", str(seed), "--invoices", str(invoices), "--faults", faults, "--keep", str(folder))
    with command_line({}) as run_it:
        ran: Ran = run_it("demo", *asked, "--json")
        return ran


def test_a_calm_demo_ties_out_and_leaves_a_store_every_command_works_on(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    ran = demo(folder, invoices=60)
    assert ran.code == 0, ran.err
    totals = ran.document
    check_totals(totals)
    assert totals["invoices"]["closed"] > 0
    assert totals["payments"]["posted"] > 0
    assert totals["payments"]["reversed"] == 1
    assert {"tieout.toml", "tieout.keys", "tieout.db"} <= {file.name for file in folder.iterdir()}

    with command_line({}) as run_it:
        config = ("--config", str(folder / "tieout.toml"))
        lists = {name: listed(run_it(*config, name, "--json")) for name in LISTINGS}
        for name in ("invoices", "payments", "suppliers"):
            assert len(lists[name]) == totals[name]["seen"], name
        assert len(lists["codes"]) == totals["ledger_codes"]["seen"]
        assert len(lists["issues"]) == totals["issues"]["open"]
        for name in LISTINGS:
            assert run_it(*config, name).code == 0, name
        closed = next(one for one in lists["invoices"] if one["state"] == "closed")
        life = run_it(*config, "timeline", closed["external_id"], "--json").document
        assert life["state"] == "closed"
        assert life["events"][-1]["type"] == "InvoiceClosed"
        status = run_it(*config, "sync-status", "--json")
        assert status.code == 0, status.err
        shown = run_it(*config, "connection", "list", "--json")
        assert shown.code == 0, shown.err


def test_demos_among_faults_double_and_lose_nothing(tmp_path: Path) -> None:
    """They wait far more than they work: all of them run side by side, each in a process of its own."""
    told = {(faults, seed): tmp_path / f"{faults}-{seed}" for faults in ("rough", "hostile") for seed in (1, 2)}
    running = {story: start(folder, faults=story[0], seed=story[1]) for story, folder in told.items()}
    try:
        ended = {story: (*process.communicate(timeout=LONGEST_SECONDS), process) for story, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    for story, (out, err, process) in ended.items():
        assert process.returncode == 0, (story, process.returncode, err, out)
        totals = json.loads(out)
        check_totals(totals)
        assert totals["invoices"]["in_doubt"] == totals["payments"]["in_doubt"] == 0, story


def test_a_demo_keeps_off_a_folder_that_holds_a_deployment(tmp_path: Path) -> None:
    (tmp_path / "tieout.toml").write_text("", "utf-8")
    ran = demo(tmp_path, invoices=20)
    assert ran.code == 2
    assert "tieout.toml exists already" in ran.err


def start(folder: Path, *, faults: str, seed: int) -> "subprocess.Popen[str]":
    asked = ("--invoices", "40", "--faults", faults, "--seed", str(seed), "--keep", str(folder), "--json")
    return subprocess.Popen(  # noqa: S603 (our own command line)
        [sys.executable, "-m", "tieout", "demo", *asked],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_totals(totals: dict[str, Any]) -> None:
    assert totals["books"]["agree"] is True
    assert not any(totals["books"][kind] for kind in DISAGREEMENTS)
    for block in BLOCKS:
        states = {name: count for name, count in totals[block].items() if name != "seen"}
        assert sum(states.values()) == totals[block]["seen"], block
    for name, theirs in totals["books"]["totals"].items():
        assert totals["money"][name] == theirs, name


def listed(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    rows: list[dict[str, Any]] = ran.document
    return rows


def test_a_demo_over_a_broker_lets_a_relay_and_a_worker_help(tmp_path: Path, rabbitmq_url: str) -> None:
    folder, broker = tmp_path / "kept", rabbitmq_url.replace("guest:guest@", "")  # what is meant without a log-in
    with command_line({}) as run_it:
        ran = run_it("demo", "--invoices", "20", "--keep", str(folder), "--broker", broker, "--json")

    assert ran.code == 0, ran.err
    check_totals(ran.document)
    assert ran.document["payments"]["posted"] > 0
    for part, said in (("relay", "relaying"), ("worker", "working with 3 threads")):
        text = (folder / f"{part}.log").read_text(encoding="utf-8")
        assert said in text
        assert "stopped" in text


def test_a_demo_over_a_broker_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with command_line({}) as run_it:
        ran = run_it("demo", "--keep", str(folder), "--broker", "amqp://127.0.0.1:9/")

    assert (ran.code, ran.out) == (4, "")
    assert "amqp://127.0.0.1:9/ gives no answer" in ran.err
    assert not folder.exists()
