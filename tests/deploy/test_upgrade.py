"""The upgrade over older tables with the words of Compose and of the Job: `init`, then `migrate`, as processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.eventlog.schema import SCHEMA_VERSION
from tests.deploy.files import ROOT, compose, manifests, pod_of
from tests.support.command_line import Desk
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.test_migrations import TO_VERSION_2, change

LONGEST_RUN_SECONDS = 120
LEFT = f"the tables are of version 2, this program's are {SCHEMA_VERSION}: `tieout migrate` brings them up"


def of_compose() -> list[list[str]]:
    """Give the words of the two services that touch tables, in the order they wait for each other."""
    services = compose()["services"]
    assert list(services["migrate"]["depends_on"]) == ["init"]
    return [services["init"]["command"], services["migrate"]["command"]]


def of_kubernetes() -> list[list[str]]:
    """Give the words of the Job, its first container first."""
    (pod,) = (pod_of(one) for path, one in manifests() if path == "base/migrate.yaml")
    return [one["args"] for one in (*pod["initContainers"], *pod["containers"])]


def starts(words: list[str]) -> "subprocess.Popen[str]":
    """Start tieout where the test stands, with its environment."""
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "tieout", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    out, err = process.communicate(timeout=LONGEST_RUN_SECONDS)
    return process.returncode, out + err


def runs(*words: str) -> tuple[int, str]:
    return ended(starts(list(words)))


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> Iterator[Desk]:
    """Give a desk over a store of version 2 on a server, with the events of a connection that was added."""
    made = Desk(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("TIEOUT_STORE_URL", emptied(postgres_url))
    made.set_up()
    with psycopg.connect(postgres_url) as connection:
        for statement in TO_VERSION_2:
            connection.execute(statement.encode())
    yield made
    emptied(postgres_url)


def known(desk: Desk) -> list[tuple[Any, ...]]:
    """Give what the log told of the connections."""
    return [(row["name"], row["added"], row["identity"]) for row in desk.types("connection", "list", "--json").document]


@pytest.mark.parametrize("words", [of_compose, of_kubernetes])
def test_a_store_of_version_2_is_upgraded_as_its_pods_are_told_to(desk: Desk, words: Any) -> None:
    init, migrate = words()
    desk.types("issues").failed(2, "version 2", "run `tieout migrate`")

    code, said = runs(*init)
    assert (code, LEFT in said, "next: `tieout migrate`" in said) == (0, True, True), said
    code, said = runs(*migrate)
    assert (code, "pg_dump first, then run `tieout migrate --dumped`" in said) == (2, True), said
    code, said = runs(*migrate, "--dumped")
    assert (code, f": from version 2 to {SCHEMA_VERSION}, " in said) == (0, True), said

    for again in (init, migrate):
        code, said = runs(*again)
        assert (code, "brings them up" in said) == (0, False), said
    assert known(desk) == [
        ("acme", True, {"tenant": "ACME_TST", "company": 100, "organisation": "http://127.0.0.1:9/v1"})
    ]


def test_two_at_once_over_older_tables_on_a_server_both_leave_them(desk: Desk) -> None:
    both_leave_them()
    assert desk.types("migrate", "--dumped").code == 0


def test_two_at_once_over_an_older_file_both_leave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    change(tmp_path / "tieout.db", *TO_VERSION_2)
    both_leave_them()
    assert desk.types("migrate").code == 0


def both_leave_them() -> None:
    """Let two start at once; both end well and name `migrate`."""
    for code, said in [ended(one) for one in [starts(["init"]), starts(["init"])]]:
        assert (code, LEFT in said) == (0, True), said
