"""A connection is removed by a person: what must be over before, what is gone after, what stays for the auditor."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from domain.errors import HeldError, RefusedError
from domain.event import Append
from domain.identifiers import stream_id
from domain.invoices import submission_events as s
from domain.invoices.events import InvoiceReleased
from domain.ports import EventLog
from domain.ports.store import Causes, Guard, MoneyGuard, PollMark
from domain.postings import events as p
from domain.suppliers.events import SupplierRetryOrdered
from tests.support.command_line import SECRETS, SETTINGS, Desk
from tests.support.payments_world import STARTED, plan
from tests.unit.domain.invoices.invoice_facts import KEY
from tests.unit.tieout.commands.test_command_acts import CONNECTION, DOUBTED, REFUSED, happened, topics
from tieout.acts import connections, removal
from tieout.acts.act import Act
from tieout.observability.store_metrics import samples
from tieout.processes.opened import LOOK_SECONDS, Opened
from tieout.processes.upkeep import Upkeep
from tieout.settings import load
from tieout.wiring import AvidTokens, Deployment, open_deployment
from tieout.wiring.alerting import standing_alerts

STREAM = stream_id(CONNECTION, "connection", "")
INTENT = DOUBTED[:2]


@pytest.fixture
def desk(desk_of_either_store: Desk) -> Desk:
    return desk_of_either_store


@pytest.fixture
def on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(tmp_path, monkeypatch, capsys)
    made.set_up()
    return made


def pause(desk: Desk) -> None:
    assert desk.types("connection", "pause", "acme", "--by", "ann").code == 0


def remove(desk: Desk) -> None:
    pause(desk)
    ran = desk.types("connection", "remove", "acme", "--reason", "sold", "--by", "ann")
    assert ran.code == 0, ran.err


def act(deployment: Deployment, log: EventLog | None = None) -> Act:
    return Act(log=log or deployment.log, connection=CONNECTION, person="ann", reason="sold")


def test_a_removed_connection_has_no_credentials_and_no_schedule_and_keeps_its_history(desk: Desk) -> None:
    happened("supplier", "100|V1001", REFUSED)
    (issue,) = desk.types("issues", "--json").document
    with open_deployment(load(None)) as deployment:
        deployment.polls.ensure(CONNECTION, {"invoices": timedelta(minutes=5)})
    pause(desk)
    ran = desk.types("connection", "remove", "acme", "--reason", "sold", "--by", "ann", "--json")
    assert ran.code == 0, ran.err
    said = ran.document
    assert (said["new"], said["deleted"], said["removed"]["by"]) == (True, ["avidxchange", "infor"], "ann")
    assert said["left"] == {"issues": 1, "invoices_submitted": 0, "payments_not_posted": 0}
    assert topics(STREAM)[-1] == "ConnectionRemoved by ann"
    with open_deployment(load(None)) as deployment:
        assert deployment.store.credentials.fingerprints() == {}
        assert deployment.polls.rows(CONNECTION) == []
    assert desk.types("issues", "--json").document == []
    shown = desk.types("issue", "show", issue["id"], "--json").document
    assert (shown["id"], shown["ended_with_connection"]) == (issue["id"], said["removed"])
    assert "removed by ann" in desk.types("issue", "show", issue["id"]).out
    life = desk.types("timeline", "V1001", "--connection", "acme", "--json").document
    assert [one["type"] for one in life["events"]] == ["SupplierRecorded", "SupplierRefused"]
    assert [one["number"] for one in desk.types("suppliers", "--json").document] == ["V1001"]


def test_whoever_asks_is_told_that_it_was_removed(on_sqlite: Desk) -> None:
    desk = on_sqlite
    remove(desk)
    (row,) = desk.types("connection", "list", "--json").document
    assert (row["added"], row["paused"], row["fingerprints"]) == (True, False, {})
    assert (row["removed"]["by"], row["removed"]["reason"]) == ("ann", "sold")
    assert row["removed"]["at"] in desk.types("connection", "list").out
    assert "all were removed" in desk.types("sync-status").out
    status = desk.types("sync-status", "acme").out
    assert f"acme (removed): removed at {row['removed']['at']} by ann: sold\n" in status
    assert "no poll yet" not in status
    assert desk.types("sync-status", "acme", "--json").document["removed"] == row["removed"]
    found = {one["check"]: one for one in desk.types("doctor", "--json").document["checks"] if one["check"] == "acme"}
    assert found["acme"]["text"].startswith("connection 'acme' was removed")
    assert found["acme"]["mend"].startswith("take [connections.acme] out of")


@pytest.mark.parametrize(
    "command",
    [
        ("sync", "acme"),
        ("connection", "test", "acme"),
        ("connection", "pause", "acme"),
        ("connection", "resume", "acme"),
        ("connection", "rotate", "acme"),
    ],
)
def test_nothing_is_ordered_of_a_removed_connection(on_sqlite: Desk, command: tuple[str, ...]) -> None:
    remove(on_sqlite)
    on_sqlite.types(*command).failed(2, "connection 'acme' was removed on", "by ann (sold)", "takes it up again")


def test_nothing_is_ordered_of_its_records_either(on_sqlite: Desk) -> None:
    happened("supplier", "100|V1001", REFUSED)
    (issue,) = on_sqlite.types("issues", "--json").document
    remove(on_sqlite)
    on_sqlite.types("issue", "retry", issue["id"], "--yes").failed(2, "connection 'acme' was removed on")
    on_sqlite.types("sync").failed(2, "every declared connection was removed")


def test_a_removal_is_done_once_and_ends_what_a_broken_one_left(on_sqlite: Desk) -> None:
    remove(on_sqlite)
    with open_deployment(load(None)) as deployment:
        deployment.store.credentials.put("acme", "infor", SECRETS[0].encode())
    (check,) = [one for one in on_sqlite.types("doctor", "--json").document["checks"] if one["check"] == "acme"]
    assert "but credentials of it are in the vault" in check["text"]
    again = on_sqlite.types("connection", "remove", "acme", "--reason", "sold", "--by", "bob")
    assert again.code == 0
    assert again.err.startswith("acme: it was removed at ")
    assert "; deleted its credentials for infor, left of its removal; its history stays" in again.err
    third = on_sqlite.types("connection", "remove", "acme", "--reason", "sold", "--by", "bob")
    assert third.err.startswith("acme: nothing changed, it was removed at ")
    assert "credentials" not in third.err
    assert topics(STREAM).count("ConnectionRemoved by ann") == 1
    assert topics(STREAM)[-1] == "ConnectionRemoved by ann"


def test_a_removal_that_found_no_credentials_says_so(on_sqlite: Desk) -> None:
    pause(on_sqlite)
    with open_deployment(load(None)) as deployment:
        deployment.store.credentials.remove("acme")
    ran = on_sqlite.types("connection", "remove", "acme", "--reason", "sold")
    assert ran.err.startswith("acme: removed; it had no credentials; its history stays for `tieout timeline`")


def test_a_removal_asks_for_a_reason_and_a_pause(on_sqlite: Desk) -> None:
    on_sqlite.types("connection", "remove", "acme").failed(2, "--reason")
    on_sqlite.types("connection", "remove", "acme", "--reason", " ").failed(2, "--reason is empty")
    on_sqlite.types("connection", "remove", "acme", "--reason", "sold").failed(2, "`tieout connection pause acme`")
    on_sqlite.types("connection", "remove", "beta", "--reason", "sold").failed(2, "beta")


def test_an_undeclared_connection_is_removed_too(on_sqlite: Desk) -> None:
    pause(on_sqlite)
    on_sqlite.write_settings("")
    ran = on_sqlite.types("connection", "remove", "acme", "--reason", "sold")
    assert (ran.code, "next:" in ran.err) == (0, False), ran.err
    (check,) = [one for one in on_sqlite.types("doctor", "--json").document["checks"] if one["check"] == "acme"]
    assert check["state"] == "ok"


def test_a_removal_names_what_nobody_knows_the_outcome_of(desk: Desk) -> None:
    happened("invoice", KEY.external_id, DOUBTED)
    happened("posting", "T1", (p.PostingPlanned(plan=plan(key1="T1")), STARTED))
    pause(desk)
    desk.types("connection", "remove", "acme", "--reason", "sold").failed(
        2, f"acme is not removed: nobody knows yet what becomes of invoice {KEY.external_id}, posting T1;"
    )
    assert "ConnectionRemoved" not in " ".join(topics(STREAM))


def test_a_removal_waits_for_errands_and_polls_at_work(desk: Desk) -> None:
    happened("supplier", "100|V1001", (SupplierRetryOrdered(person="ann", reason="x"),))
    lease = timedelta(minutes=5)
    with open_deployment(load(None)) as deployment:
        deployment.relay.drain()
        rows = deployment.work.claim("send_suppliers", connection=CONNECTION, limit=9, worker="w", lease=lease)
        deployment.polls.ensure(CONNECTION, {"invoices": lease})
        due = deployment.polls.claim("invoices", connection=CONNECTION, worker="w", lease=lease)
        assert due is not None
        pause(desk)
        desk.types("connection", "remove", "acme", "--reason", "sold").failed(
            2, "acme is not removed while poll_invoices, send_suppliers is at work"
        )
        deployment.work.release(rows, worker="w")
        deployment.polls.fail(due, until=deployment.log.now(), text="no answer")
    assert desk.types("connection", "remove", "acme", "--reason", "sold").code == 0


class Meddled:
    """The log, in whose next appends something else is faster each time."""

    def __init__(self, log: EventLog, *meddlings: Callable[[], object]) -> None:
        self._log, self._meddlings = log, list(meddlings)

    def append(
        self, batch: Sequence[Append], *, causes: Causes, mark: PollMark | None = None, guard: Guard | None = None
    ) -> None:
        if self._meddlings:
            self._meddlings.pop(0)()
        self._log.append(batch, causes=causes, mark=mark, guard=guard)

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


def test_what_a_worker_begins_between_the_look_and_the_record_stops_the_removal(desk: Desk) -> None:
    pause(desk)
    with open_deployment(load(None)) as deployment:
        log = Meddled(deployment.log, lambda: happened("invoice", KEY.external_id, INTENT))
        with pytest.raises(RefusedError, match="invoice"):
            removal.remove(deployment, act(deployment, log))  # type: ignore[arg-type]  # it passes everything on
        assert set(deployment.store.credentials.fingerprints()) == {("acme", "avidxchange"), ("acme", "infor")}
    assert topics(STREAM)[-1].startswith("ConnectionPaused")


def test_what_a_worker_learns_between_the_look_and_the_record_is_judged_anew(on_sqlite: Desk) -> None:
    pause(on_sqlite)
    with open_deployment(load(None)) as deployment:
        learned = [lambda: happened("supplier", "100|V1001", REFUSED[:1])] * (removal.TRIES - 1)
        log = Meddled(deployment.log, *learned)
        assert removal.remove(deployment, act(deployment, log)).new  # type: ignore[arg-type]  # as above
    remove_again = on_sqlite.types("connection", "remove", "acme", "--reason", "sold", "--json")
    assert remove_again.document["new"] is False


def test_a_connection_that_never_keeps_still_is_not_removed(on_sqlite: Desk) -> None:
    pause(on_sqlite)
    with open_deployment(load(None)) as deployment:
        learned = [lambda: happened("supplier", "100|V1001", REFUSED[:1])] * removal.TRIES
        with pytest.raises(HeldError, match="went on meanwhile"):
            removal.remove(deployment, act(deployment, Meddled(deployment.log, *learned)))  # type: ignore[arg-type]  # as above


def test_a_worker_that_asked_before_the_removal_writes_no_money_after_it(desk: Desk) -> None:
    with open_deployment(load(None)) as worker:
        guard = MoneyGuard(incarnation=worker.log.incarnation())
        causes = Causes(connection=CONNECTION, correlation_id="test")
        assert worker.gate.held_back(CONNECTION, "submit_invoices") == ""
        remove(desk)
        late = Append(stream=uuid4(), expected_version=0, events=(InvoiceReleased(key=KEY, why="test"),))
        with pytest.raises(HeldError, match="the connection was removed"):
            worker.log.append([late], causes=causes, guard=guard)


def test_credentials_replaced_while_it_was_removed_do_not_stay(on_sqlite: Desk) -> None:
    def tokens() -> AvidTokens:
        remove(on_sqlite)
        return AvidTokens(company_token=SECRETS[2], user_token=SECRETS[3])

    with open_deployment(load(None)) as deployment:
        with pytest.raises(RefusedError, match="was removed"):
            connections.rotate(deployment, "acme", ionapi=None, ask_tokens=tokens, person="bob")
        assert deployment.store.credentials.fingerprints() == {}


def test_a_running_process_lets_it_go_and_takes_it_up_when_it_is_added_again(on_sqlite: Desk) -> None:
    desk, seconds = on_sqlite, 0.0
    with open_deployment(load(None)) as deployment:
        opened = Opened(deployment, clock=lambda: seconds)
        upkeep = Upkeep(deployment, opened)
        upkeep.round()
        before = opened.find(CONNECTION)
        assert before is not None
        remove(desk)
        seconds += LOOK_SECONDS
        upkeep.round()
        assert (opened.names(), opened.find(CONNECTION), deployment.find_tools(CONNECTION)) == ({}, None, None)
        assert deployment.polls.rows(CONNECTION) == []
        added = desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi(), "--by", "bob")
        assert added.code == 0, added.err
        assert len(deployment.polls.rows(CONNECTION)) == 5
        seconds += LOOK_SECONDS
        upkeep.round()
        again = opened.find(CONNECTION)
        assert again is not None
        assert again is not before
        assert again.connection == CONNECTION, "the same identity goes on in the same streams"


def test_the_same_identity_goes_on_where_it_stopped(desk: Desk) -> None:
    happened("supplier", "100|V1001", REFUSED)
    happened("supplier", "100|V1002", (SupplierRetryOrdered(person="ann", reason="x"),))
    issues = desk.types("issues", "--json").document
    with open_deployment(load(None)) as deployment:
        assert _due(deployment) == [("send_suppliers", 1)]
    remove(desk)
    assert desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi(), "--by", "bob").code == 0
    assert desk.types("issues", "--json").document == issues
    report = desk.types("sync-status", "acme", "--json").document
    assert (report["removed"], report["paused"], len(report["flows"])) == (None, False, 5)
    with open_deployment(load(None)) as deployment:
        assert _due(deployment) == [("send_suppliers", 1)], "what was due is due again"
        assert deployment.log.load([STREAM])[STREAM][-3].meta.actor == "bob"


def test_another_identity_takes_neither_its_name_nor_its_divisions(on_sqlite: Desk) -> None:
    desk = on_sqlite
    remove(desk)
    desk.write_settings(SETTINGS.replace("company = 100", "company = 200"))
    desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi()).failed(2, "'acme' was removed, and is")
    desk.write_settings(SETTINGS.replace("acme", "beta"))
    desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi()).failed(2, "add it again under that name")
    desk.write_settings(SETTINGS.replace("acme", "beta").replace(":9/v1", ":9/v2"))
    desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi()).failed(2, "paid a second time")


def test_what_it_synced_stays_its_own_whatever_settings_list_later(on_sqlite: Desk) -> None:
    desk = on_sqlite
    remove(desk)
    beta = SETTINGS.replace("acme", "beta").replace(":9/v1", ":9/v2")
    desk.write_settings(beta.replace("AAA", "BBB"))
    assert desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi()).code == 0
    desk.write_settings(beta + SETTINGS.replace("AAA", "CCC"))
    desk.types("sync", "beta").failed(2, "lists division AAA of company 100, as 'acme' did before it was removed")


def test_its_alerts_end_and_no_metric_speaks_of_it(on_sqlite: Desk) -> None:
    twice = s.InvoiceFoundTwice(key=KEY, avid_invoice_ids=("1", "2"))
    happened("invoice", KEY.external_id, (*DOUBTED, twice))

    def told() -> tuple[set[str], set[str]]:
        with open_deployment(load(None)) as deployment:
            alerts = {alert.kind for alert in standing_alerts(deployment, deployment.log.now()).values()}
            return alerts, {name for _, labels, _ in samples(deployment) for name in labels if name == "acme"}

    before, names = told()
    assert (bool(before), names) == (True, {"acme"})
    remove(on_sqlite)
    assert told() == (set(), set())


def test_nobody_is_asked_to_do_the_next_step_for_it(on_sqlite: Desk) -> None:
    remove(on_sqlite)
    assert "next: declare a connection" in on_sqlite.types("init").err
    on_sqlite.write_settings(SETTINGS + SETTINGS.replace("acme", "beta"))
    assert "next: `tieout connection add beta --ionapi FILE`" in on_sqlite.types("init").err


def _due(deployment: Deployment) -> list[tuple[str, int]]:
    deployment.relay.drain()
    rows = deployment.work.backlog(deployment.log.now() + timedelta(days=1))
    return sorted((errand, backlog.rows) for (_, errand), backlog in rows.items())
