"""`tieout issues` and `tieout issue show | retry | resolve`."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from domain.errors import MisconfiguredError, RefusedError
from domain.identifiers import stream_id
from domain.money import Money
from tieout import output
from tieout.commands.acting import act_on, refusing
from tieout.commands.common import AsJson, By, ConnectionName, added, on_terminal, opened, person, reasoned, shown
from tieout.commands.connection import removal_of

if TYPE_CHECKING:
    from projections.issues import Issue
    from tieout.acts.act import Act
    from tieout.acts.retry import Step
    from tieout.wiring import Deployment

VOUCHED = frozenset({"posting-refused", "posting-held"})  # a person may have booked it in M3 instead

FIRST_POSTING = "first-posting"


class FirstPosting(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for in M3: the posting that goes first. net: what its lines take off; vouchers: once M3 shows them.

    state: waiting, in_doubt, held, refused or posted.
    """

    key1: str
    payment_id: str
    division: str
    state: str
    net: Money
    vouchers: tuple[str, ...]


IssueId = Annotated[str, typer.Argument(metavar="ID", help="The issue's id, as `tieout issues` shows it.")]


def issues(ctx: typer.Context, *, connection: ConnectionName = None, as_json: AsJson = False) -> None:
    """List what needs a person: one issue per cause, urgent ones first."""
    with opened(ctx) as deployment:
        found = [
            (name, issue)
            for name, row in added(deployment, connection).items()
            for issue in _listed(deployment, row.id)
        ]
    if as_json:
        output.emit([_document(name, issue) for name, issue in found])
        return
    columns = ("id", "urgent", "issue", ">records", "at stake", "why", "open since")
    rows = [
        (i.id, "URGENT" if i.urgent else "", i.title, len(i.records), _money(i), i.why, shown(i.opened_at))
        for _, i in found
    ]
    output.show_table("issues", columns, rows, empty="nothing needs a person")


def show(ctx: typer.Context, issue_id: IssueId, *, as_json: AsJson = False) -> None:
    """Show one issue: the records under it, the money at stake, why, and how to mend it."""
    from projections.plain import plain

    with opened(ctx) as deployment:
        name, issue = find_issue(deployment, issue_id)
        ended = removal_of(deployment.connections()[name].state)
        first = _first_posting(deployment, issue)
    if as_json:
        posting = {"posting": plain(first)} if first is not None else {}
        output.emit({**_document(name, issue), "ended_with_connection": ended, **posting})
        return
    output.show_pairs(
        {
            "issue": f"{issue.id} {issue.title}" + (" (URGENT)" if issue.urgent else ""),
            "connection": name + (f", removed by {ended['by']} at {ended['at']}: this ended with it" if ended else ""),
            "cause": issue.cause,
            "why": issue.why,
            **({"its posting": _in_words(first)} if first is not None else {}),
            "how to mend": issue.mend,
            "at stake": _money(issue) or "no money",
            "open since": shown(issue.opened_at),
            "last retried": f"{shown(issue.retried_at)} by {issue.retried_by}" if issue.retried_at else "never",
        }
    )
    rows = [(r.kind, r.record, str(r.money or ""), r.why, shown(r.since)) for r in issue.records]
    output.show_table("records", ("kind", "record", ">money", "why", "since"), rows)


