"""One pretend AvidXchange account per test, called in process, with records that it takes as they are."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.avidxchange.app import build_avidxchange
from sandbox.avidxchange.books import AvidBooks
from sandbox.avidxchange.options import AvidOptions
from sandbox.clock import SandboxClock

PDF = b"%PDF-1.4 an invoice"


class Money(str):
    """An amount that goes into the JSON text as a number, exactly as written."""

    __slots__ = ()


class Account:
    """A caller with the right credentials, and a hand in the books."""

    def __init__(self, options: AvidOptions) -> None:
        self.options = options
        self.clock = SandboxClock()
        self.books = AvidBooks(seed=options.seed)
        self.app = build_avidxchange(self.books, self.clock, options)
        self.headers = {"X-Company-Token": options.company_token, "X-User-Token": options.user_token}

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        text: str | None = None,
        form: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://avid") as client:
                content = json_text(body) if body is not None else text
                sent = {**self.headers, **(headers or {})}
                if content is not None:
                    sent.setdefault("Content-Type", "application/json")
                return await client.request(method, path, content=content, data=form, params=params, headers=sent)

        return asyncio.run(once())

    def items(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["Items"])

    def control(self, act: str, **choice: Any) -> Any:
        answer = self.call("POST", f"/control/avidxchange/{act}", body=choice)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def account(self) -> Any:
        return self.call("GET", "/control/avidxchange/books").json()

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def put_vendors(self, *vendors: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.call("PUT", "/v1/vendors", body={"Vendors": list(vendors)})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["Results"])

    def put_codes(self, *values: str, group: str = "Accounting Codes", active: bool = True) -> None:
        codes = [{"GroupName": group, "CodeValue": value, "Description": value, "IsActive": active} for value in values]
        answer = self.call("PUT", "/v1/enterpriseCodes", body={"EnterpriseCodes": codes})
        assert answer.status_code == 200, answer.text

    def post(self, *invoices: dict[str, Any], batch: str = "TO-1") -> list[dict[str, Any]]:
        body = {"ExternalId": batch, "Invoices": list(invoices)}
        answer = self.call("POST", "/v1/invoices/batches", body=body)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["Results"])

    def ready(self) -> "Account":
        """Know one vendor and one code, so that `invoice()` is taken."""
        self.put_vendors(vendor())
        self.put_codes("600100")
        return self


def json_text(value: Any) -> str:
    """Write JSON with Money as bare numbers."""
    if isinstance(value, Money):
        return str.__str__(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{json_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(one) for one in value) + "]"
    return json.dumps(value)


def vendor(external_id: str = "100|V1001", **changed: Any) -> dict[str, Any]:
    """Return a complete vendor."""
    address = {"Line1": "1 Main St", "Line2": None, "City": "Charlotte", "State": "NC", "PostalCode": "28202"}
    return {
        "ExternalId": external_id,
        "Name": "Acme Roofing LLC",
        "NameOnCheck": "Acme Roofing LLC",
        "TaxId": None,
        "Address": {**address, "Country": "US"},
        "RemitToAddress": None,
        "Phone": "704-555-0100",
        "Email": "ar@acme.test",
        "Active": True,
        **changed,
    }


def invoice(number: str = "INV-77", gross: str = "1250.00", **changed: Any) -> dict[str, Any]:
    """Return a complete invoice of division AAA with one line."""
    return {
        "ExternalId": f"100|AAA|V1001|V1001|{number}|2026",
        "InvoiceNumber": number,
        "VendorExternalId": "100|V1001",
        "InvoiceDate": "2026-01-02",
        "DueDate": "2026-02-01",
        "GrossAmount": Money(gross),
        "DiscountAmount": Money("0.00"),
        "Currency": "USD",
        "Memo": None,
        "CustomerAccountNumber": None,
        "EntityCode": "AAA",
        "PONumbers": ["7001234"],
        "Lines": [line(gross)],
        "Image": image(),
        **changed,
    }


def line(amount: str, number: int = 1, code: str = "600100") -> dict[str, Any]:
    """Return one coding line."""
    return {
        "LineNumber": number,
        "Amount": Money(amount),
        "Description": "Roof repair",
        "PONumber": "7001234",
        "POLineNumber": "10",
        "Codes": [{"GroupName": "Accounting Codes", "CodeValue": code}],
    }


def image(raw: bytes = PDF, **changed: Any) -> dict[str, Any]:
    """Return an image with its digest."""
    return {
        "FileName": "INV-77.pdf",
        "ContentType": "application/pdf",
        "Sha256": hashlib.sha256(raw).hexdigest(),
        "Content": base64.b64encode(raw).decode(),
        **changed,
    }


@pytest.fixture
def open_account() -> Callable[..., Account]:
    """Open an account without oddities; options may be changed."""

    def open_one(**changed: Any) -> Account:
        return Account(AvidOptions(**{"quirks": 0.0, **changed}))

    return open_one


@pytest.fixture
def avid(open_account: Callable[..., Account]) -> Account:
    """An account that knows a vendor and a code already."""
    return open_account().ready()
