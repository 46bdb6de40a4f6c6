"""Pings Infor: who we are there, which company and divisions, which transactions the tenant has, what time it is."""

from collections.abc import Iterable, Iterator, Sequence

from adapters.infor import capabilities
from adapters.infor.client import Client, TransactionMissingError
from adapters.infor.values import Row, needed, text, whole
from domain.errors import MalformedError, MisconfiguredError, RefusedError
from domain.ports.ledger import LedgerCheck

_EVERYWHERE = "GENERAL"  # its transactions belong to every program; the repository does not list them


def check(client: Client) -> LedgerCheck:
    """Learn what `LedgerCheck` says.

    Raises MisconfiguredError when the session's company is another than the settings' or a division is unknown.
    """
    company = client.settings.company
    rows = client.list_rows(capabilities.USER_DATA, {})
    if not rows:
        raise MalformedError("Infor does not say who the service account is", record="MNS150MI/GetUserData")
    user = rows[0]
    session = whole(user, "CONO", record="MNS150MI/GetUserData")
    if session != company:
        remedy = f"set its company to {company} in Infor, or correct `company` in the settings"
        raise MisconfiguredError(f"Infor's service account works in company {session}, not {company}: {remedy}")
    divisions = _divisions(client)
    unknown = [division for division in client.settings.divisions if division not in divisions]
    if unknown:
        raise MisconfiguredError(f"company {company} has no division {unknown[0]}: correct `divisions` in the settings")
    missing, untold = _missing(client)
    return LedgerCheck(
        company=company,
        company_name=text(user, "TX40") or text(user, "CONM"),
        user=text(user, "USID"),
        divisions=divisions,
        token_seconds=client.tokens.current().life_seconds,
        missing_transactions=missing,
        untold=untold,
    )


def server_time(client: Client) -> int:
    """Give the server's clock in epoch milliseconds."""
    rows = client.list_rows(capabilities.SERVER_TIME, {})
    record = capabilities.SERVER_TIME.path
    if not rows or not whole(rows[0], "LMTS", record=record):
        raise MalformedError("Infor does not tell its time", record=record)
    return whole(rows[0], "LMTS", record=record)


def local_currencies(client: Client) -> dict[str, str]:
    """Give the local currency of each configured division."""
    divisions = client.settings.divisions
    outcomes = client.bulk(capabilities.DIVISION, [{"DIVI": division} for division in divisions])
    found: dict[str, str] = {}
    for division, outcome in zip(divisions, outcomes, strict=True):
        rows = client.rows_of(outcome, capabilities.DIVISION)
        if rows:
            found[division] = needed(rows[0], "LOCD", record=division)
    return found


def _divisions(client: Client) -> tuple[str, ...]:
    pages = client.walk(capabilities.DIVISIONS, {}, position="DIVI", key="DIVI")
    return tuple(sorted(division for page in pages for row in page if (division := text(row, "DIVI"))))


def _missing(client: Client) -> tuple[tuple[str, ...], str]:
    """Give the transactions we use that the repository does not list, and why it lists none.

    Nothing but this check reads the repository: where there is none, or it is closed to us, it is missing itself.
    """
    programs = dict.fromkeys(each.program for each in capabilities.TRANSACTIONS if each.program != _EVERYWHERE)
    programs.pop(capabilities.REPOSITORY.program)
    try:
        outcomes = client.bulk(capabilities.REPOSITORY, [{"MINM": program} for program in programs])
        listed = [client.rows_of(outcome, capabilities.REPOSITORY) for outcome in outcomes]
    except TransactionMissingError:
        return (capabilities.REPOSITORY.path,), ""
    except (MisconfiguredError, RefusedError) as error:  # verdict: go on without, and say so
        return (capabilities.REPOSITORY.path,), str(error)
    return tuple(_unlisted(programs, listed)), ""


def _unlisted(programs: Iterable[str], listed: Iterable[Sequence[Row]]) -> Iterator[str]:
    for program, rows in zip(programs, listed, strict=True):
        known = {text(row, "TRNM").lower() for row in rows}
        for each in capabilities.TRANSACTIONS:
            if each.program == program and each.name.lower() not in known:
                yield each.path
