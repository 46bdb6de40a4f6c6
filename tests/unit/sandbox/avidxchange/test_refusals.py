"""What the pretend AvidXchange refuses, as a whole request and record by record."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sandbox.avidxchange.conftest import Account, Money, image, invoice, json_text, line, vendor


def codes_of(result: dict[str, Any]) -> list[str]:
    assert result["Successful"] is False
    return sorted({error["Code"] for error in result["Errors"]})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"VendorExternalId": "100|V9"}, "VENDOR_NOT_FOUND"),
        ({"GrossAmount": "1250.00"}, "FIELD_INVALID"),
        ({"GrossAmount": Money("1250")}, "FIELD_INVALID"),
        ({"GrossAmount": Money("1250.0")}, "FIELD_INVALID"),
        ({"GrossAmount": Money("1.25e3")}, "FIELD_INVALID"),
        ({"GrossAmount": Money("1250.01")}, "LINES_DO_NOT_SUM"),
        ({"GrossAmount": None}, "FIELD_REQUIRED"),
        ({"Lines": []}, "FIELD_REQUIRED"),
        ({"Lines": [line("625.00"), line("625.00")]}, "FIELD_INVALID"),
        ({"Lines": [line("1250.00", code="999999")]}, "CODE_NOT_FOUND"),
        ({"InvoiceDate": "01/02/2026"}, "FIELD_INVALID"),
        ({"InvoiceDate": "2026-02-30"}, "FIELD_INVALID"),
        ({"InvoiceNumber": "N" * 51}, "FIELD_TOO_LONG"),
        ({"ExternalId": "E" * 101}, "FIELD_TOO_LONG"),
        ({"ExternalId": 7}, "FIELD_INVALID"),
        ({"Currency": "EUR"}, "CURRENCY"),
        ({"PONumbers": [7001234]}, "FIELD_INVALID"),
        ({"Surprise": 1}, "FIELD_INVALID"),
        ({"Image": image(b"GIF89a")}, "IMAGE_TYPE"),
        ({"Image": image(Sha256="0" * 64)}, "FIELD_INVALID"),
        ({"Image": image(Content="not base64!")}, "FIELD_INVALID"),
    ],
)
def test_a_wrong_invoice_is_refused_with_the_contracts_code(avid: Account, changed: dict[str, Any], code: str) -> None:
    assert codes_of(avid.post(invoice(**changed))[0]) == [code]
    assert avid.account()["invoices"] == []


def test_one_bad_invoice_never_fails_its_neighbours_and_results_keep_their_order(avid: Account) -> None:
    results = avid.post(invoice("A"), invoice("B", Currency="EUR"), invoice("C"))
    assert [one["Successful"] for one in results] == [True, False, True]
    assert [one["Item"]["ExternalId"].split("|")[4] for one in results] == ["A", "B", "C"]


def test_an_image_above_the_limit_is_too_large(open_account: Callable[..., Account]) -> None:
    avid = open_account(max_image_bytes=100).ready()
    assert codes_of(avid.post(invoice(Image=image(b"%PDF-" + b"x" * 96)))[0]) == ["IMAGE_TOO_LARGE"]


def test_an_inactive_vendor_or_code_is_refused(avid: Account) -> None:
    avid.put_vendors(vendor("100|V2", Active=False))
    avid.put_codes("600200", active=False)
    assert codes_of(avid.post(invoice("A", VendorExternalId="100|V2"))[0]) == ["VENDOR_INACTIVE"]
    assert codes_of(avid.post(invoice("B", Lines=[line("1250.00", code="600200")]))[0]) == ["CODE_NOT_FOUND"]


def test_the_same_number_under_another_external_id_is_a_duplicate(avid: Account) -> None:
    avid.post(invoice())
    assert codes_of(avid.post(invoice(ExternalId="100|BBB|V1001|V1001|INV-77|2026"))[0]) == ["DUPLICATE_INVOICE"]
    avid.control("reject", external_ids=[invoice()["ExternalId"]])
    assert avid.post(invoice(ExternalId="100|BBB|V1001|V1001|INV-77|2026"))[0]["Successful"] is True


def test_an_account_that_does_not_mind_takes_the_same_number_twice(open_account: Callable[..., Account]) -> None:
    avid = open_account(unique_numbers=False).ready()
    avid.post(invoice())
    assert avid.post(invoice(ExternalId="100|BBB|V1001|V1001|INV-77|2026"))[0]["Successful"] is True


def test_purchase_orders_are_checked_once_they_are_known(avid: Account) -> None:
    avid.control("purchase-orders", **{"7009999": "100|V1001"})
    assert codes_of(avid.post(invoice("A"))[0]) == ["PO_NOT_FOUND"]
    avid.control("purchase-orders", **{"7001234": "100|V2"})
    assert codes_of(avid.post(invoice("B"))[0]) == ["PO_VENDOR_MISMATCH"]
    avid.control("purchase-orders", **{"7001234": "100|V1001"})
    assert avid.post(invoice("C"))[0]["Successful"] is True


@pytest.mark.parametrize(
    ("method", "path", "text", "status"),
    [
        ("PUT", "/v1/vendors", '{"Vendors":[]}', 400),
        ("PUT", "/v1/vendors", '{"Vendors":[{}],"More":1}', 400),
        ("PUT", "/v1/vendors", '{"Vendors":', 400),
        ("PUT", "/v1/vendors", '{"Vendors":[' + ",".join(["{}"] * 101) + "]}", 400),
        ("PUT", "/v1/enterpriseCodes", '{"EnterpriseCodes":[' + ",".join(["{}"] * 501) + "]}", 400),
        ("POST", "/v1/invoices/batches", '{"Invoices":[{}]}', 400),
        ("POST", "/v1/invoices/batches", '{"ExternalId":"' + "x" * 101 + '","Invoices":[{}]}', 400),
        ("GET", "/v1/vendors", None, 400),
        ("GET", "/v1/vendors?externalId=a", None, 400),
        ("GET", "/v1/enterpriseCodes", None, 400),
        ("GET", "/v1/invoices", None, 400),
        ("GET", "/v1/invoices/batches", None, 400),
        ("GET", "/v1/payments", None, 400),
        ("GET", "/v1/payments?lastModifiedFrom=2026-01-01&lastModifiedTo=2026-02-01", None, 400),
        ("GET", "/v1/payments?lastModifiedFrom=2026-02-01&lastModifiedTo=2026-01-31", None, 400),
        ("GET", "/v1/payments?lastModifiedFrom=20260101&lastModifiedTo=2026-01-31", None, 400),
        ("GET", "/v1/payments?lastModifiedFrom=2026-01-01&lastModifiedTo=2026-01-31", None, 200),
        ("GET", "/v1/payments?paymentIds=1&pageSize=501", None, 400),
        ("GET", "/v1/payments?paymentIds=1&pageNumber=0", None, 400),
        ("GET", "/v1/payments/1/paymenthistory", None, 404),
        ("GET", "/v1/nothing", None, 404),
        ("DELETE", "/v1/vendors", None, 405),
    ],
)
def test_a_wrong_request_is_refused_as_a_whole(
    avid: Account, method: str, path: str, text: str | None, status: int
) -> None:
    answer = avid.call(method, path, text=text)
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()["exception"]) == {"avidMessageId", "source", "reason", "detail"}


def test_a_body_above_the_limit_is_refused_with_413(open_account: Callable[..., Account]) -> None:
    avid = open_account(max_body_bytes=1000)
    text = json_text({"Vendors": [vendor(Name="x" * 1000)]})
    assert avid.call("PUT", "/v1/vendors", text=text).status_code == 413


def test_codes_of_some_accounts_cannot_be_written(open_account: Callable[..., Account]) -> None:
    avid = open_account(codes_writable=False)
    body = {"EnterpriseCodes": [{"GroupName": "g", "CodeValue": "1", "Description": "", "IsActive": True}]}
    assert avid.call("PUT", "/v1/enterpriseCodes", body=body).status_code == 403


def test_wrong_tokens_get_a_401_in_the_confirmed_shape(avid: Account) -> None:
    answer = avid.call("GET", "/v1/accountingSystems", headers={"X-User-Token": "wrong"})
    assert answer.status_code == 401
    assert set(answer.json()["exception"]) == {"reason", "detail"}
    assert avid.call("GET", "/v1/accountingSystems").json()["Items"] == [{"ID": 1, "Name": "Infor M3"}]


def test_a_partner_gets_a_bearer_token_that_runs_out(open_account: Callable[..., Account]) -> None:
    avid = open_account(auth="partner", token_seconds=100)
    basic = {"Authorization": "Basic c2FuZGJveC1wYXJ0bmVyOnNhbmRib3gtcGFydG5lci1zZWNyZXQ="}
    form = {"grant_type": "client_credentials"}
    assert avid.call("POST", "/v1/token", form=form).status_code == 401
    answer = avid.call("POST", "/v1/token", form=form, headers=basic)
    assert answer.json()["expires_in"] == 100
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}", "X-Company-Id": "4711"}
    assert avid.call("GET", "/v1/accountingSystems", headers=bearer).status_code == 200
    assert avid.call("GET", "/v1/accountingSystems", headers={**bearer, "X-Company-Id": "1"}).status_code == 401
    avid.later(101)
    assert avid.call("GET", "/v1/accountingSystems", headers=bearer).status_code == 401
