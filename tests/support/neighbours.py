"""Neighbours: many connections of one deployment, each to pretend systems of its own, over one store and one broker."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.identifiers import PinnedIdentity
from tests.integration.spread_out import PINNED
from tests.support.deployment import INFOR, Deployment, Ran, command_line, deployed, is_through, schedule
from tests.support.mute_server import mute_server
from tests.support.pods import Pods

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Neighbours:
    """The deployment: its settings file, its connections by name, and its processes."""

    config: Path
    environ: Mapping[str, str]
    connections: Mapping[str, Deployment]
    pods: Pods

    @property
    def ids(self) -> dict[str, UUID]:
        """The connections' ids by name."""
        return {name: _id(name) for name in self.connections}

    def command(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Ran:
        """Run a command line over the deployment; it must end well or with something left."""
        with command_line({**self.environ, **(environ or {})}) as run_it:
            ran: Ran = run_it("--config", str(self.config), *arguments)
        assert ran.code in (0, 3), (ran.code, ran.err)
        return ran

    def counts(self) -> dict[str, Counts]:
        """Give every connection's records by flow and state."""
        shown = self.command("sync-status", "--json").document
        reports = shown.get("connections", [shown])
        return {one["connection"]: one["counts"] for one in reports}

    def are_submitted(self, names: Iterable[str]) -> bool:
        """Whether these connections' invoices are through, as far as they may be; every process must be well."""
        self.pods.check()
        every = self.counts()
        return all(is_through(every[name]["invoices"], "submitted") for name in names)


@contextlib.contextmanager
def neighbours(
    folder: Path, *, store_url: str, broker_url: str, number: int, dead: int = 0, **options: Any
) -> Iterator[Neighbours]:
    """Set connections up over one database and one broker; the first `dead` ones' remotes never answer.

    options: as `deployed` takes them, for all of them. Every process ends with the block.
    """
    urls = {"TIEOUT_STORE_URL": store_url, "TIEOUT_BROKER_URL": broker_url}
    config = folder / "tieout.toml"
    with contextlib.ExitStack() as opened:
        found = {
            name: opened.enter_context(_neighbour(folder / name, name, **options))
            for name in (f"n{place:02}" for place in range(number))
        }
        for name in list(found)[:dead]:
            _silence(found[name], opened.enter_context(mute_server()))
        config.write_text("".join(f"{one.settings()}{schedule(one.name)}\n" for one in found.values()), "utf-8")
        pods = opened.enter_context(Pods(config, urls))
        made = Neighbours(config, urls, found, pods)
        made.command("init", str(folder))
        for name, one in found.items():
            made.command("connection", "add", name, "--ionapi", str(one.ionapi), "--by", "alice", environ=one.environ())
        yield made


def _neighbour(folder: Path, name: str, **options: Any) -> contextlib.AbstractContextManager[Deployment]:
    folder.mkdir()
    avidxchange = {**options.pop("avidxchange", {}), **PINNED}
    return deployed(
        folder, name=name, tenant={"tenant": _tenant(name)}, avidxchange=avidxchange, set_up=False, **options
    )


def _silence(one: Deployment, address: str) -> None:
    one.avidxchange["base_url"] = f"{address}/v1"
    one.ionapi.write_text(one.ionapi.read_text("utf-8").replace(one.sandbox.infor_url, address), "utf-8")


def _tenant(name: str) -> str:
    return f"{name.upper()}_TST"


def _id(name: str) -> UUID:
    return PinnedIdentity(_tenant(name), INFOR["company"], PINNED["organisation"]).id
