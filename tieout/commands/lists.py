"""`tieout invoices | payments | suppliers | codes`: lists from the projections."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson, ConnectionName, added, opened, shown

if TYPE_CHECKING:
    from uuid import UUID

    from domain.ports.projections import ProjectionStore
    from projections.payments import PaymentView

    Lister = Callable[[ProjectionStore, UUID, Sequence[str] | None], Iterable[Any]]

State = Annotated[str, typer.Option("--state", metavar="STATE", help="Only records in this state.")]
Supplier = Annotated[str, typer.Option("--supplier", metavar="NUMBER", help="Only this supplier's or payee's.")]


def invoices(
    ctx: typer.Context,
    *,
    state: State = "",
    supplier: Supplier = "",
    connection: ConnectionName = None,
    as_json: AsJson = False,
) -> None:
    """List invoices: where each one stands and why."""
    from projections import invoices as projection

    columns = ("division", "supplier", "number", ">gross", "currency", "state", "reason", "detail", "external_id")
    _list(
        ctx,
        "invoices",
        columns,
        lambda store, one, states: projection.listed(store, one, states=states, supplier=supplier),
        states=projection.STATES,
        state=state,
        connection=connection,
        flow="invoices",
        as_json=as_json,
        supplier=supplier,
    )


def payments(
    ctx: typer.Context,
    *,
    state: State = "",
    supplier: Supplier = "",
    connection: ConnectionName = None,
    as_json: AsJson = False,
) -> None:
    """List payments: what AvidXchange says of each, and how far its posting in Infor is."""
    from projections import payments as projection

    def lister(store: "ProjectionStore", one: "UUID", states: Sequence[str] | None) -> list[dict[str, Any]]:
        views = projection.listed(store, one, states=states, supplier=supplier)
        return [
            {
                **shown(view.payment),
                "state": view.state,
                "why": list(view.why),
                "detail": _in_words(view),
                "postings": [shown(posting) for posting in view.postings],
            }
            for view in views
        ]

    columns = (
        "payment_id",
        "vendor",
        "status",
        "method",
        ">amount",
        "currency",
        "settled_date",
        "state",
        "why",
        "detail",
    )
    _list(
        ctx,
        "payments",
        columns,
        lister,
        states=projection.STATES,
        state=state,
        connection=connection,
        as_json=as_json,
        supplier=supplier,
    )


def suppliers(
    ctx: typer.Context, *, state: State = "", connection: ConnectionName = None, as_json: AsJson = False
) -> None:
    """List suppliers: whether AvidXchange holds each one as a vendor."""
    from projections import suppliers as projection

    columns = ("number", "name", "active", "state", "enrolment", "vendor_id", "reason", "detail")
    _list(
        ctx,
        "suppliers",
        columns,
        lambda store, one, states: projection.listed(store, one, states=states),
        states=projection.STATES,
        state=state,
        connection=connection,
        flow="suppliers",
        as_json=as_json,
    )


def codes(ctx: typer.Context, *, state: State = "", connection: ConnectionName = None, as_json: AsJson = False) -> None:
    """List GL accounts and dimension values: whether AvidXchange holds each one."""
    from projections import ledger_codes as projection

    columns = (">dimension", "value", "description", "group", "active", "state", "reason", "detail")
    _list(
        ctx,
        "ledger codes",
        columns,
        lambda store, one, states: projection.listed(store, one, states=states),
        states=projection.STATES,
        state=state,
        connection=connection,
        flow="ledger_codes",
        as_json=as_json,
    )


def _in_words(view: "PaymentView") -> str:
    """Say what keeps a payment or its postings: the payment's own words, else those of what is not posted."""
    said = [posting.detail for posting in view.postings if posting.state != "posted" and posting.detail]
    return view.payment.detail or "; ".join(dict.fromkeys(said))


def _check_known(store: "ProjectionStore", supplier: str) -> None:
    """Refuse a supplier that nothing is of, unless Infor lists it: an empty list would look like good news."""
    from projections.search import find_records

    known = [record.name.partition("|")[2] for record in find_records(store, f"supplier:{supplier}")]
    if supplier not in known:
        raise MisconfiguredError(f"--supplier {supplier}: no supplier is called so; `tieout suppliers` lists them")


def _list(
    ctx: typer.Context,
    title: str,
    columns: Sequence[str],
    lister: "Lister",
    *,
    states: Sequence[str],
    state: str,
    connection: str | None,
    as_json: bool,
    flow: str = "",
    supplier: str = "",
) -> None:
    """Print rows; flow: whose errands' failures are why its rows wait, where the rows do not say it themselves."""
    if state and state not in states:
        raise MisconfiguredError(f"--state {state} is no state of {title}; the states are {', '.join(states)}")
    with opened(ctx) as deployment:
        rows = [
            {"connection": name, **(row if isinstance(row, dict) else _reasoned(shown(row), failing))}
            for name, found in added(deployment, connection).items()
            for failing in [_failing(deployment.storage, found.id, flow)]
            for row in lister(deployment.storage, found.id, [state] if state else None)
        ]
        if supplier and not rows:
            _check_known(deployment.storage, supplier)
    if as_json:
        output.emit(rows)
        return
    keys = [column.removeprefix(">") for column in columns]
    heads = [column.replace("_", " ") for column in columns]
    output.show_table(title, heads, [[row.get(key) for key in keys] for row in rows])


def _failing(store: "ProjectionStore", connection: "UUID", flow: str) -> str:
    """Say what the errands of a flow do not get from a remote now; "" when all of them get on."""
    from projections.sync_status import PROJECTION

    row = PROJECTION.some(store, connection, [flow]).get(flow)
    return "; ".join(failing.text for failing in row.failing.values()) if row else ""


def _reasoned(row: dict[str, Any], failing: str) -> dict[str, Any]:
    """Fill in why a row waits that waits for a call which does not work."""
    return {**row, "detail": failing} if row["state"] == "waiting" and not (row["reason"] or row["detail"]) else row
