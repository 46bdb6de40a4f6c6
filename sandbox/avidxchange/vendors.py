"""The vendors (payees) of the pretend AvidXchange: an upsert by ExternalId and two ways to list them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.avidxchange.desk import Desk, by_change
from sandbox.avidxchange.fields import Fields, read_object, records_of
from sandbox.avidxchange.records import Vendor
from sandbox.avidxchange.wire import Accent, Outcome, RefusedRequestError, day, only_known, wanted_ids

MOST_VENDORS = 100
ADDRESS_LIMITS = {"Line1": 255, "Line2": 255, "City": 50, "State": 50, "PostalCode": 20, "Country": 50}
TEXT_LIMITS = {"NameOnCheck": 255, "TaxId": 50, "Phone": 20, "Email": 255}
KNOWN = frozenset({"ExternalId", "Name", "Address", "RemitToAddress", "Active", *TEXT_LIMITS})


class VendorDesk(Desk):
    """PUT and GET /vendors."""

    async def put(self, request: Request) -> Response:
        """Take up to 100 vendors; one bad record never fails its neighbours."""
        body = await read_object(request, limit_bytes=self.options.max_body_bytes, keys=frozenset({"Vendors"}))
        records = records_of(body["Vendors"], name="Vendors", most=MOST_VENDORS)
        return self.wire.results(lambda accent: [self._put_one(record, accent) for record in records])

    async def get(self, request: Request) -> Response:
        """List vendors by external ids or by the day of their last change."""
        only_known(request, "externalIds", "lastModifiedFrom")
        shown = self.books.vendors.shown
        ids, first = wanted_ids(request, "externalIds"), day(request, "lastModifiedFrom")
        if ids is not None:
            vendors = [shown[external_id] for external_id in ids if external_id in shown]
        elif first is not None:
            vendors = by_change(shown.values(), first)
        else:
            raise RefusedRequestError(400, "vendors are listed by externalIds or lastModifiedFrom")
        return self.wire.listing(request, vendors, _item)

    def _put_one(self, record: Any, accent: Accent) -> Outcome:
        fields = Fields(record, known=KNOWN)
        external_id = fields.text("ExternalId", 100, required=True)
        content: dict[str, Any] = {"Name": fields.text("Name", 255, required=True)}
        content |= {name: fields.text(name, limit) or None for name, limit in TEXT_LIMITS.items()}
        for name in ("Address", "RemitToAddress"):
            address = fields.child(name, frozenset(ADDRESS_LIMITS))
            content[name] = address and {
                part: address.text(part, limit) or None for part, limit in ADDRESS_LIMITS.items()
            }
        active = fields.flag("Active")
        if fields.errors:
            return Outcome({"ExternalId": external_id}, fields.errors)
        vendor = self._upsert(external_id, content, active=active)
        return Outcome(
            {
                "VendorId": accent.number(vendor.vendor_id),
                "ExternalId": external_id,
                "Status": vendor.status,
            }
        )

    def _upsert(self, external_id: str, content: dict[str, Any], *, active: bool) -> Vendor:
        books, now = self.books, self.clock.now()
        known = books.vendors.true.get(external_id)
        address = content["Address"]
        if external_id in books.excluded:
            status = "Excluded"
        else:
            status = "Enrolled" if address and address["Line1"] else "Pending"
        vendor = Vendor(
            vendor_id=known.vendor_id if known else books.next_id("vendor"),
            external_id=external_id,
            content=content,
            status=status,
            active=active,
            last_modified=now,
        )
        books.vendors.true[external_id] = vendor
        books.publish(books.vendors, external_id, vendor, now + books.lag(self.options.search_lag_seconds))
        return vendor


def _item(vendor: Vendor, accent: Accent) -> dict[str, Any]:
    return {
        "VendorId": accent.number(vendor.vendor_id),
        "ExternalId": vendor.external_id,
        "Status": vendor.status,
        **vendor.content,
        "Active": vendor.active,
        "LastModifiedDate": accent.moment(vendor.last_modified),
    }
