"""The enterprise codes of the pretend AvidXchange: GL accounts and accounting dimensions in named groups."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.avidxchange.desk import Desk
from sandbox.avidxchange.fields import Fields, read_object, records_of
from sandbox.avidxchange.records import Code
from sandbox.avidxchange.wire import Accent, Outcome, RefusedRequestError, only_known

MOST_CODES = 500
KNOWN = frozenset({"GroupName", "CodeValue", "Description", "IsActive"})


class CodeDesk(Desk):
    """PUT and GET /enterpriseCodes."""

    async def put(self, request: Request) -> Response:
        """Take up to 500 codes; accounts whose codes are kept elsewhere answer 403."""
        if not self.options.codes_writable:
            raise RefusedRequestError(403, "enterprise codes of this account are read-only")
        body = await read_object(request, limit_bytes=self.options.max_body_bytes, keys=frozenset({"EnterpriseCodes"}))
        records = records_of(body["EnterpriseCodes"], name="EnterpriseCodes", most=MOST_CODES)
        return self.wire.results(lambda _accent: [self._put_one(record) for record in records])

    async def get(self, request: Request) -> Response:
        """List the codes of one group, by value."""
        only_known(request, "groupName")
        group = request.query_params.get("groupName")
        if not group:
            raise RefusedRequestError(400, "enterprise codes are listed by groupName")
        codes = sorted(
            (code for code in self.books.codes.shown.values() if code.group == group),
            key=lambda code: code.value,
        )
        return self.wire.listing(request, codes, _item)

    def _put_one(self, record: Any) -> Outcome:
        fields = Fields(record, known=KNOWN)
        group = fields.text("GroupName", 50, required=True)
        value = fields.text("CodeValue", 50, required=True)
        code = Code(
            group=group,
            value=value,
            description=fields.text("Description", 50),
            active=fields.flag("IsActive"),
            last_modified=self.clock.now(),
        )
        item = {"GroupName": group, "CodeValue": value}
        if fields.errors:
            return Outcome(item, fields.errors)
        books = self.books
        books.codes.true[(group, value)] = code
        when = code.last_modified + books.lag(self.options.search_lag_seconds)
        books.publish(books.codes, (group, value), code, when)
        return Outcome({**item, "Description": code.description, "IsActive": code.active})


def _item(code: Code, _accent: Accent) -> dict[str, Any]:
    return {
        "GroupName": code.group,
        "CodeValue": code.value,
        "Description": code.description,
        "IsActive": code.active,
    }
