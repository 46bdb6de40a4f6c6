"""Suppliers, ledger codes, connections and polls, each in its one state."""

from datetime import date

import pytest

from domain.connections import events as c
from domain.errands import events as work
from domain.event import Event, Personal
from domain.identifiers import stream_id
from domain.ledger_codes import events as g
from domain.polls import events as o
from domain.suppliers import events as v
from projections import connections, ledger_codes, suppliers, sync_status
from tests.unit.projections.book import CONNECTION, IDENTITY, Book

CONTENT = v.SupplierContent(company=100, number="V1", name="Roofers", status="20", email=Personal("a@roofers.test"))
IDLE = v.SupplierContent(company=100, number="V1", name="Roofers", status="10")
RECORDED = v.SupplierRecorded(content=CONTENT, to_send=True)
REFUSED = v.SupplierRefused(key="100|V1", code="FIELD_TOO_LONG", text="Name: 60 of 50", of_version=1, field="Name")
RETRY = v.SupplierRetryOrdered(person="ann", reason="mended")


def confirmed(enrolment: str = "Enrolled", of_version: int = 1) -> Event:
    return v.SupplierConfirmed(
        key="100|V1", vendor_id="9", enrolment=enrolment, digest="d", of_version=of_version, opens_gate=True
    )


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        ([RECORDED], "waiting", ""),
        ([v.SupplierRecorded(content=IDLE, to_send=False)], "not_sent", ""),
        ([RECORDED, confirmed()], "sent", ""),
        ([RECORDED, confirmed("Pending")], "sent", ""),
        ([RECORDED, confirmed("Excluded")], "held", "Excluded"),
        ([RECORDED, REFUSED], "refused", "FIELD_TOO_LONG"),
        ([RECORDED, REFUSED, RETRY], "waiting", ""),
        ([RECORDED, confirmed(), v.SupplierChanged(content=CONTENT, to_send=True)], "waiting", ""),
        ([RECORDED, confirmed(), v.SupplierBlocked(content=IDLE, to_send=True), confirmed(of_version=3)], "sent", ""),
        (
            [v.SupplierRecorded(content=IDLE, to_send=False), v.SupplierUnblocked(content=CONTENT, to_send=True)],
            "waiting",
            "",
        ),
    ],
)
def test_a_supplier_is_in_one_state(events: list[Event], state: str, reason: str) -> None:
    book = Book()
    book.happened("supplier", "100|V1", *events)
    (row,) = suppliers.listed(book.store, CONNECTION)
    assert (row.state, row.reason, row.key, row.name) == (state, reason, "100|V1", "Roofers")
    assert suppliers.listed(book.store, CONNECTION, states=[state]) == [row]


def test_no_personal_data_is_kept_in_a_row() -> None:
    book = Book()
    book.happened("supplier", "100|V1", RECORDED, confirmed())
    (row,) = book.store.rows("suppliers")
    assert b"roofers.test" not in row.data


CODE = g.CodeContent(company=100, dimension=1, value="6101", group="Accounting Codes", description="Roofs", active=True)
SHUT = g.CodeContent(
    company=100, dimension=1, value="6101", group="Accounting Codes", description="Roofs", active=False
)
AGREED = g.LedgerCodeConfirmed(key="100|1|6101", digest="d", of_version=1, opens_gate=True)
DESCRIBED = g.LedgerCodeRefused(key="100|1|6101", code="DESCRIBED_OTHERWISE", text="so", of_version=1)
DIFFERS = g.LedgerCodeRefused(key="100|1|6101", code="MISSING_AT_AVIDXCHANGE", text="not there", of_version=1)


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        ([g.LedgerCodeRecorded(content=CODE, to_send=True)], "waiting", ""),
        ([g.LedgerCodeRecorded(content=SHUT, to_send=False)], "not_sent", ""),
        ([g.LedgerCodeRecorded(content=CODE, to_send=True), AGREED], "sent", ""),
        ([g.LedgerCodeRecorded(content=CODE, to_send=False), AGREED], "sent", ""),
        ([g.LedgerCodeRecorded(content=CODE, to_send=True), DIFFERS], "refused", "MISSING_AT_AVIDXCHANGE"),
        ([g.LedgerCodeRecorded(content=CODE, to_send=False), AGREED, DESCRIBED], "sent", "DESCRIBED_OTHERWISE"),
        (
            [g.LedgerCodeRecorded(content=CODE, to_send=True), AGREED, g.LedgerCodeBlocked(content=SHUT, to_send=True)],
            "waiting",
            "",
        ),
    ],
)
def test_a_ledger_code_is_in_one_state(events: list[Event], state: str, reason: str) -> None:
    book = Book()
    book.happened("ledger-code", "100|1|6101", *events)
    (row,) = ledger_codes.listed(book.store, CONNECTION)
    assert (row.state, row.reason, row.key, row.description) == (state, reason, "100|1|6101", "Roofs")
    assert ledger_codes.listed(book.store, CONNECTION, states=[state]) == [row]


def test_a_list_of_codes_is_no_code() -> None:
    book = Book()
    book.happened("ledger-code", "100|1", g.LedgerCodesListed(dimension=1, added=("1",), gone=()))
    assert ledger_codes.listed(book.store, CONNECTION) == []


