"""A connection: its settings, both remotes, whose session that is, and what is left for people."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from domain.connections.removal import removed_words
from domain.errors import TieoutError
from tieout.diagnosis.check import DONE, LEFT, MISCONFIGURED, NO_ANSWER, Check, bad, fine, warn
from tieout.diagnosis.clocks import remote_clocks
from tieout.output import counted

if TYPE_CHECKING:
    from projections.connections import ConnectionRow
    from tieout.commands.testing import Side
    from tieout.wiring import Deployment

_MEND = {
    DONE: "nothing needs it but this check; let the service account read MRS001MI to have it complete",
    MISCONFIGURED: "correct the setting or credential it names; `tieout connection rotate` replaces credentials",
    NO_ANSWER: "check the address, the network and the remote's own status page; nothing is lost meanwhile",
    LEFT: "ask the tenant's administrator for the transactions, or turn off what needs them",
}
_MEND_PASSING = (
    "nothing to do: it goes on by itself; if it comes often, ask for a larger quota or lower requests_per_minute to it"
)


def connection_checks(deployment: "Deployment", name: str) -> Iterator[Check]:
    """Look at one declared connection; asks both remotes."""
    from tieout.commands.testing import probe

    section = deployment.settings.connection(name)
    if not section.infor.payment_methods:
        mend = f"connections.{name}.infor.payment_methods: list the PYME codes that go to AvidXchange"
        yield warn(name, "invoices of every payment method go to AvidXchange", mend)
    if section.infor.payment_posting == "gls840" and not section.infor.bank_id:
        mend = f"connections.{name}.infor.bank_id: name the bank (BKID) of the postings"
        yield warn(name, "postings name no bank", mend)
    try:
        sides = probe(deployment, name)
    except TieoutError as error:
        yield bad(name, str(error))
        return
    for side, found in sides.items():
        yield _side(f"{name} {side}", found)
    yield from _identity(deployment, name, sides)
    yield from remote_clocks(deployment, name, sides)
    yield from _left(deployment, name)


def removed_checks(deployment: "Deployment", removed: "Mapping[str, ConnectionRow]") -> Iterator[Check]:
    """Say of removed connections that nothing is asked of them; credentials that are left are worth a warning."""
    kept = {name for name, _ in deployment.store.credentials.fingerprints()}
    for name, row in sorted(removed.items()):
        words = removed_words(row.state)
        if name in kept:
            text = f"connection {name!r} was removed, but credentials of it are in the vault"
            yield warn(name, text, f"`tieout connection remove {name} --reason …` once more deletes them")
        elif name in deployment.settings.connections:
            yield warn(name, words, f"take [connections.{name}] out of {deployment.settings.file}")
        else:
            yield fine(name, words)


def shared_credentials(deployment: "Deployment") -> Iterator[Check]:
    """Find AvidXchange credentials that stand under several organisations: one of them would pay the other's bills."""
    seen: dict[str, tuple[str, str]] = {}
    for name, row in sorted(deployment.connections().items()):
        mark = dict(row.state.fingerprints).get("avidxchange")
        organisation = row.state.identity.organisation if row.state.identity else ""
        if mark is None:
            continue
        other, theirs = seen.setdefault(mark, (name, organisation))
        if theirs != organisation:
            text = f"connections {other} and {name} use the same AvidXchange credentials for two organisations"
            yield bad(name, text, f"`tieout connection rotate` the one that holds the other's, or correct {name}")


def _side(check: str, found: "Side") -> Check:
    if found.problem:
        mend = _MEND_PASSING if found.passes else _MEND.get(found.code, "")
        say = warn if found.ok else bad
        return say(check, found.problem, mend, code=found.code)
    seconds = found.found.get("token_seconds")
    return fine(check, "answers" if seconds is None else f"answers; its token lasts {seconds} s more, then is renewed")


def _identity(deployment: "Deployment", name: str, sides: "dict[str, Side]") -> Iterator[Check]:
    """Say whose sessions these are. Infor names its company; AvidXchange's interface tells the systems only."""
    row = deployment.connections()[name]
    pinned = row.state.identity
    if pinned is None or not (sides["infor"].ok and sides["avidxchange"].ok):
        return
    infor, avid = sides["infor"].found, sides["avidxchange"].found
    company = f"Infor's session is company {infor['company']} ({infor['company_name']}), pinned is {pinned.company}"
    systems = ", ".join(avid["accounting_systems"]) or "no accounting system"
    text = f"{company}; AvidXchange's knows {systems} and does not say whose it is, pinned is {pinned.organisation}"
    if infor["company"] != pinned.company:
        yield bad(f"{name} identity", text, f"correct connections.{name}.infor.company or the credentials")
    elif not avid["accounting_systems"]:
        mend = "ask AvidXchange whether these tokens belong to the account that is meant"
        yield warn(f"{name} identity", text, mend)
    else:
        yield fine(f"{name} identity", text)


def _left(deployment: "Deployment", name: str) -> Iterator[Check]:
    from projections import doubts, issues

    connection = deployment.tools(name).connection
    open_issues = len(issues.listed(deployment.storage, connection))
    in_doubt = len(doubts.listed(deployment.storage, connection))
    if open_issues or in_doubt:
        text = f"{counted(open_issues, 'open issue')}, {counted(in_doubt, 'doubt')}"
        yield warn(name, text, "`tieout issues` and `tieout doubts` list them", code=LEFT)
