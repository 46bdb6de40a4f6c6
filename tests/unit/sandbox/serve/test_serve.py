"""The whole sandbox over HTTP: it listens, writes what a client needs, and its two books can be tied out."""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.books import GROUPS
from sandbox.serve import Sandbox, SandboxOptions

PARM = (
    ("", 2), ("", 9), ("", 8), ("division", 3), ("supplier", 10), ("payee", 10), ("number", 24), ("year", 4),
    ("paid_with", 15), ("amount", -17), ("currency", 3), ("paid_on", 8), ("settled_on", 8), ("bank", 5), ("text", 40),
)  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = SandboxOptions(
        seed=3, invoices=120, search_lag_seconds=0, posting_delay_seconds=0, avidxchange={"quirks": 0.0}
    )
    with Sandbox(options) as running:
        yield running


class Courier:
    """Carries by hand what a connection would carry: enough to make both books agree."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        account = sandbox.avidxchange_options
        tokens = {"X-Company-Token": account.company_token, "X-User-Token": account.user_token}
        self.avid = httpx.Client(base_url=sandbox.avidxchange_url, headers=tokens)
        tenant = sandbox.infor_options
        form = {"grant_type": "password", "username": tenant.saak, "password": tenant.sask}
        client = (tenant.client_id, tenant.client_secret)
        token = httpx.post(f"{sandbox.infor_url}/as/token.oauth2", data=form, auth=client).json()
        bearer = {"Authorization": f"Bearer {token['access_token']}", "Accept": "application/json"}
        self.infor = httpx.Client(base_url=f"{sandbox.infor_url}/{tenant.tenant}", headers=bearer)

    def close(self) -> None:
        self.avid.close()
        self.infor.close()

    def books(self) -> Any:
        return httpx.get(f"{self.sandbox.control_url}/control/books").json()

    def tie_out(self) -> Any:
        return httpx.get(f"{self.sandbox.control_url}/control/tie-out").json()

    def control(self, act: str, **choice: Any) -> Any:
        return httpx.post(f"{self.sandbox.control_url}/control/avidxchange/{act}", json=choice).json()

    def submit(self) -> None:
        """Submit every eligible invoice that need not be held, with vendors, codes and images."""
        due = [one for one in self.books()["infor"]["invoices"] if one["eligible"] and not one["must_hold"]]
        self.write("PUT", "/vendors", "Vendors", [_vendor(one) for one in sorted({one["vendor"] for one in due})])
        codes = {
            (GROUPS[group], code)
            for one in due
            for line in one["lines"]
            for group, code in line["codes"].items()
            if code and group in GROUPS
        }
        self.write(
            "PUT",
            "/enterpriseCodes",
            "EnterpriseCodes",
            [{"GroupName": group, "CodeValue": code, "IsActive": True} for group, code in sorted(codes)],
        )
        for start in range(0, len(due), 50):
            batch = {"ExternalId": f"TO-{start}", "Invoices": [self.invoice(one) for one in due[start : start + 50]]}
            self.write("POST", "/invoices/batches", "", batch)

    def write(self, method: str, path: str, name: str, records: Any) -> None:
        text = json.dumps({name: records} if name else records).replace('"@@', "").replace('@@"', "")
        answer = self.avid.request(method, path, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        codes = {error["Code"] for one in answer.json()["Results"] for error in one["Errors"]}
        assert codes <= {"DUPLICATE_INVOICE"}

    def invoice(self, one: dict[str, Any]) -> dict[str, Any]:
        lines = [
            {
                "LineNumber": number,
                "Amount": f"@@{line['amount']}@@",
                "PONumber": line["po"],
                "POLineNumber": line["po_line"],
                "Codes": [
                    {"GroupName": GROUPS[group], "CodeValue": code}
                    for group, code in line["codes"].items()
                    if code and group in GROUPS
                ],
            }
            for number, line in enumerate(one["lines"], 1)
        ]
        return {
            "ExternalId": one["key"],
            "InvoiceNumber": one["number"],
            "VendorExternalId": one["vendor"],
            "InvoiceDate": "2026-01-02",
            "DueDate": "2026-02-01",
            "GrossAmount": f"@@{one['gross']}@@",
            "DiscountAmount": f"@@{one['discount']}@@",
            "Currency": "USD",
            "EntityCode": one["key"].split("|")[1],
            "PONumbers": sorted(set(one["po_numbers"])),
            "Lines": lines,
            "Image": self.image(one) if one["image_sha256"] else None,
        }

    def image(self, one: dict[str, Any]) -> dict[str, str]:
        _, division, payee, supplier, number, year = one["key"].split("|")
        attributes = {
            "M3_Company": "100",
            "M3_Division": division,
            "BOD_SupplierPartyID": supplier,
            "BOD_SupplierInvoiceID": number.replace("&", "&amp;").replace('"', "&quot;"),
            "M3_InvoiceYear": year,
        }
        query = " and ".join(f'@{name}="{value}"' for name, value in attributes.items())
        params = {"$query": f"/M3_SupplierInvoice[{query}]", "$offset": "0", "$limit": "15"}
        found = self.infor.get("/IDM/api/items/search", params=params).json()["items"]["item"]
        assert payee
        raw = self.infor.get(f"/IDM/api/items/{found[0]['pid']}/resource/stream").content
        digest = hashlib.sha256(raw).hexdigest()
        content = base64.b64encode(raw).decode()
        return {"FileName": "scan", "ContentType": "application/pdf", "Sha256": digest, "Content": content}

    def post(self, payment: dict[str, Any]) -> None:
        """Post one settled payment to Infor, one batch per division, credits last."""
        for division in sorted({one["entity"] for one in payment["remittances"]}):
            key = {"CONO": "100", "DIVI": division, "KEY1": f"T{payment['payment_id']}{division}"}
            self.gl("AddBatchHead", {**key, "INTN": "AVXPAY", "DESC": payment["payment_id"]})
            legs = [one for one in payment["remittances"] if one["entity"] == division]
            for number, one in enumerate(legs, 1):
                self.gl("AddBatchLine", {**key, "LINE": str(number), "PARM": _parm(payment, one)})
            self.gl("CtrlBatch", key)
            self.gl("UpdBatch", key)

    def gl(self, transaction: str, record: dict[str, str]) -> None:
        body = {
            "program": "GLS840MI",
            "cono": 100,
            "transactions": [{"transaction": transaction, "record": record, "selectedColumns": []}],
        }
        answer = self.infor.post("/M3/m3api-rest/v2/execute", json=body)
        assert answer.json()["nrOfFailedTransactions"] == 0, answer.text


def _vendor(external_id: str) -> dict[str, Any]:
    return {"ExternalId": external_id, "Name": external_id, "Address": {"Line1": "1 Main St"}, "Active": True}


def _parm(payment: dict[str, Any], one: dict[str, Any]) -> str:
    _, division, payee, supplier, number, year = one["invoice_external_id"].split("|")
    values = {
        "division": division,
        "supplier": supplier,
        "payee": payee,
        "number": number,
        "year": year,
        "paid_with": payment["check_number"] or payment["ach_trace"] or payment["payment_id"],
        "amount": one["net"],
        "currency": "USD",
        "paid_on": payment["payment_date"].replace("-", ""),
        "settled_on": payment["settled_date"].replace("-", ""),
        "bank": "USB01",
        "text": f"{payment['payment_id']} AvidXchange",
    }
    fields = [
        values.get(name, "").rjust(-width) if width < 0 else values.get(name, "").ljust(width) for name, width in PARM
    ]
    return f"I1{''.join(fields)[2:]}".ljust(180)


def test_both_books_tie_out_when_everything_is_carried_over_and_not_before(sandbox: Sandbox) -> None:
    courier = Courier(sandbox)
    try:
        assert courier.tie_out()["missing"]
        courier.submit()
        courier.control("settle", unsettled_share=0.1)
        before = courier.tie_out()
        assert [before[name] for name in ("doubles", "missing", "strays", "differing", "misposted")] == [[]] * 5
        settled = [one for one in courier.books()["avidxchange"]["payments"] if one["settled"]]
        assert len(before["unposted"]) == sum(len(one["remittances"]) for one in settled)
        assert before["not_closed"]
        for payment in settled:
            courier.post(payment)
        time_out = time.monotonic() + 5
        while courier.tie_out()["unposted"] and time.monotonic() < time_out:
            courier.infor.get("/M3/m3api-rest/v2/execute/GENERAL/GetServerTime")
        after = courier.tie_out()
        totals = after.pop("totals")
        assert after == {name: [] for name in after}
        assert totals["settled"] == totals["posted"] != "0.00"
    finally:
        courier.close()


def test_the_files_say_where_everything_is_and_keep_secrets_to_their_owner(sandbox: Sandbox, tmp_path: Path) -> None:
    ionapi = sandbox.write_out(tmp_path / "new")
    content = json.loads(ionapi.read_text())
    assert ionapi.name == "ACME_TST.ionapi"
    assert {"ti", "ci", "cs", "iu", "pu", "oa", "ot", "or", "saak", "sask", "cn", "dt", "ev", "v"} <= content.keys()
    assert content["pu"].endswith("/")
    assert content["iu"] == sandbox.infor_url
    addresses = json.loads((tmp_path / "new" / "addresses.json").read_text())
    assert addresses["avidxchange"] == f"{addresses['control']}/v1"
    for secret in (ionapi, tmp_path / "new" / "tokens.json"):
        assert secret.stat().st_mode & 0o077 == 0


def test_one_clock_serves_both_sides_and_runs_forward_only(sandbox: Sandbox) -> None:
    def moved(**step: float) -> httpx.Response:
        return httpx.post(f"{sandbox.control_url}/control/advance", json=step)

    before = httpx.get(f"{sandbox.control_url}/control/clock").json()["now"]
    assert moved(seconds=3600).json()["now"] > before
    assert moved(seconds=-1).status_code == 400
    assert moved(hours=1).status_code == 400


def test_faults_are_switched_while_it_runs_for_one_side_or_both(sandbox: Sandbox) -> None:
    def switch(**choice: str | int) -> httpx.Response:
        return httpx.post(f"{sandbox.control_url}/control/faults", json=choice)

    systems = f"{sandbox.avidxchange_url}/accountingSystems"
    assert httpx.get(systems).status_code == 401
    assert switch(profile="rough", side="avidxchange", only="504_before").json()["infor"]["profile"] == "calm"
    assert httpx.get(systems).status_code == 504
    counted = httpx.get(f"{sandbox.control_url}/control/faults").json()["avidxchange"]
    assert (counted["injected"], counted["requests"]) == ({"504_before": 1}, 1)
    assert switch(profile="rough", only="flood").status_code == 400
    assert switch(profile="mild").status_code == 400
    assert switch(profile="calm").json()["avidxchange"]["injected"] == {}
    assert httpx.get(systems).status_code == 401


def test_control_reaches_infors_desk_too(sandbox: Sandbox) -> None:
    books = httpx.get(f"{sandbox.control_url}/control/infor/books").json()
    assert books["invoices"]


@pytest.mark.parametrize("ending", ["stdin", "signal"])
def test_the_process_prints_one_line_serves_and_ends_cleanly(tmp_path: Path, ending: str) -> None:
    command = [sys.executable, "-W", "error", "-m", "sandbox", "--invoices", "20", "--out", str(tmp_path)]
    command += ["--until-stdin-closes"]
    root = Path(__file__).parents[4]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        line = json.loads(process.stdout.readline())
        assert (line["pid"], line["out"]) == (process.pid, str(tmp_path))
        assert httpx.get(f"{line['control']}/control/clock").status_code == 200
        assert httpx.get(f"{line['infor']}/ACME_TST/M3").status_code == 401
        if ending == "stdin":
            process.stdin.close()
        else:
            os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == ""
        assert process.stderr is not None
        assert process.stderr.read() == ""
