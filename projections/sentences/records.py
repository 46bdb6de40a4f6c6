"""Sentences about suppliers, ledger codes, polls, connections and issues."""

from domain.connections import events as c
from domain.errands import events as w
from domain.event import Event
from domain.issues import events as u
from domain.ledger_codes import events as g
from domain.polls import events as o
from domain.suppliers import events as v
from projections.sentences.saying import Saying, after, avid, infor, listing, ours

SAYINGS: dict[type[Event], Saying] = {
    v.SupplierRecorded: infor(lambda e: f"Infor has supplier {e.content.number}, {e.content.name}."),
    v.SupplierChanged: infor(lambda e: f"Infor changed supplier {e.content.number}."),
    v.SupplierBlocked: infor(
        lambda e: f"Infor took supplier {e.content.number} out of use (status {e.content.status})."
    ),
    v.SupplierUnblocked: infor(lambda e: f"Infor took supplier {e.content.number} into use."),
    v.SupplierConfirmed: avid(lambda e: f"AvidXchange holds it as vendor {e.vendor_id} ({e.enrolment})."),
    v.SupplierRefused: avid(
        lambda e: f"AvidXchange does not take it: {e.code}{after(e.field, before=' in ')}, {e.text}."
    ),
    v.SupplierRetryOrdered: ours(lambda e: f"{e.person} ordered it to be sent again{after(e.reason)}."),
    g.LedgerCodeRecorded: infor(lambda e: f"Infor has code {e.content.value} in {e.content.group}."),
    g.LedgerCodeChanged: infor(lambda e: f"Infor changed code {e.content.value}."),
    g.LedgerCodeBlocked: infor(lambda e: f"Infor took code {e.content.value} out of use."),
    g.LedgerCodeConfirmed: avid(lambda _: "AvidXchange holds the code as we know it."),
    g.LedgerCodeRefused: avid(lambda e: f"AvidXchange does not agree on the code: {e.code}, {e.text}."),
    g.LedgerCodeRetryOrdered: ours(lambda e: f"{e.person} ordered it to be sent again{after(e.reason)}."),
    g.LedgerCodesOnlyThere: avid(
        lambda e: f"AvidXchange has active codes of {e.group} that Infor does not list: {listing(e.values)}."
    ),
    g.LedgerCodesListed: infor(
        lambda e: f"Infor's list of dimension {e.dimension} changed: {len(e.added)} came, {len(e.gone)} went."
    ),
    w.ErrandFailed: ours(lambda e: f"Work does not get on: {e.text}."),
    w.ErrandRecovered: ours(lambda e: f"The errand {e.errand} gets on again."),
    o.PollCompleted: ours(lambda e: f"The poll of {e.flow} saw {e.seen} records and recorded {e.recorded} facts."),
    o.PollRecordMalformed: ours(lambda e: f"The poll of {e.flow} could not read {e.record}: {e.text}."),
    o.PollRecordRead: ours(lambda e: f"The poll of {e.flow} read {e.record} well after all."),
    o.PollFailed: ours(lambda e: f"The poll of {e.flow} gave up: {e.text}."),
    c.ConnectionAdded: ours(lambda e: f"Connection {e.name} was added for company {e.identity.company}."),
    c.NothingBookedByHand: ours(lambda e: f"{e.person} vouches that nothing was booked by hand while it was removed."),
    c.CredentialsImported: ours(lambda e: f"Credentials for {e.system} were stored ({e.fingerprint})."),
    c.CredentialsRotated: ours(lambda e: f"Credentials for {e.system} were replaced ({e.fingerprint})."),
    c.ConnectionPaused: ours(lambda e: f"{e.person} paused the connection{after(e.reason)}."),
    c.ConnectionRemoved: ours(lambda e: f"{e.person} removed the connection{after(e.reason)}."),
    c.ConnectionResumed: ours(lambda e: f"{e.person} resumed the connection."),
    c.RemotesTested: ours(lambda e: f"Both sides answered; missing transactions: {listing(e.missing_transactions)}."),
    c.SettingsChanged: ours(lambda e: f"The settings changed: {listing(e.diff)}."),
    c.StoreWentBack: ours(lambda e: f"The store went back in time: {e.detail}. Money writes are held."),
    c.RestorePointDeclared: ours(
        lambda e: f"{e.person} said that the store was set back to {e.set_back_to:%Y-%m-%d %H:%M} UTC{after(e.reason)}."
    ),
    c.ForgottenInvoicesSought: ours(
        lambda e: f"AvidXchange was read again; forgotten and live there: {listing(e.forgotten)}."
    ),
    c.DeadLetterFound: ours(lambda e: f"The broker gave a message in {e.queue} up: {e.cause}."),
    c.FirstPostingChosen: ours(lambda e: f"Posting {e.posting} goes first."),
    c.FirstPostingApproved: ours(lambda e: f"{e.person} approved the first posting{after(e.reason)}."),
    u.IssueRetried: ours(lambda e: f"{e.person} retried the issue for {len(e.records)} records{after(e.reason)}."),
    u.IssueResolved: ours(lambda e: f"{e.person} resolved the issue{after(e.reason)}."),
}
