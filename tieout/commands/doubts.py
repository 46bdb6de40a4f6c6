"""`tieout doubts`, `tieout doubt resolve` and `tieout resend`."""

from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.acting import act_on, refusing
from tieout.commands.common import AsJson, By, ConnectionName, added, opened, person, reasoned, shown
from tieout.commands.timeline import RecordName, find_record

if TYPE_CHECKING:
    from projections.doubts import Doubt
    from tieout.wiring import Deployment

MustSayWhy = Annotated[str, typer.Option("--reason", help="Why; kept for the auditor.")]


def doubts(ctx: typer.Context, *, connection: ConnectionName = None, as_json: AsJson = False) -> None:
    """List the calls whose outcome is unknown, with the evidence so far."""
    with opened(ctx) as deployment:
        found = [
            {**shown(doubt), "connection": name}
            for name, row in added(deployment, connection).items()
            for doubt in _listed(deployment, row.id)
        ]
    if as_json:
        output.emit(found)
        return
    columns = ("id", "kind", "record", "unknown", "since", "next look", ">evidence")
    keys = ("id", "kind", "record", "unknown", "since", "next_look")
    rows = [(*(one[key] for key in keys), len(one["evidence"])) for one in found]
    output.show_table("doubts", columns, rows, empty="nothing is in doubt")


def resolve(
    ctx: typer.Context,
    doubt_id: Annotated[str, typer.Argument(metavar="ID", help="The doubt's id, or the record it is about.")],
    *,
    resolution: Annotated[
        Literal["posted", "posted-by-hand", "absent"], typer.Option("--as", help="What became of it.")
    ],
    reason: MustSayWhy,
    voucher: Annotated[str, typer.Option("--voucher", help="posted-by-hand: the voucher in M3.")] = "",
    avid_invoice_id: Annotated[str, typer.Option("--avid-invoice-id", help="posted: its id at AvidXchange.")] = "",
    by: By = "",
    connection: ConnectionName = None,
    as_json: AsJson = False,
) -> None:
    """Settle a doubt by a person's word; the evidence stays."""
    from tieout.acts.doubts import Word
    from tieout.acts.doubts import resolve as settle_doubt

    with opened(ctx) as deployment:
        owner, stream = _find(deployment, doubt_id, connection)
        act = act_on(deployment, owner, who=person(by), reason=reasoned(reason))
        word = Word(resolution=resolution, voucher=voucher.strip(), avid_invoice_id=avid_invoice_id.strip())
        with refusing(doubt_id):
            kind = settle_doubt(act, stream, word)
    if as_json:
        output.emit({"doubt": doubt_id, "kind": kind, "resolved": resolution})
        return
    output.say(f"{doubt_id}: resolved as {resolution}")
    if kind == "posting" and resolution == "absent":
        output.say("a payment stays unposted until `tieout resend PAYMENT` orders it again")
        output.say("a reversal is yours now: take the voucher back in M3, then resolve its issue (`tieout issues`)")


def resend(
    ctx: typer.Context,
    record: RecordName,
    *,
    reason: MustSayWhy = "resent by a person",
    by: By = "",
    connection: ConnectionName = None,
    as_json: AsJson = False,
) -> None:
    """Order a failed call of one record again; it is looked up before it is repeated."""
    from tieout.acts.retry import retry

    with opened(ctx) as deployment:
        found = find_record(deployment, record, connection=connection)
        act = act_on(deployment, found.connection, who=person(by), reason=reasoned(reason))
        (step,) = retry(act, [found.stream])
    if not step.does:
        raise MisconfiguredError(f"{found.kind} {found.name}: {step.why_not}")
    if as_json:
        output.emit({"record": found.name, "kind": found.kind, "ordered": True, "does": step.does})
    else:
        output.say(f"{found.name}: ordered, {step.does}; `tieout sync` or a running tieout takes it up")


def _find(deployment: "Deployment", text: str, connection: str | None) -> tuple[UUID, UUID]:
    """Give the connection and the stream a doubt's id or a record's name stands for."""
    wanted = text.strip().upper()
    found = [
        (row.id, doubt)
        for row in added(deployment, connection).values()
        for doubt in _listed(deployment, row.id)
        if doubt.id.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0][0], found[0][1].stream
    if found:
        raise MisconfiguredError(f"{text!r} may be {', '.join(doubt.id for _, doubt in found)}")
    if wanted.startswith("D-"):
        raise MisconfiguredError(f"{text!r} is no open doubt; `tieout doubts` lists them")
    record = find_record(deployment, text, connection=connection)
    return record.connection, record.stream


def _listed(deployment: "Deployment", connection: UUID) -> "list[Doubt]":
    from projections.doubts import listed

    return listed(deployment.storage, connection)
