"""Pods over a PostgreSQL, a RabbitMQ and remotes that all fail in turn: killed, crashed, emptied, cut off; then calm.

The seed draws the data, the faults, what fails and in which order; where a process stands at that moment is the
machine's. Both servers are private to the storm, and only what it started is ever ended.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from pika.exceptions import AMQPError

from actors.queues import QUEUES
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from projections import connections, doubts, issues
from projections.plain import plain
from projections.totals import totals
from tests.integration.broker.rabbit import Rabbit
from tests.support import postgres_server, private_postgres, rabbitmq_server
from tests.support.container_rabbitmq import ContainerRabbit
from tests.support.cutting_proxy import CuttingProxy
from tests.support.deployment import NAME, schedule
from tests.support.endings import KILLED, PACE, Ending, disagreements, left_of, with_people, written
from tests.support.folded import assert_stands_as_rebuilt, behind
from tests.support.looking_on import looked_on
from tests.support.pods import Pods
from tests.support.private_nodes import UnavailableError
from tests.support.private_postgres import PrivatePostgres
from tests.support.private_rabbitmq import PrivateRabbit
from tests.support.waiting import wait_for
from tieout.demo.sandbox_process import Addresses, SandboxProcess
from tieout.demo.story import set_up
from tieout.settings import Settings

PODS = (("relay",), ("relay",), *((("worker", "--threads", "2"),) * 3))
LINKS = ("store", "broker", "infor", "avidxchange")
CALM_SECONDS = 240.0
FOLDED_SECONDS = 60.0
LONGEST_PAUSE_SECONDS, LONGEST_CUT_SECONDS = 1.5, 3.0
UNREACHABLE = 4  # what a process ends with that finds no store or broker at its start; an orchestrator starts it again


def weather(folder: Path, *, seed: int, kills: int = 40, invoices: int = 40) -> Ending:
    """Live one deployment's days in a storm: invoices go out, payments come back; then calm, and the books."""
    began = time.monotonic()
    with _storm(folder, seed=seed, invoices=invoices) as storm:
        storm.rage(kills // 2, people=[("infor/approve", {"count": 5})] * 3)
        storm.calm_down("invoices", "submitted", "closed")
        storm.rage(
            kills - kills // 2, people=[("avidxchange/settle", {"share": 0.3, "seed": seed + n}) for n in range(3)]
        )
        storm.sandbox.tell("avidxchange/settle", {"share": 1.0, "seed": seed + 3})
        storm.calm_down("payments", "posted")
        storm.end()
        return storm.account(seed=seed, seconds=round(time.monotonic() - began, 1))


class Storm:
    """A deployment of pods, and everything that may be done to what it stands on."""

    def __init__(
        self,
        *,
        dice: random.Random,
        sandbox: SandboxProcess,
        settings: Settings,
        pods: Pods,
        store: PrivatePostgres,
        broker: PrivateRabbit | ContainerRabbit,
        links: dict[str, CuttingProxy],
    ) -> None:
        self.sandbox = sandbox
        self._dice, self._settings, self._pods, self._links = dice, settings, pods, links
        self._store, self._broker = store, broker
        self._done: Counter[str] = Counter()
        self._kills_wanted = 0

    def rage(self, kills: int, *, people: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Kill so many pods, let everything else happen once in between, and people work on in both systems.

        Only what happened is counted: a deed that says False met nothing it could be done to.
        """
        self._kills_wanted += kills
        crash_broker = partial(self._crash_broker, emptied=self._dice.random() < 0.5)
        deeds: list[tuple[str, Callable[[], object]]] = [(KILLED, self._kill)] * kills
        deeds += [("broker crashed", crash_broker), ("store crashed", self._crash_store)]
        deeds += [("queues purged", self._purge)]
        deeds += [(f"{name} cut off", self._cut(link)) for name, link in self._links.items()]
        deeds += [(path, partial(self.sandbox.tell, path, body)) for path, body in people]
        self._dice.shuffle(deeds)
        for name, deed in deeds:
            self._pause(LONGEST_PAUSE_SECONDS)
            self._done[name] += deed() is not False
            self._started_again()

    def calm_down(self, what: str, *states: str) -> None:
        """Wait until records have come through, nothing moves that is not a person's, and the books agree."""

        with self._looked_on() as look:

            def calm() -> bool:
                self._started_again()
                counts = look.totals()[what]
                return any(counts[state] for state in states) and self._is_calm(look)

            try:
                wait_for(calm, f"calm, and {what} {' or '.join(states)}", seconds=CALM_SECONDS)
            except AssertionError as late:
                told = f"{late}: {look.totals()}, issues {look.issues()}\n{self._pods.last_words()}"
                raise AssertionError(told) from late

    def end(self) -> None:
        """Stop the pods as an operator does, each of which must end well; then fold the log anew.

        The relays go last, and must have folded everything before they are told to: at its end each folds once more.
        """
        codes = self._pods.stop_all(but="relay")
        with self._looked_on() as look:
            wait_for(lambda: behind(look.store) == 0, "the relays have folded the log", seconds=FOLDED_SECONDS)
            codes += self._pods.stop_all()
            assert codes == [0] * len(PODS), codes
            assert_stands_as_rebuilt(look.store)

    def account(self, *, seed: int, seconds: float) -> Ending:
        """Sum up."""
        found = disagreements(self.sandbox)
        with self._looked_on() as look:
            left, doubtful = left_of(look.totals()), with_people(look.doubts())
        return Ending(
            seed=seed,
            kills_wanted=self._kills_wanted,
            done=dict(sorted(self._done.items())),
            started_again=self._pods.revived,
            doubles=len(found.get("doubles", ())),
            disagreements=found,
            left=left,
            with_people=doubtful,
            seconds=seconds,
            **written(self.sandbox),
        )

    def _kill(self) -> None:
        """Kill one that is at work; until there is one, those that ended by themselves are started again."""

        def killed() -> bool:
            self._started_again()
            return self._pods.kill_one(self._dice)

        wait_for(killed, "a pod is at work", seconds=CALM_SECONDS)

    def _crash_store(self) -> None:
        self._store.crash()
        self._pause(LONGEST_PAUSE_SECONDS)
        self._store.start()

    def _crash_broker(self, *, emptied: bool) -> bool:
        was_up = self._broker.crash()
        if emptied:
            self._broker.forget()
            self._done["broker emptied"] += 1
        self._broker.start()
        return was_up

    def _purge(self) -> bool:
        rabbit = Rabbit(self._broker.rabbit.url)
        try:
            self._dice.choice([rabbit.purge, rabbit.delete])(QUEUES)
        except AMQPError:
            return False  # verdict: a broker that came back sick cannot even purge; the pods must cope
        return True

    def _cut(self, link: CuttingProxy) -> Callable[[], None]:
        def cut() -> None:
            self._dice.choice([link.cut, link.silent.set])()
            self._wait(self._dice.uniform(0.5, LONGEST_CUT_SECONDS))
            link.mend()

        return cut

    def _pause(self, longest: float) -> None:
        """Let something be recorded, or a moment pass."""
        before, give_up_at = self._position(), time.monotonic() + self._dice.uniform(0.0, longest)
        while time.monotonic() < give_up_at and self._position() == before:
            self._wait(0.05)

    def _wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    def _position(self) -> int:
        try:
            with psycopg.connect(self._settings.store_url, connect_timeout=2) as connection:
                row = connection.execute("SELECT max(notification_id) FROM stored_events").fetchone()
        except psycopg.OperationalError:
            return -1  # verdict: it is down, so nothing is recorded
        return int(row[0] or 0) if row else 0

    def _started_again(self) -> None:
        self._pods.revive(UNREACHABLE)

    def _is_calm(self, look: "Look") -> bool:
        left = sum(left_of(look.totals()).values())
        return (not left or left <= with_people(look.doubts())) and not disagreements(self.sandbox)

    @contextmanager
    def _looked_on(self) -> Iterator["Look"]:
        with looked_on(self._settings, environ={}) as store:
            yield Look(store)


class Look:
    """What the pods made of the log so far; looking folds nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._tables = ProjectionTables(store.database)
        row = connections.named(self._tables, NAME)
        assert row is not None, f"no connection {NAME}"
        self._connection = row.id

    def totals(self) -> dict[str, dict[str, int]]:
        return totals(self._tables, self._connection)

    def doubts(self) -> list[dict[str, Any]]:
        return [plain(one) for one in doubts.listed(self._tables, self._connection)]

    def issues(self) -> list[dict[str, Any]]:
        return [plain(one) for one in issues.listed(self._tables, self._connection)]


@contextmanager
def _storm(folder: Path, *, seed: int, invoices: int) -> Iterator[Storm]:
    dice = random.Random(seed)  # noqa: S311 (what fails and when, no secret)
    place = folder / "sandbox"
    place.mkdir(parents=True)
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(place, seed=seed, invoices=invoices, faults="hostile", pace=PACE))
        programs = postgres_server.binaries()
        if programs is None:
            raise UnavailableError("a storm needs PostgreSQL's own programs: initdb and pg_ctl")
        store = stack.enter_context(private_postgres.running(programs))
        broker = stack.enter_context(rabbitmq_server.private())
        servers = {
            "store": store.port,
            "broker": broker.port,
            "infor": _port(sandbox.addresses.infor),
            "avidxchange": _port(sandbox.addresses.avidxchange),
        }
        links = {name: stack.enter_context(CuttingProxy("127.0.0.1", port)) for name, port in servers.items()}
        _lead_through(sandbox, links)
        settings = set_up(folder, sandbox, store=store.url, environ={})
        settings.file.write_text(settings.file.read_text("utf-8") + schedule(), "utf-8")
        environ = {
            "TIEOUT_STORE_URL": _through(store.url, links["store"]),
            "TIEOUT_BROKER_URL": _through(broker.rabbit.url, links["broker"]),
        }
        pods = stack.enter_context(Pods(settings.file, environ))
        for command in PODS:
            pods.start(*command)
        yield Storm(dice=dice, sandbox=sandbox, settings=settings, pods=pods, store=store, broker=broker, links=links)


def _lead_through(sandbox: SandboxProcess, links: dict[str, CuttingProxy]) -> None:
    """Let the credentials and settings name the proxies instead of the pretend systems."""
    real = sandbox.addresses
    infor, avidxchange = _through(real.infor, links["infor"]), _through(real.avidxchange, links["avidxchange"])
    for file in sandbox.folder.glob("*.ionapi"):
        file.write_text(file.read_text("utf-8").replace(real.infor, infor), "utf-8")
    sandbox.addresses = Addresses(infor=infor, avidxchange=avidxchange, control=real.control)


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _through(url: str, link: CuttingProxy) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{link.port}")).geturl()
