import time

from tests.unit.sandbox.infor.desk import Desk


def test_a_business_error_is_a_200_with_its_code_padded_text_and_field(old_desk: Desk) -> None:
    answer = old_desk.get("CRS620MI/GetBasicData", SUNO="NOBODY").json()
    result = answer["results"][0]
    assert (result["errorType"], result["errorCode"], result["errorField"]) == (
        "ServerReturnedNOK",
        "WSU0103",
        "SUNO",
    )
    assert result["errorMessage"].startswith("Lieferant ist nicht vorhanden (NOBODY)  ")
    assert answer["nrOfFailedTransactions"] == 1
    assert not answer["wasTerminated"]


def test_hard_errors_of_a_get_are_400_with_the_error_on_top(desk: Desk) -> None:
    wrong = {
        "TransactionNotFound": desk.get("APS100MI/List"),
        "MandatoryInputFieldNotFound": desk.get("CRS620MI/GetBasicData"),
        "InputFieldTooLong": desk.get("CRS620MI/GetBasicData", SUNO="V1001-TOO-LONG"),
        "InputFieldNotFound": desk.get("CRS620MI/GetBasicData", SUNO="V1001", SINO="X"),
        "InputFieldNotNumeric": desk.get("CRS630MI/LstAccountID", AITP="A"),
        "InputFieldNotDate": desk.get("GLS200MI/LstVouchersByDt", FRDT="20260231", TODT="20260301"),
    }
    for kind, answer in wrong.items():
        body = answer.json()
        assert (answer.status_code, body["wasTerminated"], body["terminationErrorType"]) == (400, True, kind)
        assert body["results"] == []


def test_an_unreadable_request_is_a_400_without_body(desk: Desk) -> None:
    answer = desk.get("GENERAL/GetServerTime", maxrecs="many")
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_bulk_goes_on_after_a_business_error_and_ends_at_a_hard_one(desk: Desk) -> None:
    asked = [
        ("GetBasicData", {"SUNO": "V1001"}),
        ("GetBasicData", {"SUNO": "NOBODY"}),
        ("GetBasicData", {"SUNO": "V1001", "XXXX": "1"}),
        ("GetBasicData", {"SUNO": "V1001"}),
    ]
    answer = desk.bulk("CRS620MI", *asked)
    body = answer.json()
    assert answer.status_code == 200
    assert body["results"][0]["records"][0]["SUNO"] == "V1001"
    assert body["results"][1]["errorCode"] == "WSU0103"
    assert body["results"][2]["errorType"] == "InputFieldNotFound"
    assert body["results"][3] == {"transaction": "GetBasicData", "notProcessed": True}
    assert (body["nrOfSuccessfullTransactions"], body["nrOfFailedTransactions"]) == (1, 2)
    assert (body["wasTerminated"], body["terminationErrorType"]) == (True, "InputFieldNotFound")


def test_a_bulk_holds_at_most_a_hundred_transactions(desk: Desk) -> None:
    assert desk.bulk("GENERAL", *[("GetServerTime", {})] * 101).status_code == 400


def test_the_company_must_be_named_and_be_ours(desk: Desk) -> None:
    assert desk.code("CRS620MI/GetBasicData", SUNO="V1001", cono="") == "XAU0008"
    assert desk.code("CRS620MI/GetBasicData", SUNO="V1001", cono="200") == "XAU0008"
    assert desk.get("MNS100MI/LstDivisions").json()["terminationErrorType"] == "MandatoryInputFieldNotFound"


def test_lists_are_cut_silently_at_maxrecs_and_at_the_tenants_cap(desk: Desk, old_desk: Desk) -> None:
    path = "CRS630MI/LstAccountID"
    assert len(desk.rows(path, AITP="1")) == 100
    assert len(desk.rows(path, AITP="1", maxrecs="3")) == 3
    assert len(desk.rows(path, AITP="1", maxrecs="0")) > 100 - 4
    assert len(old_desk.rows(path, AITP="1", maxrecs="0")) == 5


def test_a_list_starts_at_the_row_it_is_given(desk: Desk) -> None:
    rows = desk.rows("CRS630MI/LstAccountID", AITP="1", maxrecs="10")
    again = desk.rows("CRS630MI/LstAccountID", AITP="1", maxrecs="10", AITM=rows[-1]["AITM"])
    assert again[0] == rows[-1]
    assert not {row["DIVI"] for row in rows} - {""}


def test_columns_empty_values_padding_and_dates_come_as_asked(desk: Desk) -> None:
    named = desk.rows("CRS620MI/GetBasicData", SUNO="V1001", returncols="SUNO,VRNO")
    assert named == [{"SUNO": "V1001", "VRNO": ""}]
    short = desk.rows("CRS620MI/GetBasicData", SUNO="V1001", returncols="SUNO,VRNO", excludeempty="true")
    assert short == [{"SUNO": "V1001"}]
    padded = desk.rows("CRS620MI/GetBasicData", SUNO="V1001", returncols="SUNO", righttrim="false")
    assert padded == [{"SUNO": "V1001     "}]
    american = desk.rows("GENERAL/GetServerTime", dateformat="MDY8", returncols="DATE")
    assert american == [{"DATE": "03102026"}]


def test_the_repository_tells_what_the_tenant_lacks(desk: Desk, old_desk: Desk) -> None:
    assert desk.code("APS200MI/LstInvoiceTrans", **_key(desk)) == ""
    names = [row["TRNM"] for row in old_desk.rows("MRS001MI/LstTransactions", MINM="APS200MI")]
    assert names == ["GetInvTotInfo"]
    refused = old_desk.get("APS200MI/LstInvoiceTrans", **_key(old_desk)).json()
    assert refused["terminationErrorType"] == "TransactionNotFound"
    fields = desk.rows("MRS001MI/LstFields", MINM="EXPORTMI", TRNM="Select", TRTP="I")
    assert [(row["FLNM"], row["LENG"], row["MAND"]) for row in fields] == [
        ("QERY", "982", "1"),
        ("SEPC", "1", "0"),
        ("HDRS", "1", "0"),
    ]


def test_a_hundred_transactions_take_a_blink(desk: Desk) -> None:
    asked = [("GetInvTotInfo", _key(desk, place)) for place in range(100)]
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        body = desk.bulk("APS200MI", *asked).json()
        spent.append(time.perf_counter() - begun)
    assert body["nrOfSuccessfullTransactions"] == 100
    assert min(spent) < 0.1


def _key(desk: Desk, place: int = 0) -> dict[str, str]:
    held = list(desk.books.invoices.values())[place]
    return {
        "DIVI": held.division,
        "SPYN": held.payee,
        "SUNO": held.supplier,
        "SINO": held.number,
        "INYR": str(held.year),
    }