def retry(
    ctx: typer.Context,
    issue_id: IssueId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Order it without asking.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept for the auditor.")] = "retried by a person",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Try the records under an issue again; shows first what it would do."""
    from tieout.acts import retry as acts
    from tieout.acts.issues import note_retried

    with opened(ctx) as deployment:
        _, issue = find_issue(deployment, issue_id)
        act = act_on(deployment, issue.connection, who=person(by), reason=reasoned(reason))
        streams = list(dict.fromkeys(record.stream for record in issue.records))
        steps = acts.plan(act, streams)
        if not as_json:
            _show_steps(steps)
        ordered = any(step.does for step in steps) and (yes or _confirmed(len(steps)))
        if ordered:
            steps = acts.retry(act, streams)
            note_retried(act, issue.cause, [step.record for step in steps if step.does])
    if as_json:
        output.emit({"issue": issue.id, "ordered": ordered, "records": steps})
    elif ordered:
        output.say(f"ordered {sum(bool(step.does) for step in steps)}; `tieout sync` or a running tieout takes it up")
    else:
        able = any(step.does for step in steps)
        output.say("nothing was ordered" + ("; --yes orders it" if able and not yes else ""))


def resolve(
    ctx: typer.Context,
    issue_id: IssueId,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept for the auditor.")],
    voucher: Annotated[str, typer.Option("--voucher", help="The voucher a person booked in M3.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Close an issue and say why; on the first posting it lets the others follow."""
    from tieout.acts.issues import note_resolved

    with opened(ctx) as deployment:
        _, issue = find_issue(deployment, issue_id)
        act = act_on(deployment, issue.connection, who=person(by), reason=reasoned(reason))
        with refusing(f"issue {issue.id}"):
            _settle(act, issue, voucher)
        note_resolved(act, issue.cause)
    if as_json:
        output.emit({"issue": issue.id, "resolved": True})
    else:
        output.say(f"{issue.id} resolved; it opens again when another record joins it")


def _settle(act: "Act", issue: "Issue", voucher: str) -> None:
    """Record what closing the issue says of its records; raises RefusedError for a voucher it has no place for."""
    from tieout.acts import connections
    from tieout.acts.issues import reversal_done

    if issue.kind == FIRST_POSTING and not voucher:
        connections.approve_first_posting(act)
    elif issue.kind == "reversal-by-hand":
        for record in issue.records:
            reversal_done(act, record.stream, voucher=voucher)
    elif issue.kind == "posting-reversal-absent" or (issue.kind in VOUCHED and voucher):
        _booked_by_hand(act, issue, voucher)
    elif voucher:
        raise RefusedError(f"an issue of the kind {issue.kind} takes no --voucher: leave it out", code="VOUCHER")


def _booked_by_hand(act: "Act", issue: "Issue", voucher: str) -> None:
    from domain.postings.persons import POSTED_BY_HAND
    from tieout.acts import doubts

    if len(issue.records) > 1:
        text = f"it has {len(issue.records)} records, and a voucher belongs to one of them"
        mend = "say it of each: `tieout doubt resolve KEY1 --as posted-by-hand --voucher V`"
        raise RefusedError(f"{text}; {mend}", code="VOUCHER")
    for record in issue.records:
        doubts.resolve(act, record.stream, doubts.Word(resolution=POSTED_BY_HAND, voucher=voucher))


def find_issue(deployment: "Deployment", issue_id: str) -> "tuple[str, Issue]":
    """Find an open issue, or one that ended with its connection, by id or a unique beginning.

    Raises MisconfiguredError.
    """
    from projections.issues import left

    wanted = issue_id.strip().upper()
    found = [
        (name, issue)
        for name, row in deployment.connections().items()
        for issue in left(deployment.storage, row.id)
        if issue.id.startswith(wanted) or issue.cause == issue_id
    ]
    exact = [pair for pair in found if pair[1].id == wanted]
    chosen = exact or found
    if len(chosen) != 1:
        what = f"may be {', '.join(issue.id for _, issue in chosen)}" if chosen else "is no open issue"
        raise MisconfiguredError(f"{issue_id!r} {what}; `tieout issues` lists them")
    return chosen[0]


def _first_posting(deployment: "Deployment", issue: "Issue") -> "FirstPosting | None":
    """Give what a person looks for in M3, who is asked about the first posting; None for every other issue."""
    from projections.postings import PROJECTION

    if issue.kind != FIRST_POSTING:
        return None
    key1 = issue.records[0].record
    stream = stream_id(issue.connection, "posting", key1).hex
    row = PROJECTION.some(deployment.storage, issue.connection, [stream]).get(stream)
    if row is None:
        return None
    return FirstPosting(
        key1=key1, payment_id=row.payment_id, division=row.division, state=row.state, net=row.net, vouchers=row.vouchers
    )


def _in_words(posting: FirstPosting) -> str:
    shown = ", ".join(posting.vouchers)
    booked = f"voucher {shown}" if shown else f"no voucher so far, it is {posting.state.replace('_', ' ')}"
    amount = f"{posting.net} {posting.net.currency}"
    return f"{posting.key1}: {amount} of payment {posting.payment_id} in {posting.division}; {booked}"


def _listed(deployment: "Deployment", connection: Any) -> "list[Issue]":
    from projections.issues import listed

    return listed(deployment.storage, connection)


def _document(name: str, issue: "Issue") -> dict[str, Any]:
    from projections.plain import plain

    records = [shown(record) for record in issue.records]
    return {**plain(issue), "connection": name, "records": records}


def _money(issue: "Issue") -> str:
    return ", ".join(f"{money} {money.currency}" for money in issue.money)


def _show_steps(steps: "list[Step]") -> None:
    rows = [(step.kind, step.record, step.does or f"nothing: {step.why_not}") for step in steps]
    output.show_table("a retry would do", ("kind", "record", "what"), rows)


def _confirmed(count: int) -> bool:
    return on_terminal() and typer.confirm(f"Order this for {count} record(s)?", err=True)
