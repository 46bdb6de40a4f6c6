import pytest

from adapters.infor import capabilities
from adapters.infor.answers import Kind
from adapters.infor.client import Client, TransactionMissingError
from domain.errors import MisconfiguredError, RefusedError, TransientError
from tests.unit.adapters.infor.scripted_gateway import Gateway, bulk, ended, nok, rows, skipped, terminated

NAME = "GetBasicData"


def supplier(number: str) -> dict[str, object]:
    return rows(NAME, {"SUNO": number})


def test_a_get_carries_the_company_the_fields_and_the_row_limit(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("LstAccountID", {"AITM": "1"})))
    found = client.list_rows(capabilities.CODES, {"AITP": "1", "DIVI": ""}, rows=7, columns=("AITM",))
    assert found == ({"AITM": "1"},)
    (asked,) = gateway.asked
    assert asked.path == "/ACME_TST/M3/m3api-rest/v2/execute/CRS630MI/LstAccountID"
    wanted = {"AITP": "1", "DIVI": "", "cono": "100", "divi": "", "maxrecs": "7", "returncols": "AITM"}
    assert wanted.items() <= asked.query.items()
    assert asked.headers["authorization"] == "Bearer token"


def test_cono_stands_in_the_record_where_the_transaction_lists_it(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(rows("LstDivisions", {"DIVI": "AAA"})))
    client.list_rows(capabilities.DIVISIONS, {})
    assert gateway.asked[0].query["CONO"] == "100"


@pytest.mark.parametrize("code", ["XRE0103", "WSU0103"])
def test_nothing_found_is_an_empty_list(gateway: Gateway, client: Client, code: str) -> None:
    gateway.says(bulk(nok("GetBasicData", code)))
    assert client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"}) == ()


def test_a_company_the_account_may_not_use_is_a_misconfiguration_naming_it(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(nok(NAME, "XAU0008")), bulk(nok(NAME, "XAU0008")))
    with pytest.raises(MisconfiguredError, match="company 100"):
        client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"})
    with pytest.raises(MisconfiguredError, match="company 100"):
        client.bulk(capabilities.SUPPLIER, [{"SUNO": "V1"}])


@pytest.mark.parametrize("body", [b"", ended("MandatoryInputFieldNotFound")])
def test_a_bad_request_is_refused_at_once(gateway: Gateway, client: Client, body: object) -> None:
    gateway.says(body, status=400)
    with pytest.raises(RefusedError):
        client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"})
    assert len(gateway.asked) == 1


def test_a_transaction_the_tenant_lacks_has_an_error_of_its_own(gateway: Gateway, client: Client) -> None:
    gateway.says(ended("TransactionNotFound"), ended("TransactionNotFound"), status=400)
    gateway.says(bulk(terminated(NAME, "TransactionNotFound"), skipped(NAME), terminated="TransactionNotFound"))
    with pytest.raises(TransactionMissingError):
        client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"})
    for _ in range(2):
        with pytest.raises(TransactionMissingError):
            client.bulk(capabilities.SUPPLIER, [{"SUNO": "V1"}, {"SUNO": "V2"}])


@pytest.mark.parametrize("page", [b"<html>Please sign in</html>", b"", b'{"results":[{"transac'])
def test_a_page_or_a_cut_answer_is_asked_for_again(gateway: Gateway, client: Client, page: bytes) -> None:
    gateway.says(page, page, bulk(supplier("V1")))
    assert client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"}) == ({"SUNO": "V1"},)


def test_an_unreadable_answer_is_given_up_after_a_while(gateway: Gateway, client: Client) -> None:
    gateway.says(*[b"<html>"] * 9)
    with pytest.raises(TransientError):
        client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"})
    assert len(gateway.asked) < 9


def test_an_expired_token_is_replaced_once_and_a_second_refusal_is_an_error(gateway: Gateway, client: Client) -> None:
    gateway.says(b"", status=401)
    gateway.says(bulk(supplier("V1")))
    assert client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"})
    assert len(gateway.tokens_asked) == 2
    gateway.says(b"", b"", status=401)
    with pytest.raises(TransientError, match="fresh token"):
        client.list_rows(capabilities.SUPPLIER, {"SUNO": "V1"})
    assert (len(gateway.tokens_asked), len(gateway.asked)) == (3, 4)


