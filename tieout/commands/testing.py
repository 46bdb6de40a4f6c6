"""`tieout connection test`: ping both sides and show what a person wants to know before the first sync."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from domain.connections.events import RemotesTested
from domain.errors import MisconfiguredError, TieoutError, TransientError
from tieout import output
from tieout.commands.common import AsJson, opened, shown

if TYPE_CHECKING:
    from tieout.wiring import Deployment

DONE, MISCONFIGURED, LEFT, NO_ANSWER = 0, 2, 3, 4


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """How one remote answered; `code` is the exit code it asks for, `problem` the sentence that says why.

    passes: it asked to wait, or our own pace does, and goes on by itself.
    """

    ok: bool
    passes: bool = False
    code: int = DONE
    problem: str = ""
    found: dict[str, Any] = {}


def check_remotes(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The connection's name in tieout.toml.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Ping both sides: company, divisions, token lifetime, and which transactions the tenant lacks."""
    with opened(ctx) as deployment:
        sides = probe(deployment, name)
    if as_json:
        output.emit({"connection": name, **{side: _flat(found) for side, found in sides.items()}})
    else:
        for side, found in sides.items():
            output.show_pairs({side: "answers" if found.ok else "of no use yet", **_pairs(found.found)})
    for problem in dict.fromkeys(found.problem for found in sides.values() if found.problem):
        concerned = " and ".join(side for side, found in sides.items() if found.problem == problem)
        output.say(f"{name}: {concerned}: {problem}")
    raise typer.Exit(verdict(sides.values()))


def verdict(sides: Any) -> int:
    """Give the exit code: what a person must mend first, then a remote without an answer, then what is missing."""
    codes = {side.code for side in sides}
    return next((code for code in (MISCONFIGURED, NO_ANSWER, LEFT) if code in codes), DONE)


def probe(deployment: "Deployment", name: str) -> dict[str, Side]:
    """Ask both remotes; record that both answered."""
    from tieout.acts.act import Act
    from tieout.acts.connections import note_tested

    tools = deployment.tools(name)
    infor = _ask(lambda: _infor(deployment, name))
    avid = _ask(lambda: Side(ok=True, found={"accounting_systems": list(tools.payables.check())}))
    if infor.ok and avid.ok:
        fact = RemotesTested(
            infor_company=infor.found["company"],
            avidxchange_systems=tuple(avid.found["accounting_systems"]),
            missing_transactions=tuple(infor.found["missing_transactions"]),
        )
        act = Act(log=deployment.log, connection=tools.connection, person="tieout", reason="connection test")
        note_tested(act, fact)
    return {"infor": infor, "avidxchange": avid}


def _infor(deployment: "Deployment", name: str) -> Side:
    from tieout.wiring.capabilities import needed_transactions

    tools = deployment.tools(name)
    check = tools.ledger.check()
    found = shown(check)
    untold = found.pop("untold")
    unknown = sorted(set(tools.rules.divisions) - set(check.divisions))
    if unknown:
        text = f"connections.{name}.infor.divisions names {', '.join(unknown)}; company {check.company} has "
        return Side(ok=False, code=MISCONFIGURED, problem=text + ", ".join(check.divisions), found=found)
    needed = needed_transactions(check.missing_transactions)
    if needed:
        problem = f"the tenant lacks {', '.join(needed)}: have them activated for API use"
        return Side(ok=True, code=LEFT, problem=problem, found=found)
    if untold:
        problem = f"which transactions the tenant has cannot be told, the rest is well: {untold}"
        return Side(ok=True, problem=problem, found=found)
    return Side(ok=True, found=found)


def _ask(side: Callable[[], Side]) -> Side:
    try:
        return side()
    except MisconfiguredError as error:
        return Side(ok=False, code=MISCONFIGURED, problem=str(error))
    except TieoutError as error:
        passes = isinstance(error, TransientError) and error.before_processing and error.retry_after is not None
        return Side(ok=False, passes=passes, code=NO_ANSWER, problem=str(error))


def _flat(side: Side) -> dict[str, Any]:
    return {"ok": side.ok, "problem": side.problem or None, **side.found}


def _pairs(found: dict[str, Any]) -> dict[str, Any]:
    return {f"  {name.replace('_', ' ')}": value if value != [] else "none" for name, value in found.items()}
