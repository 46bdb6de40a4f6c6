"""A pretend tenant in memory: its clock, a caller that holds a token, and the truth behind it."""

import asyncio
import base64
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette

from sandbox.infor import InforBooks, InforOptions, build_infor
from sandbox.infor.records import Invoice, day, why_not
from sandbox.seed import SeedOptions, seed_infor

TODAY = date(2026, 3, 10)


class HandClock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Caller:
    """Calls the application in this process, one request after another."""

    def __init__(self, runner: asyncio.Runner, app: Starlette) -> None:
        self._runner = runner
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://infor.test")
        self.headers = self._client.headers

    def call(self, verb: str, address: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.request(verb, address, **more))


class Desk:
    """The tenant as a caller sees it: GET, bulk POST, the GLS840 chain, and the truth behind it."""

    def __init__(self, caller: Caller, books: InforBooks, clock: HandClock, options: InforOptions) -> None:
        self.caller = caller
        self.books = books
        self.clock = clock
        self.options = options
        self.log_in()

    def log_in(self) -> None:
        basic = base64.b64encode(f"{self.options.client_id}:{self.options.client_secret}".encode()).decode()
        answer = self.caller.call(
            "POST",
            "/as/token.oauth2",
            data={"grant_type": "password", "username": self.options.saak, "password": self.options.sask},
            headers={"Authorization": f"Basic {basic}"},
        )
        self.caller.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **fields: str) -> Any:
        address = f"/{self.options.tenant}/M3/m3api-rest/v2/execute/{path}"
        return self.caller.call("GET", address, params={"cono": "100"} | fields)

    def control(self, path: str, **order: Any) -> Any:
        answer = self.caller.call("POST", f"/control/infor/{path}", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self) -> Any:
        return self.caller.call("GET", "/control/infor/books").json()

    def rows(self, path: str, **fields: str) -> list[dict[str, str]]:
        answer = self.get(path, **fields)
        assert answer.status_code == 200
        found: list[dict[str, str]] = answer.json()["results"][0].get("records", [])
        return found

    def code(self, path: str, **fields: str) -> str:
        """Run and give M3's error code, "" when it went well."""
        answer = self.get(path, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["results"][0].get("errorCode", ""))

    def bulk(self, program: str, *asked: tuple[str, dict[str, Any]], **options: Any) -> Any:
        body = {
            "program": program,
            "cono": 100,
            "transactions": [{"transaction": name, "record": record} for name, record in asked],
        }
        return self.caller.call("POST", f"/{self.options.tenant}/M3/m3api-rest/v2/execute", json=body | options)

    def select(self, query: str, **fields: str) -> list[str]:
        return [row["REPL"] for row in self.rows("EXPORTMI/Select", QERY=query, SEPC="~", **fields)]

    def payable(self, *, least: int = 50_000) -> Invoice:
        return next(
            held
            for held in self.books.invoices.values()
            if why_not(held) is None and held.cents > least and not held.discount_cents
        )

    def step(self, name: str, division: str, key1: str, **more: str) -> str:
        return self.code(f"GLS840MI/{name}", CONO="100", DIVI=division, KEY1=key1, **more)

    def open_batch(self, division: str, key1: str, *parms: str, interface: str = "AVXPAY") -> None:
        assert self.step("AddBatchHead", division, key1, INTN=interface, DESC="Payment 77001") == ""
        for place, parm in enumerate(parms, start=1):
            assert self.step("AddBatchLine", division, key1, LINE=str(place), PARM=parm) == ""

    def post(self, division: str, key1: str, *parms: str, interface: str = "AVXPAY") -> None:
        self.open_batch(division, key1, *parms, interface=interface)
        assert self.step("CtrlBatch", division, key1) == ""
        assert self.step("UpdBatch", division, key1) == ""


def parm(invoice: Invoice, amount: str, *, text: str = "77001 Check", on: date = TODAY, currency: str = "") -> str:
    fields = (
        ("I1", 2),
        ("", 9),
        ("", 8),
        (invoice.division, 3),
        (invoice.supplier, 10),
        (invoice.payee, 10),
        (invoice.number, 24),
        (str(invoice.year), 4),
        ("7700456", 15),
        (amount.rjust(17), 17),
        (currency or invoice.currency, 3),
        (day(on), 8),
        (day(on), 8),
        ("USB01", 5),
        (text, 40),
    )
    return "".join(value.ljust(width) for value, width in fields).ljust(180)


def make_desk(runner: asyncio.Runner, **settings: Any) -> Desk:
    options = InforOptions(void_interface="AVXVOID", **settings)
    clock = HandClock()
    books = seed_infor(SeedOptions(seed=7, invoices=120, today=TODAY))
    return Desk(Caller(runner, build_infor(books, clock, options)), books, clock, options)