ADDED = c.ConnectionAdded(name="acme", identity=IDENTITY, divisions=("AAA",))


def test_a_connection_is_found_by_its_name_with_what_is_known_of_it() -> None:
    book = Book()
    book.happened(
        "connection",
        "",
        ADDED,
        c.CredentialsImported(system="infor", fingerprint="ab12"),
        c.RemotesTested(
            infor_company=100, avidxchange_systems=("x",), missing_transactions=("APS200MI/LstInvoiceTrans",)
        ),
        c.ConnectionPaused(person="ann", reason="closing", until=None),
    )
    row = connections.named(book.store, "acme")
    assert row is not None
    assert (row.id, row.name, row.state.identity) == (CONNECTION, "acme", IDENTITY)
    assert (row.state.fingerprints, row.state.paused) == ((("infor", "ab12"),), True)
    assert row.missing_transactions == ("APS200MI/LstInvoiceTrans",)
    assert row.added_at is not None
    assert row.tested_at is not None
    assert [found.state for found in book.store.rows("connections")] == ["paused"]
    book.happened("connection", "", c.ConnectionResumed(person="ann"))
    assert [found.state for found in book.store.rows("connections")] == ["running"]
    assert connections.named(book.store, "other") is None


def test_a_connection_that_was_never_added_is_not_listed() -> None:
    book = Book()
    book.happened("connection", "", c.SettingsChanged(digest="d", diff=("a",)))
    assert connections.listed(book.store) == []


def test_of_two_identities_under_one_name_the_newer_one_counts() -> None:
    book = Book()
    other = c.ConnectionAdded(
        name="acme", identity=type(IDENTITY)("ACME_PRD", 100, "https://avid.test"), divisions=("AAA",)
    )
    book.happened("connection", "", ADDED)
    book.happened("connection", "", other, connection=other.identity.id)
    row = connections.named(book.store, "acme")
    assert row is not None
    assert row.id == other.identity.id
    assert len(connections.listed(book.store)) == 2


def completed(seen: int) -> Event:
    return o.PollCompleted(flow="invoices", watermark=f"2026030{seen}", pages=1, seen=seen, recorded=1, calls=3)


def test_a_flows_row_tells_its_last_poll_and_its_failure_until_it_works_again() -> None:
    book = Book()
    book.happened("poll", "p1", completed(4))
    book.happened("poll", "p2", completed(5))
    book.happened("poll", "invoices:record:9", o.PollRecordMalformed(flow="invoices", record="9", text="no amount"))
    book.happened("poll", "invoices:failures", o.PollFailed(flow="invoices", verdict="stop", text="the role lacks it"))
    (row,) = sync_status.listed(book.store, CONNECTION)
    assert (row.flow, row.seen, row.polls, row.recorded_in_all, row.watermark) == ("invoices", 5, 2, 2, "20260305")
    assert (row.failure, row.verdict, row.malformed_in_all) == ("the role lacks it", "stop", 1)
    assert [found.state for found in book.store.rows("sync_status")] == ["failed"]
    book.happened("poll", "invoices:failures", completed(6))
    (row,) = sync_status.listed(book.store, CONNECTION)
    assert (row.failure, row.failed_at, row.seen) == ("", None, 6)


def errand_failed(text: str, errand: str = "submit_invoices") -> Event:
    return work.ErrandFailed(errand=errand, flow="invoices", verdict="stop", text=text)


def test_a_flows_row_names_the_errands_whose_calls_do_not_work() -> None:
    book = Book()
    book.happened("errand", "submit_invoices:failures", errand_failed("401"), errand_failed("403"))
    book.happened("errand", "fetch_images:failures", errand_failed("no role", "fetch_images"))
    (row,) = sync_status.listed(book.store, CONNECTION)
    assert {errand: failing.text for errand, failing in row.failing.items()} == {
        "submit_invoices": "403",
        "fetch_images": "no role",
    }
    assert row.failing["submit_invoices"].since < row.failing["fetch_images"].since
    book.happened("errand", "submit_invoices:failures", work.ErrandRecovered(errand="submit_invoices", flow="invoices"))
    (row,) = sync_status.listed(book.store, CONNECTION)
    assert list(row.failing) == ["fetch_images"]
    assert (row.failure, row.verdict) == ("", "")


def test_only_facts_about_polls_belong_to_a_flow() -> None:
    book = Book()
    stream = book.happened("supplier", "100|V1", RECORDED)
    (recorded,) = book.log.load([stream])[stream]
    assert stream == stream_id(CONNECTION, "supplier", "100|V1")
    with pytest.raises(TypeError, match="SupplierRecorded is no fact about a flow"):
        sync_status.evolve_row(None, recorded)


def test_a_code_keeps_no_division_facts_in_its_row() -> None:
    fact = g.CodeFact(division="AAA", description="only here", blocked=False, valid_from=date(2026, 1, 1))
    content = g.CodeContent(company=100, dimension=1, value="1", group="G", description="d", active=True, facts=(fact,))
    book = Book()
    book.happened("ledger-code", "100|1|1", g.LedgerCodeRecorded(content=content, to_send=True))
    assert b"only here" not in book.store.rows("ledger_codes")[0].data
