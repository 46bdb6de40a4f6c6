"""Lists and calls over a real socket: pages, lists that move, ids with commas, log-ins that ended."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.avidxchange import AvidSettings, AvidXchange, Credentials
from adapters.avidxchange.gateway import in_calls
from domain.errors import MalformedError, MisconfiguredError, RefusedError, TransientError
from domain.ports.answers import CallAnswer, Verdict
from tests.contracts.payables.records import FAR_OFF, code, invoice, supplier
from tests.contracts.payables.worlds import Blobs
from tests.unit.adapters.http.loopback import Answer, Loopback, Seen, hang_up, reply
from tests.unit.adapters.http.remotes import RealClock, close_remotes, remote

DAY = date(2026, 1, 21)


@pytest.fixture(autouse=True)
def _closed_remotes() -> Iterator[None]:
    yield
    close_remotes()


def system(server: Loopback, **settings: Any) -> AvidXchange:
    credentials = Credentials(company_token="c-tok", user_token="u-tok", client_id="me", client_secret="s3cret")
    return AvidXchange(
        AvidSettings(base_url=f"{server.url}/v1", **settings),
        credentials,
        remote=remote(timeout_seconds=1.0),
        blobs=Blobs(),  # type: ignore[arg-type]  # no image is asked for
        clock=RealClock(),
    )


def listing(items: list[dict[str, Any]], **paging: Any) -> bytes:
    return reply(200, json.dumps({"Items": items, **({"Paging": paging} if paging else {})}).encode())


def item(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "InvoiceId": str(number),
        "ExternalId": f"100|AAA|V1|V1|{number}|2026",
        "InvoiceNumber": str(number),
        "VendorExternalId": "100|V1",
        "GrossAmount": 1.00,
        "Status": "Received",
        **changes,
    }


def query(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(seen.target).query).items()}


def paged(pages: Callable[[int], bytes]) -> Callable[[Seen], Answer]:
    return lambda seen: pages(int(query(seen)["pageNumber"]))


def ids(system: AvidXchange) -> list[str]:
    return [one.avid_invoice_id for page in system.changed_invoices(DAY, DAY) for one in page]


@pytest.mark.parametrize("name", ["Pages", "PageCount"])
@pytest.mark.parametrize("kind", [int, str])
def test_every_page_is_read_whatever_the_count_is_called(name: str, kind: type) -> None:
    def page(number: int) -> bytes:
        counts = {name: kind(3), "TotalItems": kind(3), "PageSize": kind(1)}
        return listing([item(number)], PageNumber=number, **counts)

    with Loopback(paged(page)) as server:
        assert ids(system(server)) == ["1", "2", "3"]


def test_a_list_without_paging_is_one_page() -> None:
    with Loopback(lambda _: listing([item(1), item(2)])) as server:
        assert ids(system(server)) == ["1", "2"]
        assert len(server.seen) == 1


def test_the_total_alone_tells_how_many_pages_there_are() -> None:
    with Loopback(paged(lambda number: listing([item(number)], PageSize=1, TotalItems=2))) as server:
        assert ids(system(server)) == ["1", "2"]


def test_a_single_object_stands_for_a_list_of_one() -> None:
    with Loopback(lambda _: reply(200, json.dumps({"Items": item(1)}).encode())) as server:
        assert ids(system(server)) == ["1"]


def test_a_list_that_moves_is_read_again_and_each_record_given_once() -> None:
    readings = iter(
        [
            listing([item(1)], Pages=2, TotalItems=2),
            listing([item(2)], Pages=3, TotalItems=3),
            listing([item(1)], Pages=2, TotalItems=2),
            listing([item(1)], Pages=2, TotalItems=2),
            listing([item(1)], Pages=2, TotalItems=2),
            listing([item(3)], Pages=2, TotalItems=2),
        ]
    )
    with Loopback(lambda _: next(readings)) as server:
        assert ids(system(server)) == ["1", "3"]
        assert len(server.seen) == 6


def turned(*pages: list[dict[str, Any]], **paging: Any) -> Callable[[Seen], Answer]:
    """Give these pages at every reading."""
    return paged(lambda number: listing(pages[number - 1], Pages=len(pages), **paging))


@pytest.mark.parametrize("total", [{"TotalItems": 3}, {}])
@pytest.mark.parametrize(
    "pages",
    [
        ([item(1)], [item(1), item(2)], [item(2), item(3)]),
        ([item(1), item(2)], [], [item(3)]),
        ([item(1)], [], [], [item(1), item(2), item(3)], []),
    ],
)
def test_records_shown_twice_and_empty_pages_within_do_not_end_a_list(
    pages: tuple[list[dict[str, Any]], ...], total: dict[str, int]
) -> None:
    with Loopback(turned(*pages, **total)) as server:
        assert ids(system(server)) == ["1", "2", "3"]
        # Without a total only a second reading that brings the same proves that nothing moved.
        assert len(server.seen) == len(pages) * (1 if total else 2)


def test_a_look_up_gives_a_record_shown_twice_once() -> None:
    key = "100|AAA|V1|V1|1|2026"
    with Loopback(turned([item(1)], [item(1), item(2)], TotalItems=2)) as server:
        assert len(system(server).find_invoices([key])[key]) == 1


def test_a_record_that_comes_twice_in_two_forms_shows_that_the_list_moved() -> None:
    pages = ([item(1)], [item(1, Status="Paid"), item(2)])
    with Loopback(turned(*pages, TotalItems=2)) as server, pytest.raises(TransientError, match="changed each time"):
        ids(system(server))


def test_a_list_of_empty_pages_is_not_turned_for_ever() -> None:
    with Loopback(lambda _: listing([], Pages=99_999, TotalItems=3)) as server:
        with pytest.raises(TransientError, match="changed each time"):
            ids(system(server))
        assert len(server.seen) == 3 * 4


@pytest.mark.parametrize(
    ("second", "asked"),
    [
        (listing([item(2)], Pages=2, TotalItems=5), 6),
        (listing([item(1)], Pages=2, TotalItems=2), 6),
        (listing([], Pages=3, TotalItems=2), 9),
        (listing([], Pages=2, TotalItems=2), 6),
    ],
)
def test_a_list_that_never_holds_still_is_given_up_after_three_readings(second: bytes, asked: int) -> None:
    def page(number: int) -> bytes:
        return listing([item(1)], Pages=2, TotalItems=2) if number == 1 else second

    with Loopback(paged(page)) as server:
        with pytest.raises(TransientError, match="changed each time"):
            ids(system(server))
        assert len(server.seen) == asked


@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"",
        b'{"Items":[{"Inv',
        b"[]",
        b"{}",
        b'{"Items":null}',
        b'{"Items":null,"Paging":{"TotalItems":1}}',
    ],
)
def test_an_unreadable_page_is_asked_again_and_never_taken_for_an_empty_one(body: bytes) -> None:
    with Loopback(lambda _: reply(200, body)) as server:
        with pytest.raises(TransientError):
            system(server).find_invoices(["100|AAA|V1|V1|1|2026"])
        assert len(server.seen) == 5


def test_null_items_are_an_empty_list_only_where_the_total_says_so_too() -> None:
    empty = reply(200, b'{"Items":null,"Paging":{"TotalItems":0,"Pages":0,"Links":null}}')
    with Loopback(lambda _: empty) as server:
        assert system(server).find_invoices(["100|AAA|V1|V1|1|2026"]) == {"100|AAA|V1|V1|1|2026": []}
        assert len(server.seen) == 1


def test_ids_are_looked_up_fifty_a_call_and_one_with_a_comma_alone() -> None:
    wanted = [f"100|AAA|V1|V1|{number}|2026" for number in range(70)] + ["100|AAA|V1|V1|A,B|2026"]
    with Loopback(lambda _: listing([])) as server:
        found = system(server).find_invoices(wanted)
        asked = [query(seen)["externalIds"] for seen in server.seen]
    assert found == {one: [] for one in wanted}
    assert asked.pop(1) == "100|AAA|V1|V1|A,B|2026"
    assert [len(one.split(",")) for one in asked] == [50, 20]


def test_long_ids_are_cut_into_shorter_addresses() -> None:
    calls = list(in_calls([f"{number}-{'x' * 2000}" for number in range(5)], most=50))
    assert [len(call) for call in calls] == [2, 2, 1]
    assert list(in_calls(["a", "a", "b"], most=50)) == [["a", "b"]]
    assert list(in_calls([], most=50)) == []


def test_a_found_invoice_with_an_unreadable_amount_agrees_with_nothing_but_is_there() -> None:
    with Loopback(lambda _: listing([item(1, GrossAmount="a lot")])) as server:
        (found,) = system(server).find_invoices(["100|AAA|V1|V1|1|2026"])["100|AAA|V1|V1|1|2026"]
    assert found.gross.currency == ""
    assert found.live


def test_a_look_up_that_brings_a_nameless_invoice_proves_no_absence() -> None:
    with Loopback(lambda _: listing([item(1, ExternalId=None)])) as server, pytest.raises(MalformedError):
        system(server).find_invoices(["100|AAA|V1|V1|1|2026"])


def test_invoices_that_are_not_ours_or_unreadable_are_left_out_of_the_changes() -> None:
    items = [item(1, ExternalId=None), item(2, InvoiceNumber=[2]), item(3)]
    with Loopback(lambda _: listing(items)) as server:
        assert ids(system(server)) == ["3"]


def test_one_unreadable_payment_leaves_its_neighbours_alone() -> None:
    good = {"PaymentId": "1", "Amount": "0.00", "LastModifiedDate": "2026-01-21 10:00:00"}
    with Loopback(lambda _: listing([good, {"PaymentId": "2"}, {"Amount": 1}])) as server:
        (page,) = list(system(server).payments(DAY, DAY))
    assert [one.payment_id for one in page.payments] == ["1"]
    assert [record for record, _ in page.problems] == ["2", "page 1, item 3"]


def test_of_two_batches_with_one_id_the_one_still_at_work_counts() -> None:
    both = [{"ExternalId": "TO-1", "Status": "Closed"}, {"ExternalId": "TO-1", "Status": "Processing"}]
    for items in (both, both[::-1]):
        with Loopback(lambda _, items=items: listing(items)) as server:  # type: ignore[misc]  # mypy cannot infer a default's type
            assert system(server).find_batches(["TO-1"]) == {"TO-1": "Processing"}


def test_a_window_longer_than_thirty_days_is_a_mistake_of_ours() -> None:
    with Loopback(lambda _: listing([])) as server, pytest.raises(ValueError, match="30 days"):
        list(system(server).payments(DAY, DAY + timedelta(days=31)))


def test_a_401_without_a_new_log_in_to_try_is_a_persons_matter() -> None:
    body = b'{"exception":{"reason":"Unauthorized","detail":"X-Company-Token \'c-tok\' is not valid"}}'
    with Loopback(lambda _: reply(401, body)) as server:
        with pytest.raises(MisconfiguredError, match="rotate") as caught:
            system(server).check()
        assert len(server.seen) == 2
    assert "c-tok" not in str(caught.value)


def test_a_single_401_to_tokens_that_have_no_successor_passes() -> None:
    answers = [reply(401), listing([])]
    with Loopback(lambda _: answers.pop(0)) as server:
        system(server).check()
        assert [seen.target for seen in server.seen] == [server.seen[0].target] * 2


def partner(server: Loopback) -> AvidXchange:
    return system(server, auth="partner", token_url=f"{server.url}/token", company_id="4711")


class PartnerDesk:
    """Gives tokens t1, t2, … and takes only those from `first` on."""

    def __init__(self, *, first: int, answer: bytes) -> None:
        self.tokens = 0
        self._first = first
        self._answer = answer

    def __call__(self, seen: Seen) -> Answer:
        if seen.target == "/token":
            self.tokens += 1
            return reply(200, f'{{"access_token":"t{self.tokens}","expires_in":3600}}'.encode())
        token = int(seen.headers["authorization"].removeprefix("Bearer t"))
        return self._answer if token >= self._first else reply(401)


def test_reads_and_upserts_log_in_again_once_after_a_401() -> None:
    calls: tuple[Callable[[AvidXchange], object], ...] = (
        lambda one: one.check(),
        lambda one: one.put_vendors([supplier()], deadline=FAR_OFF),
    )
    for call in calls:
        desk = PartnerDesk(first=2, answer=reply(200, b'{"Items":[],"Results":[]}'))
        with Loopback(desk) as server:
            call(partner(server))
        assert desk.tokens == 2


def test_a_batch_refused_with_401_was_not_sent_and_the_next_one_has_a_fresh_token() -> None:
    desk = PartnerDesk(first=2, answer=reply(200, b'{"Results":[]}'))
    with Loopback(desk) as server:
        one = partner(server)
        assert send(one).verdict is Verdict.NOT_SENT
        assert send(one).verdict is Verdict.CONFIRMED
        assert [seen.target for seen in server.seen].count("/v1/invoices/batches") == 2


def send(one: AvidXchange, *, prepare: bool = True) -> CallAnswer:
    encoded = one.encode_batch("TO-1", [invoice()])
    if prepare:
        one.prepare()
    return one.send_batch(encoded, deadline=datetime.now(tz=UTC) + timedelta(seconds=2))


def test_a_batch_without_a_log_in_is_not_sent() -> None:
    with Loopback(lambda _: reply(200)) as server:
        answer = send(partner(server), prepare=False)
        assert (answer.verdict, answer.code) == (Verdict.NOT_SENT, "LOG_IN_LAPSED")
        assert server.connections == 0


def test_a_batch_whose_connection_breaks_is_in_doubt_and_was_posted_once() -> None:
    with Loopback(lambda _: hang_up) as server:
        answer = send(system(server))
        assert (answer.verdict, answer.records) == (Verdict.DOUBT, {})
        assert server.posts() == 1


def test_money_leaves_as_numbers_with_two_decimals() -> None:
    with Loopback(lambda _: reply(200, b'{"Results":[]}')) as server:
        one = system(server, dimensions=((2, "Cost center"),))
        one.prepare()
        encoded = one.encode_batch("TO-1", [invoice(minor=100_000_000_005), invoice("CM", minor=-10)])
        one.send_batch(encoded, deadline=datetime.now(tz=UTC) + timedelta(seconds=2))
        (seen,) = server.seen
    assert seen.body == encoded.body
    assert seen.headers["content-type"].startswith("application/json")
    assert b'"GrossAmount":1000000000.05,"DiscountAmount":0.00' in seen.body
    assert b'"GrossAmount":-0.10,' in seen.body
    assert b'"Image":null' in seen.body
    assert b'"Codes":[{"GroupName":"Accounting Codes","CodeValue":"600100"},{"GroupName":"Cost center","CodeValue":"B014"}]' in seen.body  # fmt: skip  # noqa: E501 - the bytes as they stand on the wire
    assert b"P9" not in seen.body


def test_an_account_that_takes_no_codes_names_the_setting_that_helps() -> None:
    with Loopback(lambda _: reply(403)) as server, pytest.raises(RefusedError, match='gl_accounts = "verify"'):
        system(server).put_codes([code()], deadline=FAR_OFF)


def test_upserts_are_matched_by_key_or_else_by_order() -> None:
    results = {"Results": [{"Successful": True}, {"Successful": "false", "Errors": {"Code": "FIELD_TOO_LONG"}}]}
    with Loopback(lambda _: reply(200, json.dumps(results).encode())) as server:
        answers = system(server).put_codes([code("1"), code("2")], deadline=FAR_OFF)
    assert [answer.verdict for answer in answers.values()] == [Verdict.CONFIRMED, Verdict.REFUSED]
    with Loopback(lambda _: reply(200, json.dumps(results).encode())) as server:
        assert system(server).put_codes([code("1"), code("2"), code("3")], deadline=FAR_OFF) == {}


@pytest.mark.parametrize("nothing", [b"null", b"[null]"])
def test_an_upsert_whose_errors_are_null_is_confirmed(nothing: bytes) -> None:
    item = b'{"ExternalId":"100|V1001","VendorId":"9001","Status":"Enrolled"}'
    body = b'{"Results":[{"Successful":true,"Item":' + item + b',"Errors":' + nothing + b"}]}"
    with Loopback(lambda _: reply(200, body)) as server:
        answers = system(server).put_vendors([supplier()], deadline=FAR_OFF)
    assert (answers["100|V1001"].verdict, answers["100|V1001"].item_id) == (Verdict.CONFIRMED, "9001")


@pytest.mark.parametrize("body", [b"<html></html>", b"", b"{}"])
def test_an_upsert_with_an_unreadable_answer_has_an_unknown_outcome(body: bytes) -> None:
    with Loopback(lambda _: reply(200, body)) as server, pytest.raises(TransientError) as caught:
        system(server).put_vendors([supplier()], deadline=FAR_OFF)
    assert not caught.value.before_processing


def test_a_vendor_is_compared_as_we_would_send_it() -> None:
    held = {
        "VendorId": 9001,
        "ExternalId": "100|V1001",
        "Status": "Enrolled",
        "Name": "Acme Roofing LLC",
        "NameOnCheck": "",
        "TaxId": "12-3456789",
        "Address": {"Line1": "1 Main St", "City": "Charlotte", "State": "NC", "PostalCode": 28202, "Country": "US"},
        "RemitToAddress": {"Line1": None, "City": ""},
        "Email": "ar@acme.test",
        "Active": "true",
    }
    with Loopback(lambda _: listing([held, {"ExternalId": "100|V2", "Name": [1]}])) as server:
        one = system(server)
        (found,) = one.find_vendors(["100|V1001", "100|V2"]).values()
        assert found.record_digest == one.vendor_digest(supplier())
        assert (found.vendor_id, found.active) == ("9001", True)
