"""A connection's life, its polls, and what people did about issues."""

from domain.connections import events as c
from domain.errands import events as w
from domain.event import Event
from domain.issues import events as i
from domain.polls import events as p
from tests.golden.examples.common import DIGEST, IDENTITY, INCARNATION, KEY1, PERSON, at

EXAMPLES: tuple[Event, ...] = (
    c.ConnectionAdded(name="acme", identity=IDENTITY, divisions=("B07", "B12")),
    c.CredentialsImported(system="infor", fingerprint="4be7…91c2"),
    c.CredentialsRotated(system="avidxchange", fingerprint="0d55…7a3e"),
    c.ConnectionPaused(person=PERSON, reason="M3 upgrade over the weekend", until=at(6, day=9)),
    c.ConnectionResumed(person=PERSON),
    c.ConnectionRemoved(person=PERSON, reason="the buildings were sold"),
    c.NothingBookedByHand(person=PERSON),
    c.RemotesTested(
        infor_company=100,
        avidxchange_systems=("AvidPay", "AvidInvoice"),
        missing_transactions=("GLS840MI/UpdBatch",),
    ),
    c.SettingsChanged(
        digest=DIGEST,
        diff=("infor.posting_patience: 30m -> 1h",),
        settings=(("infor.divisions", '["B07", "B12"]'), ("infor.posting_patience", "1h")),
    ),
    c.StoreWentBack(
        incarnation=INCARNATION,
        noticed_at=at(7, 2, 11),
        hold_until=at(7, 27, 11),
        detail="the log ends at 4120, its checkpoint says 4388",
    ),
    c.RestorePointDeclared(person=PERSON, reason="the volume was set back to a snapshot", set_back_to=at(2, day=2)),
    c.ForgottenInvoicesSought(
        forgotten=("100|B07|V10234|V10234|INV-88121|2026",),
        cleared=("100|B07|V10234|V10234|INV-88119|2026",),
        complete=True,
    ),
    c.DeadLetterFound(queue="send-suppliers", cause="unknown-errand", text='{"actor_name":"dance"}'),
    c.FirstPostingApproved(person=PERSON, reason="voucher 90001 looks right"),
    c.FirstPostingChosen(posting=KEY1),
    p.PollCompleted(flow="invoices", watermark="2026-03-02", pages=3, seen=212, recorded=17, calls=9),
    p.PollRecordMalformed(flow="payments", record="9004470", text="'12,50' is no amount of money"),
    p.PollRecordRead(flow="payments", record="9004470"),
    p.PollFailed(flow="suppliers", verdict="stop", text="Infor refused the client's credentials (invalid_client)"),
    w.ErrandFailed(
        errand="submit_invoices",
        flow="invoices",
        verdict="stop",
        text="submitting invoices to AvidXchange: AvidXchange answered 403: the account has no right to this",
    ),
    w.ErrandRecovered(errand="submit_invoices", flow="invoices"),
    i.IssueRetried(
        cause="supplier-refused:100|V10234",
        person=PERSON,
        reason="the name was shortened in M3",
        records=("100|V10234",),
    ),
    i.IssueResolved(cause="first-posting", person=PERSON, reason="booked as wished"),
)