def test_a_field_over_its_length_is_never_sent(gateway: Gateway, client: Client) -> None:
    with pytest.raises(RefusedError) as refused:
        client.list_rows(capabilities.SUPPLIER, {"SUNO": "V" * 11})
    assert (refused.value.code, refused.value.field) == ("FIELD_TOO_LONG", "SUNO")
    assert gateway.asked == []


def test_a_bulk_sets_aside_what_cannot_be_sent_and_sends_the_rest(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(supplier("V1"), nok(NAME, "WSU0103")))
    found = client.bulk(capabilities.SUPPLIER, [{"SUNO": "V" * 11}, {"SUNO": "V1"}, {"SUNO": " "}, {"SUNO": "V2"}])
    assert [(each.kind, each.code) for each in found] == [
        (Kind.REFUSED, "FIELD_TOO_LONG"),
        (Kind.ROWS, ""),
        (Kind.REFUSED, "FIELD_REQUIRED"),
        (Kind.REFUSED, "WSU0103"),
    ]
    (asked,) = gateway.asked
    assert asked.method == "POST"
    assert asked.records == [{"CONO": "100", "SUNO": "V1"}, {"CONO": "100", "SUNO": "V2"}]


def test_more_than_a_hundred_go_in_several_requests(gateway: Gateway, client: Client) -> None:
    numbers = [f"V{place}" for place in range(101)]
    gateway.says(bulk(*map(supplier, numbers[:100])), bulk(supplier(numbers[100])))
    found = client.bulk(capabilities.SUPPLIER, [{"SUNO": number} for number in numbers])
    assert [each.rows[0]["SUNO"] for each in found] == numbers
    assert [len(asked.records) for asked in gateway.asked] == [100, 1]


def test_behind_a_termination_the_rest_is_asked_again(gateway: Gateway, client: Client) -> None:
    gateway.says(
        bulk(
            supplier("V1"), terminated(NAME, "InputFieldNotNumeric"), skipped(NAME), terminated="InputFieldNotNumeric"
        ),
        bulk(supplier("V3")),
    )
    found = client.bulk(capabilities.SUPPLIER, [{"SUNO": number} for number in ("V1", "V2", "V3")])
    assert [each.kind for each in found] == [Kind.ROWS, Kind.TERMINATED, Kind.ROWS]
    assert [[record["SUNO"] for record in asked.records] for asked in gateway.asked] == [["V1", "V2", "V3"], ["V3"]]


def test_results_that_did_not_come_are_asked_for_again(gateway: Gateway, client: Client) -> None:
    gateway.says(bulk(supplier("V1")), bulk(supplier("V2")))
    found = client.bulk(capabilities.SUPPLIER, [{"SUNO": "V1"}, {"SUNO": "V2"}])
    assert [each.rows[0]["SUNO"] for each in found] == ["V1", "V2"]


def test_a_request_refused_whole_is_halved_until_the_poison_stands_alone(gateway: Gateway, client: Client) -> None:
    gateway.says(b"", status=400)
    gateway.says(bulk(supplier("V1")))
    gateway.says(b"", status=400)
    found = client.bulk(capabilities.SUPPLIER, [{"SUNO": "V1"}, {"SUNO": "V2"}])
    assert [each.kind for each in found] == [Kind.ROWS, Kind.TERMINATED]
    assert found[1].code == "HTTP_400"


@pytest.mark.parametrize(
    ("count", "asked", "ends"),
    [(0, 0, True), (49, 0, True), (50, 0, False), (1001, 0, True), (50, 60, False), (60, 60, False), (59, 60, True)],
)
def test_only_a_page_that_is_certainly_short_ends_a_list(
    client: Client,
    count: int,
    asked: int,
    ends: bool,  # noqa: FBT001 (a case of the table)
) -> None:
    assert client.ends(count, asked=asked) is ends
