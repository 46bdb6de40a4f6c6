"""The settings of a connection's Infor side."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

import msgspec

Says = msgspec.Meta
Texts = tuple[str, ...]


class ParmFieldSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One field of PARM, the line of the GLS840 interface."""

    name: Annotated[str, Says(min_length=1, description="the field's name, for example SUNO")]
    width: Annotated[int, Says(ge=1, le=900, description="characters it takes")]
    align: Annotated[Literal["left", "right"], Says(description="which side the blanks are not on")] = "left"
    format: Annotated[
        str, Says(description="`text`, `date`, `date6`, `amount`, `cents`, `blank`, or `literal:` and a fixed text")
    ] = "text"


class AssumedSection(msgspec.Struct, frozen=True, kw_only=True):
    """What the wire contract assumes of a tenant; one that differs is met by changing a value here."""

    ordinary_address: Annotated[int, Says(description="ADTE of a supplier's ordinary address")] = 1
    remit_to_address: Annotated[int, Says(description="ADTE of a supplier's remit-to address")] = 10
    supplier_emails: Annotated[str, Says(description="EMTP of a supplier's e-mail addresses")] = "02"
    invoice_code: Annotated[str, Says(description="TRCD of an invoice row")] = "40"
    payment_code: Annotated[str, Says(description="TRCD of a payment row")] = "50"
    approved: Annotated[str, Says(description="APRV of an approved invoice")] = "1"
    payment_stop: Annotated[str, Says(description="IVBL of a stopped invoice")] = "1"
    reconciled: Annotated[str, Says(description="RECO of a closed invoice")] = "1"
    blocked_code: Annotated[str, Says(description="the mark of a blocked ledger code")] = "1"
    separators: Annotated[Texts, Says(description="candidates for SEPC of EXPORTMI, tried in turn")] = (
        "~",
        "^",
        "|",
        ";",
        "`",
        "\\",
    )
    round_rows: Annotated[int, Says(ge=1, description="a tenant caps lists at a multiple of this")] = 50
    batch_table: Annotated[str, Says(description="table of open GLS840 batches")] = "FGLINH"
    batch_division: Annotated[str, Says(description="its division field")] = "GHDIVI"
    batch_key: Annotated[str, Says(description="its KEY1 field")] = "GHKEY1"
    document_type: Annotated[str, Says(description="entity of invoice images in Document Management")] = (
        "M3_SupplierInvoice"
    )
    document_attributes: Annotated[
        dict[str, str],
        Says(description="attribute of an image = part of the invoice's key it holds"),
    ] = msgspec.field(
        default_factory=lambda: {
            "M3_Company": "company",
            "M3_Division": "division",
            "BOD_SupplierPartyID": "supplier",
            "BOD_SupplierInvoiceID": "number",
            "M3_InvoiceYear": "year",
        }
    )


class InforSection(msgspec.Struct, frozen=True, kw_only=True):
    """Infor CloudSuite (M3); address and credentials come from the `.ionapi` file."""

    company: Annotated[int, Says(ge=1, le=999, description="M3 company (CONO)")]
    divisions: Annotated[Texts, Says(min_length=1, description="M3 divisions (DIVI) whose invoices are synced")]
    payment_interface: Annotated[str, Says(max_length=15, description="GLS840 interface (INTN) of payments")] = ""
    void_interface: Annotated[
        str, Says(max_length=15, description="GLS840 interface of reversals; empty: they become tasks for a person")
    ] = ""
    bank_id: Annotated[str, Says(max_length=5, description="bank (BKID) of the posting")] = ""
    start_date: Annotated[
        date | None, Says(description="first sync: invoices changed since; without it 90 days ago")
    ] = None
    accounting_date: Annotated[
        Literal["settled", "payment", "today"], Says(description="which date a posting is booked on")
    ] = "settled"
    posting_patience: Annotated[timedelta, Says(description="wait so long for M3 to post before it is raised")] = (
        timedelta(minutes=30)
    )
    payment_posting: Annotated[Literal["gls840", "task"], Says(description="`task`: a person books payments in M3")] = (
        "gls840"
    )
    first_posting: Annotated[
        Literal["confirm", "trust"], Says(description="`confirm`: a person looks at the first posting")
    ] = "confirm"
    payment_methods: Annotated[Texts, Says(description="PYME codes that go to AvidXchange; empty = all")] = ()
    closed_period: Annotated[
        Literal["raise", "next_open"], Says(description="a closed period: raise it; `next_open` is not built yet")
    ] = "raise"
    lookup_lag_seconds: Annotated[
        float, Says(ge=0, le=86_400, description="how long a look-up may lag behind a write")
    ] = 60
    call_timeout_seconds: Annotated[float, Says(gt=0, le=86_400, description="at least 60, but for loopback hosts")] = (
        60
    )
    settle_window: Annotated[
        timedelta, Says(description="at least call timeout + lag + clock margin; see docs/reliability.md")
    ] = timedelta(minutes=15)
    clock_margin_seconds: Annotated[float, Says(ge=0, le=86_400, description="how far clocks may disagree")] = 1
    amount_sign: Annotated[Literal[1, -1], Says(description="sign of an invoice's CUAM")] = 1
    locked_retry_seconds: Annotated[
        float,
        Says(ge=0, le=86_400, description="an M3 code we do not know: tried again that much later, at most 3 times"),
    ] = 120
    note_category: Annotated[int, Says(ge=0, description="PEXN for the AvidXchange id; only 0 (none) is built")] = 0
    only: Annotated[dict[str, Any], Says(description="filters; only empty is built")] = {}
    requests_per_minute: Annotated[int, Says(ge=1, description="budget of calls, for the whole tenant")] = 300
    maxrecs: Annotated[int, Says(ge=2, description="rows asked for per page of a list")] = 1000
    read_back_after_seconds: Annotated[
        float, Says(ge=0, le=86_400, description="first look for the payment row so long after the handover")
    ] = 5
    user: Annotated[str, Says(max_length=10, description="USID of a batch head; empty leaves it to M3")] = ""
    parm_layout: Annotated[
        tuple[ParmFieldSetting, ...], Says(description="fields of PARM in order; empty = the documented layout")
    ] = ()
    parm_width: Annotated[int, Says(ge=1, le=900, description="PARM is filled with blanks up to it")] = 180
    assumed: AssumedSection = AssumedSection()
