"""AvidXchange as the errands see it: the payables port over AvidConnect's REST interface."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

import msgspec

from adapters.avidxchange import found, mapping
from adapters.avidxchange.auth import build_auth
from adapters.avidxchange.capabilities import (
    ENVELOPE_BYTES,
    IDS_A_CALL,
    LONGEST_WINDOW_DAYS,
    MOST_CODES,
    MOST_INVOICES,
    MOST_VENDORS,
    VENDOR_IDS_A_CALL,
)
from adapters.avidxchange.errors import FORBIDDEN, OK, codes_forbidden, judge_batch, judge_fault, upsert_error
from adapters.avidxchange.gateway import Gateway, ids_query, in_calls
from adapters.avidxchange.payments import payment_id_of, read_payment
from adapters.avidxchange.settings import AvidSettings, Credentials
from adapters.avidxchange.upserts import code_answers, vendor_answers
from adapters.avidxchange.wire import read_page
from adapters.http import Remote, with_query
from adapters.http_messages import Deadline, Reply, WriteFaultError
from adapters.preparation import Preparation
from domain.errors import MalformedError
from domain.identifiers import digest
from domain.invoices.content import InvoiceContent
from domain.ledger_codes.events import CodeContent
from domain.payments.events import PaymentContent
from domain.ports.answers import Breach, CallAnswer, RecordAnswer, Verdict
from domain.ports.payables import BatchMember, CodeFound, EncodedBatch, InvoiceFound, PaymentPage, VendorFound
from domain.ports.store import BlobStore, Clock
from domain.suppliers.events import SupplierContent

_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


class AvidXchange:
    """One AvidXchange account; implements `domain.ports.PayablesSystem`. Thread-safe.

    blobs: gives the images of a batch by their digest.
    """

    def __init__(
        self, settings: AvidSettings, credentials: Credentials, *, remote: Remote, blobs: BlobStore, clock: Clock
    ) -> None:
        self._settings = settings
        self._remote = remote
        self._blobs = blobs
        self._clock = clock
        self._gateway = Gateway(settings, build_auth(settings, credentials, clock=clock), remote)
        self._preparation = Preparation(clock, timeout_seconds=settings.call_timeout_seconds)

    def check(self) -> tuple[str, ...]:
        """Ping: give the names of the accounting systems."""
        page = self._gateway.get(self._settings.url("accounting_systems"), accept=_is_page)
        return tuple(found.system_name(raw) for raw in read_page(page).items)

    def vendor_digest(self, content: SupplierContent) -> str:
        """Digest of the record that would be sent."""
        return digest(_encode(mapping.vendor_record(content)))

    def vendor_breaches(self, content: SupplierContent) -> tuple[Breach, ...]:
        """Check the remote's limits before sending."""
        return mapping.vendor_breaches(content)

    def put_vendors(self, contents: Sequence[SupplierContent], *, deadline: datetime) -> dict[str, RecordAnswer]:
        """Upsert at most 100 vendors; answers by ExternalId, none for those AvidXchange did not answer."""
        _at_most(contents, MOST_VENDORS)
        bound = Deadline.at(deadline, self._clock)
        body = _encode({"Vendors": [mapping.vendor_record(content) for content in contents]})
        reply = self._gateway.put(self._settings.url("vendors"), body, deadline=bound)
        if reply.status != OK:
            raise upsert_error(reply)
        return vendor_answers(reply, [mapping.vendor_external_id(content) for content in contents])

    def find_vendors(self, external_ids: Sequence[str]) -> dict[str, VendorFound]:
        """Look vendors up by ExternalId, in bulk."""
        vendors: dict[str, VendorFound] = {}
        for raw in self._look_up("vendors", "externalIds", external_ids, most=VENDOR_IDS_A_CALL, key="VendorId"):
            vendor = _readable(found.vendor, raw)
            if vendor is not None:
                vendors[vendor.external_id] = vendor
        return _asked_for(vendors, external_ids)

    def code_breaches(self, content: CodeContent) -> tuple[Breach, ...]:
        """Check the remote's limits before sending."""
        return mapping.code_breaches(content)

    def put_codes(self, contents: Sequence[CodeContent], *, deadline: datetime) -> dict[tuple[str, str], RecordAnswer]:
        """Upsert at most 500 codes; answers by (group, value), none for those AvidXchange did not answer."""
        _at_most(contents, MOST_CODES)
        bound = Deadline.at(deadline, self._clock)
        body = _encode({"EnterpriseCodes": [mapping.code_record(content) for content in contents]})
        reply = self._gateway.put(self._settings.url("enterprise_codes"), body, deadline=bound)
        if reply.status == FORBIDDEN:
            raise codes_forbidden(reply)
        if reply.status != OK:
            raise upsert_error(reply)
        return code_answers(reply, [(content.group, content.value) for content in contents])

    def list_codes(self, group: str) -> dict[str, CodeFound]:
        """Give every code of a group by value."""
        query = with_query("", [("groupName", group)]).removeprefix("?")
        raws = self._gateway.items(self._settings.url("enterprise_codes"), query, identify=found.key("CodeValue"))
        codes = (_readable(lambda one: found.code(one, group), raw) for raw in raws)
        return {code.value: code for code in codes if code is not None}

    def invoice_breaches(self, content: InvoiceContent) -> tuple[Breach, ...]:
        """Check the remote's limits before sending."""
        return mapping.invoice_breaches(content, self._settings.code_groups)

    def encode_batch(self, batch: str, members: Sequence[BatchMember]) -> EncodedBatch:
        """Write the body: the same members and images give the same bytes."""
        _at_most(members, MOST_INVOICES)
        return mapping.encode_batch(batch, members, self._settings.code_groups, self._blobs)

    def encoded_size(self, member: BatchMember) -> int:
        """Bytes the member takes in a body (for filling a batch up to `body_limit`)."""
        return mapping.encoded_size(member, self._settings.code_groups)

    @property
    def body_limit(self) -> int:
        """Bytes the members of a batch may take together; the envelope has its place beside them."""
        return self._settings.max_body_bytes - ENVELOPE_BYTES

    def prepare(self) -> None:
        """Have log-in and rate budget of one batch ready, before its intent. Raises TransientError."""
        self._gateway.prepare()
        self._preparation.done()

    def send_batch(self, encoded: EncodedBatch, *, deadline: datetime) -> CallAnswer:
        """POST once, wrapped in nothing, no byte after `deadline`; records are keyed by ExternalId."""
        url = self._settings.url("invoice_batches")
        try:
            reply = self._gateway.post_once(url, encoded.body, deadline=self._preparation.deadline(deadline))
        except WriteFaultError as fault:
            return judge_fault(fault)
        if reply is None:
            return CallAnswer(verdict=Verdict.NOT_SENT, code="LOG_IN_LAPSED", text="the log-in has lapsed meanwhile")
        return judge_batch(reply, list(encoded.record_digests))

    def find_batches(self, batches: Sequence[str]) -> dict[str, str]:
        """Look batches up: status by ExternalId; of two with one id the one still at work counts."""
        statuses: dict[str, str] = {}
        for raw in self._look_up("invoice_batches", "externalIds", batches, most=IDS_A_CALL, key=""):
            batch, status = found.batch(raw)
            if statuses.get(batch, found.CLOSED) == found.CLOSED:
                statuses[batch] = status
        return _asked_for(statuses, batches)

    def find_invoices(self, external_ids: Sequence[str]) -> dict[str, list[InvoiceFound]]:
        """Look invoices up, 50 a call; unknown ones map to []."""
        invoices: dict[str, list[InvoiceFound]] = {external_id: [] for external_id in external_ids}
        for raw in self._look_up("invoices", "externalIds", external_ids, most=IDS_A_CALL, key="InvoiceId"):
            invoice = found.invoice(raw, self._settings.currency)
            known = invoices.get(invoice.external_id)
            if known is not None and invoice not in known:
                known.append(invoice)
        return invoices

    def changed_invoices(self, since: date, until: date) -> Iterator[tuple[InvoiceFound, ...]]:
        """Pages of invoices modified in a window of UTC days; those without an ExternalId are nobody's of ours."""
        query = _window(since, until)
        pages = self._gateway.pages(self._settings.url("invoices"), query, identify=found.key("InvoiceId"))
        for _, _, raws in pages:
            ours = [raw for raw in raws if found.key("ExternalId")(raw)]
            read = (_readable(lambda raw: found.invoice(raw, self._settings.currency), raw) for raw in ours)
            yield tuple(invoice for invoice in read if invoice is not None)

    def payments(self, since: date, until: date) -> Iterator[PaymentPage]:
        """Pages of payments modified in a window of UTC days, both inclusive, at most 30 days apart."""
        query = _window(since, until)
        pages = self._gateway.pages(self._settings.url("payments"), query, identify=payment_id_of)
        for number, page, raws in pages:
            read, problems = self._read_payments(raws, number)
            yield PaymentPage(
                payments=tuple(read), page=number, pages=page.pages, total=page.total, problems=tuple(problems)
            )

    def payments_by_id(self, payment_ids: Sequence[str]) -> dict[str, PaymentContent]:
        """Look payments up by id; unknown ones are left out. Raises MalformedError for one that is unreadable."""
        raws = self._look_up("payments", "paymentIds", payment_ids, most=IDS_A_CALL, key="PaymentId")
        read = (read_payment(raw, self._settings) for raw in raws)
        return _asked_for({payment.payment_id: payment for payment in read}, payment_ids)

    def now_hint(self) -> datetime | None:
        """Give the remote's clock from its last Date header, None before the first answer."""
        return self._remote.now_hint

    @property
    def calls(self) -> int:
        """HTTP requests sent by this process so far."""
        return self._remote.calls

    def close(self) -> None:
        """Let the connections go."""
        self._remote.close()

    def _look_up(self, resource: str, name: str, ids: Sequence[str], *, most: int, key: str) -> Iterator[msgspec.Raw]:
        for call in in_calls(ids, most=most):
            yield from self._gateway.items(self._settings.url(resource), ids_query(name, call), identify=found.key(key))

    def _read_payments(
        self, raws: Sequence[msgspec.Raw], page: int
    ) -> tuple[list[PaymentContent], list[tuple[str, str]]]:
        read, problems = [], []
        for index, raw in enumerate(raws):
            try:
                read.append(read_payment(raw, self._settings))
            except MalformedError as error:
                problems.append((payment_id_of(raw) or f"page {page}, item {index + 1}", str(error)))
        return read, problems


def _readable(read: Callable[[msgspec.Raw], _T], raw: msgspec.Raw) -> _T | None:
    """Read a record where leaving it out is safe: its neighbours go on, and it is seen again by later look-ups."""
    try:
        return read(raw)
    except MalformedError as error:
        _log.warning("left out: %s", error)
        return None


def _is_page(reply: Reply) -> None:
    read_page(reply)


def _window(since: date, until: date) -> str:
    if not timedelta(0) <= until - since <= timedelta(days=LONGEST_WINDOW_DAYS):
        raise ValueError(f"a window has at most {LONGEST_WINDOW_DAYS} days: {since} to {until}")
    return f"lastModifiedFrom={since.isoformat()}&lastModifiedTo={until.isoformat()}"


def _at_most(records: Sequence[object], most: int) -> None:
    if len(records) > most:
        raise ValueError(f"{len(records)} records in one call, at most {most} are taken")


def _asked_for(answers: Mapping[str, _T], ids: Sequence[str]) -> dict[str, _T]:
    return {one: answers[one] for one in ids if one in answers}
