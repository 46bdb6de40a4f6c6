"""`tieout alerts`: what stands, what was told of it, and a test message."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import MisconfiguredError, TransientError
from tieout import output
from tieout.commands.common import AsJson, opened, settings_of, shown
from tieout.commands.summary import DONE, NO_ANSWER

if TYPE_CHECKING:
    from domain.ports.alerts import Entry
    from tieout.wiring import Deployment


def alerts(
    ctx: typer.Context,
    *,
    test: Annotated[bool, typer.Option("--test", help="Send a test message to every channel, then end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the alerts that stand now, and whether each channel was told."""
    if test:
        raise typer.Exit(_test(ctx, as_json=as_json))
    with opened(ctx) as deployment:
        report = _report(deployment, deployment.log.now())
    if as_json:
        output.emit(report)
        return
    columns = ("kind", "connection", "record", ">records", "since", "title", "told")
    rows = [
        [*(alert[key] for key in ("kind", "connection", "record", "count", "since", "title")), _told(alert["told"])]
        for alert in report["standing"]
    ]
    output.show_table("alerts", columns, rows, empty="nothing stands")
    if not report["channels"]:
        output.say("nobody is told: set alerts.webhook or alerts.mail_to in the settings")
    for one in report["undelivered"]:
        output.say(f"{one['channel']}: {one['name']} is not told yet ({one['last_error'] or 'no try so far'})")


def _report(deployment: "Deployment", now: datetime) -> dict[str, Any]:
    from tieout.wiring.alerting import alert_book, senders_of, standing_alerts

    channels = [sender.name for sender in senders_of(deployment.settings)]
    entries = alert_book(deployment).entries()
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.name, []).append(entry)
    standing = standing_alerts(deployment, now)
    return {
        "channels": channels,
        "standing": [
            {**shown(alert), "told": {one.channel: one.phase != "raise" for one in by_name.get(name, [])}}
            for name, alert in standing.items()
        ],
        "undelivered": [
            {
                "channel": entry.channel,
                "name": entry.name,
                "state": "ended" if entry.phase == "end" else "raised",
                "attempts": entry.attempts,
                "next_try_at": shown(entry.due_at),
                "last_error": entry.last_error or None,
            }
            for entry in entries
            if entry.phase != "standing"
        ],
    }


def _test(ctx: typer.Context, *, as_json: bool) -> int:
    from tieout.alerts.telling import Item, Message
    from tieout.wiring.alerting import now, senders_of

    settings = settings_of(ctx)
    senders = senders_of(settings)
    if not senders:
        raise MisconfiguredError(f"{settings.file}: alerts names nobody: set alerts.webhook or alerts.mail_to")
    at = now()
    item = Item(
        id="A-TEST",
        state="raised",
        kind="test",
        connection="",
        record="test",
        count=1,
        title="A test message: alerts arrive",
        mend="Nothing to do.",
        since=at,
    )
    told = Message(sent_at=at, text="tieout: a test message, alerts arrive", alerts=(item,))
    problems: dict[str, str | None] = {}
    for sender in senders:
        try:
            sender.send(told)
            problems[sender.name] = None
        except TransientError as error:
            # Verdict: go on with the other channels; the exit code says that one gave no answer.
            problems[sender.name] = str(error)
        finally:
            sender.close()
    if as_json:
        output.emit({"ok": not any(problems.values()), "channels": problems})
    else:
        for name, problem in problems.items():
            output.say(f"{name}: {problem or 'took the test message'}")
    return NO_ANSWER if any(problems.values()) else DONE


def _told(channels: dict[str, bool]) -> str:
    return ", ".join(f"{name} {'yes' if told else 'not yet'}" for name, told in channels.items()) or "nobody"
