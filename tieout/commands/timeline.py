"""`tieout timeline`: the life of one record across both systems."""

from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson, ConnectionName, added, opened

if TYPE_CHECKING:
    from projections.search import Record
    from projections.timeline import Timeline
    from tieout.wiring import Deployment

RecordName = Annotated[
    str,
    typer.Argument(metavar="RECORD", help="An invoice number, an external id, a payment id or a supplier."),
]


def timeline(
    ctx: typer.Context,
    record: RecordName,
    *,
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="TIME|EVENT", help="Only what was known then: a time or a position.")
    ] = "",
    connection: ConnectionName = None,
    as_json: AsJson = False,
) -> None:
    """Show the life of one record; an exact match wins, else a unique prefix."""
    from projections.timeline import parse_as_of, read_timeline

    moment = parse_as_of(as_of)
    with opened(ctx) as deployment:
        found = find_record(deployment, record, connection=connection)
        life = read_timeline(deployment.log, deployment.storage, found, as_of=moment)
    if as_json:
        output.emit(life)
    else:
        show_timeline(life)


def show_timeline(life: "Timeline") -> None:
    """Print a timeline on stdout: one line per event, both systems side by side."""
    title = f"{life.kind} {life.record}: {life.state.replace('_', ' ') or 'not known yet'}"
    rows = [
        (one.position, one.occurred_at, one.system, one.summary, one.actor if one.actor != "tieout" else "")
        for one in life.events
    ]
    output.show_table(title, (">event", "when", "system", "what happened", "who"), rows, empty="nothing is known")


def find_record(deployment: "Deployment", text: str, *, connection: str | None) -> "Record":
    """Find the record a person means. Raises MisconfiguredError with the choices when it is not exactly one."""
    from projections.search import find_records

    rows = added(deployment, connection)
    only = rows[connection].id if connection is not None else None
    found = find_records(deployment.storage, text, connection=only)
    if not found:
        raise MisconfiguredError(f"no record is called {text!r}: give an invoice number, a payment id or a supplier")
    if len(found) > 1:
        names = {row.id: name for name, row in rows.items()}
        several = len({one.connection for one in found}) > 1
        choices = [
            f"{one.kind}:{one.name}" + (f" (--connection {names[one.connection]})" if several else "") for one in found
        ]
        raise MisconfiguredError(f"{text!r} may be any of {len(found)}: {', '.join(choices)}")
    return found[0]
