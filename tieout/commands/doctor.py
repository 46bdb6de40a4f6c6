"""`tieout doctor`: what is wrong with this installation, and how to mend it."""

import typer

from tieout import output
from tieout.commands.common import AsJson, settings_of
from tieout.commands.summary import DONE, LEFT, MISCONFIGURED, NO_ANSWER


def doctor(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Check settings, keys, store, broker, alerts, clocks, both remotes and versions."""
    from tieout.diagnosis import BAD, diagnose

    checks = []
    for check in diagnose(lambda: settings_of(ctx)):
        checks.append(check)
        if not as_json:
            output.write(f"{check.state:<5} {check.check}: {check.text}\n")
            if check.mend:
                output.write(f"      mend: {check.mend}\n")
    if as_json:
        output.emit({"ok": all(check.state != BAD for check in checks), "checks": checks})
    codes = {check.code for check in checks}
    raise typer.Exit(next((code for code in (MISCONFIGURED, NO_ANSWER, LEFT) if code in codes), DONE))
