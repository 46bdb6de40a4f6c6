"""A connection's settings made into rules for the domain and into the two remotes the errands call."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import msgspec

from actors.tools import Tools
from adapters.avidxchange.client import AvidXchange
from adapters.avidxchange.settings import AvidSettings
from adapters.clock import SystemClock
from adapters.eventlog.store import Store
from adapters.http import Remote
from adapters.infor.ledger import InforLedger
from adapters.infor.settings import DEFAULT_PARM_LAYOUT, Assumptions, InforSettings, ParmField
from adapters.jitter import chance
from domain.identifiers import PinnedIdentity
from domain.rules import RemoteWindows, Rules
from tieout.observability.runs import ConnectionWatch
from tieout.settings import AvidSection, ConnectionSection, InforSection, Settings, check_call_timeout
from tieout.wiring.credentials import AVIDXCHANGE, INFOR, avid_credentials, infor_credentials

FIRST_SYNC_DAYS = 90


def rules_of(name: str, section: ConnectionSection, identity: PinnedIdentity, *, today: date) -> Rules:
    """Translate the settings into the domain's rules."""
    infor, avid = section.infor, section.avidxchange
    return Rules(
        name=name,
        identity=identity,
        company=infor.company,
        divisions=infor.divisions,
        start_date=infor.start_date or today - timedelta(days=FIRST_SYNC_DAYS),
        payment_interface=infor.payment_interface,
        void_interface=infor.void_interface,
        bank_id=infor.bank_id,
        accounting_date=infor.accounting_date,
        posting_patience=infor.posting_patience,
        read_back_after=timedelta(seconds=infor.read_back_after_seconds),
        payment_posting=infor.payment_posting,
        first_posting=infor.first_posting,
        payment_methods=infor.payment_methods,
        locked_retry=timedelta(seconds=infor.locked_retry_seconds),
        amount_sign=infor.amount_sign,
        gl_accounts=avid.gl_accounts,
        dimensions=tuple(sorted(avid.dimensions.items())),
        max_image_bytes=avid.max_image_bytes,
        missing_image=avid.missing_image,
        unknown_invoices=avid.unknown_invoices,
        settled_statuses=avid.settled_statuses,
        reversed_statuses=avid.reversed_statuses,
        infor=_windows(infor.call_timeout_seconds, infor.lookup_lag_seconds, infor.settle_window),
        avidxchange=_windows(avid.call_timeout_seconds, avid.search_lag_seconds, avid.settle_window),
        timezone=section.schedule.timezone,
    )


def connect(
    name: str, settings: Settings, identity: PinnedIdentity, *, store: Store, watch: ConnectionWatch, worker: str
) -> Tools:
    """Open a connection's tools: credentials from the vault, remotes, ports of the store. No network call is made.

    Raises MisconfiguredError when credentials are missing, or a call timeout is too short for a real host.
    """
    clock = SystemClock()
    section = settings.connection(name)
    credentials = infor_credentials(store.credentials.get(name, INFOR), name=name)
    check_call_timeout(
        section.infor.call_timeout_seconds, credentials.gateway, key=f"{settings.file}: connections.{name}.infor"
    )
    infor = InforLedger(
        credentials,
        _infor_settings(section.infor),
        clock=clock,
        budget=store.budget(f"infor {identity.tenant}", requests_per_minute=section.infor.requests_per_minute),
        watch=lambda request: watch.call(INFOR, request.method, request.label),
    )
    avid_settings = _avid_settings(section.avidxchange)
    avid = AvidXchange(
        avid_settings,
        avid_credentials(store.credentials.get(name, AVIDXCHANGE)),
        remote=Remote(
            "AvidXchange",
            clock=clock,
            budget=store.budget(
                f"avidxchange {identity.organisation}", requests_per_minute=section.avidxchange.requests_per_minute
            ),
            timeout_seconds=section.avidxchange.call_timeout_seconds,
            watch=lambda request: watch.call(AVIDXCHANGE, request.method, request.label),
        ),
        blobs=store.blobs,
        clock=clock,
    )
    return Tools(
        rules=rules_of(name, section, identity, today=_today(store.log.now())),
        log=store.log,
        work=store.work,
        polls=store.polls,
        blobs=store.blobs,
        ledger=infor,
        payables=avid,
        clock=clock,
        new_id=lambda: uuid4().hex,
        chance=chance,
        worker=worker,
        retry_base=_retry_base(section),
        watch=watch,
    )


def _retry_base(section: ConnectionSection) -> timedelta:
    """The first back-off: a thirtieth of the slower call timeout, between 0.1 and 2 seconds."""
    slower = max(section.infor.call_timeout_seconds, section.avidxchange.call_timeout_seconds)
    return timedelta(seconds=min(2.0, max(0.1, slower / 30)))


def _today(now: datetime) -> date:
    return now.date()


def _windows(call_timeout_seconds: float, lag_seconds: float, settle: timedelta) -> RemoteWindows:
    return RemoteWindows(
        call_timeout=timedelta(seconds=call_timeout_seconds),
        search_lag=timedelta(seconds=lag_seconds),
        settle=settle,
    )


def _infor_settings(section: InforSection) -> InforSettings:
    layout = tuple(
        ParmField(name=field.name, width=field.width, align=field.align, format=field.format)
        for field in section.parm_layout
    )
    assumed = msgspec.structs.asdict(section.assumed)
    assumed["document_attributes"] = tuple(section.assumed.document_attributes.items())
    return InforSettings(
        company=section.company,
        divisions=section.divisions,
        amount_sign=section.amount_sign,
        user=section.user,
        parm_layout=layout or DEFAULT_PARM_LAYOUT,
        parm_width=section.parm_width,
        call_timeout_seconds=section.call_timeout_seconds,
        assumed=Assumptions(page_rows=section.maxrecs, **assumed),
    )


def _avid_settings(section: AvidSection) -> AvidSettings:
    shared = {name for name in AvidSettings.__struct_fields__ if name in AvidSection.__struct_fields__}
    values = {name: getattr(section, name) for name in shared - {"dimensions"}}
    return AvidSettings(
        **values,
        company_id=section.organisation,
        dimensions=tuple(sorted(section.dimensions.items())),
    )
