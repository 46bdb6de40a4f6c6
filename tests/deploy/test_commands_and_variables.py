"""Every command line and every variable in the deployment files is one that tieout knows."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import typer

from tests.deploy.files import ROOT, parts
from tieout.cli import UsageFault, build

# Not ours; each with who reads it.
THIRD_PARTY = {
    "SSL_CERT_FILE": "OpenSSL's own: the certificates that are trusted",
}
LISTED = re.compile(r"`(TIEOUT_[A-Z_]+)`")


def misfits(words: Sequence[str]) -> Iterator[str]:
    """Find what the command line refuses: an unknown command or option, a value it does not take, one it lacks."""
    command: Any = typer.main.get_command(build())
    context: Any = command.make_context("tieout", list(words[:1]), resilient_parsing=True)
    rest = list(words)
    while hasattr(command, "get_command"):
        found = command.get_command(context, rest[0]) if rest else None
        if found is None:
            yield f"no command {' '.join(words)}"
            return
        command, rest = found, rest[1:]
    try:
        command.make_context(words[0], rest, parent=context)
    except UsageFault as fault:
        yield f"{' '.join(words)}: {fault.format_message()}"


def listed() -> frozenset[str]:
    return frozenset(LISTED.findall((ROOT / "docs/reference/settings.md").read_text("utf-8")))


def strangers(names: Sequence[str], known: frozenset[str]) -> list[str]:
    return [name for name in names if name not in known | set(THIRD_PARTY)]


def test_every_command_line_is_one_that_tieout_takes() -> None:
    assert len(parts()) > 10
    assert {part.place: found for part in parts() if (found := list(misfits(part.words)))} == {}


def test_every_variable_is_in_the_reference() -> None:
    assert {part.place: found for part in parts() if (found := strangers(list(part.environment), listed()))} == {}


def test_every_part_that_opens_the_store_has_its_secrets_as_files() -> None:
    needed = {"TIEOUT_CONFIG", "TIEOUT_STORE_URL_FILE", "TIEOUT_BROKER_URL_FILE", "TIEOUT_KEYS_FILE"}
    assert {one.place: needed - set(one.environment) for one in parts() if one.words[0] != "sandbox"} == {
        one.place: set() for one in parts() if one.words[0] != "sandbox"
    }


def test_every_part_writes_logs_that_a_collector_reads() -> None:
    """The sandbox is none of ours to collect from: it plays the other side."""
    written = {one.place: one.environment.get("TIEOUT_LOG_FORMAT") for one in parts() if one.words[0] != "sandbox"}
    assert written == dict.fromkeys(written, "json")


def test_every_exemption_says_why() -> None:
    assert all(len(reason.split()) > 2 for reason in THIRD_PARTY.values())


@pytest.mark.parametrize(
    "line",
    [
        "workers",
        "worker --threats 8",
        "relay --processes 2",
        "connection adds acme",
        "connection add acme",
        "connection add acme --ionapi a.ionapi --bye x",
        "sandbox --faults awful",
        "sandbox --infor-port many",
        "init one two",
    ],
)
def test_a_command_line_that_tieout_refuses_is_noticed(line: str) -> None:
    assert list(misfits(line.split()))


def test_a_command_line_that_tieout_takes_is_let_through() -> None:
    assert not list(misfits(["connection", "add", "acme", "--ionapi", "a.ionapi", "--by", "x"]))
    assert not list(misfits(["worker", "--threads", "8", "--health-port", "8322"]))


def test_a_variable_nobody_reads_is_noticed() -> None:
    assert strangers(["TIEOUT_STORE_URI_FILE", "SSL_CERT_FILE", "TIEOUT_CONFIG"], listed()) == ["TIEOUT_STORE_URI_FILE"]
