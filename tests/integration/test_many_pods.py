"""One suite for two deployments: one process over SQLite; three workers, two relays, PostgreSQL and RabbitMQ.

Each is held against one more run of one process over SQLite, so that what differs from run to run shows in both.
"""

import pytest

from tests.integration.ended import INVOICES, Ended, many_processes, one_process
from tests.support.deployment import DISAGREEMENTS
from tests.support.facts import facts
from tests.support.rows import COMPARED

IN_PROCESS, SPREAD_OUT = "SQLite, in process", "PostgreSQL, RabbitMQ, three workers"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The run both deployments are compared with."""
    return one_process(tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module", params=[IN_PROCESS, SPREAD_OUT])
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A deployment whose invoices were sent and paid."""
    folder = tmp_path_factory.mktemp("ended")
    if request.param == IN_PROCESS:
        return one_process(folder)
    urls = [request.getfixturevalue(name) for name in ("postgres_url", "rabbitmq_url")]
    return many_processes(folder, *urls)


def test_both_systems_books_agree(ended: Ended, reference: Ended) -> None:
    assert {kind: ended.tie_out[kind] for kind in DISAGREEMENTS if ended.tie_out[kind]} == {}
    assert ended.tie_out == reference.tie_out


def test_the_totals_are_the_same(ended: Ended, reference: Ended) -> None:
    assert ended.totals == reference.totals
    assert ended.totals["invoices"]["closed"] > INVOICES / 2


def test_every_projected_row_is_that_of_a_rebuild(ended: Ended) -> None:
    assert ended.behind == 0
    assert all(ended.rows.values())
    assert ended.rows == ended.rebuilt


def test_what_the_rows_say_of_every_record_is_the_same(ended: Ended, reference: Ended) -> None:
    found, expected = ended.records, reference.records
    assert found.keys() == expected.keys()
    assert {record: said for record, said in found.items() if said != expected[record]} == {}
    assert {projection for projection, _ in expected} == {projection.name for projection in COMPARED}
    assert len(expected) > INVOICES


def test_the_facts_are_the_same_up_to_order_between_records(ended: Ended, reference: Ended) -> None:
    found, expected = facts(ended.log), facts(reference.log)
    assert found.keys() == expected.keys()
    assert {subject: said for subject, said in found.items() if said != expected[subject]} == {}
    assert len(expected) > INVOICES
