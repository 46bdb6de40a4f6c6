"""Alerts wired: the channels the settings name, the book in the store, and the look at one deployment."""

import os
from collections.abc import Mapping
from datetime import datetime

import msgspec

from adapters.alerting.book import AlertTable
from adapters.alerting.mail import Mailer, MailServer
from adapters.alerting.webhook import Webhook
from adapters.clock import SystemClock
from domain.errors import MisconfiguredError
from domain.ports.alerts import AlertBook
from tieout.alerts.standing import Alert, alerts
from tieout.alerts.telling import Message, plain_text
from tieout.alerts.view import bounds_of, view_of
from tieout.alerts.watch import Sender, Watch
from tieout.settings import Settings, is_loopback
from tieout.settings.environment import ALERTS_WEBHOOK, SMTP_PASSWORD, SMTP_USER, variable
from tieout.wiring.deployment import Deployment
from tieout.wiring.keyring import rotation_of
from tieout.wiring.observing import lacks_token


def now() -> datetime:
    """Give this machine's clock, UTC."""
    return SystemClock().now()


class WebhookSender:
    """The channel `webhook`: the message as it is, in JSON."""

    name = "webhook"

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook

    def send(self, told: Message) -> None:
        """Post the message."""
        self._webhook.post(msgspec.json.encode(told))

    def close(self) -> None:
        """Let the connection go."""
        self._webhook.close()


class MailSender:
    """The channel `mail`: the message as a plain text."""

    name = "mail"

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, told: Message) -> None:
        """Mail the message."""
        self._mailer.post(told.text, plain_text(told), sent_at=told.sent_at, message_id=f"<{told.id}@tieout>")

    def close(self) -> None:
        """Nothing stays open."""
        self._mailer.close()


def senders_of(settings: Settings, *, environ: Mapping[str, str] | None = None) -> list[Sender]:
    """Open the channels the settings and the environment name; no network call is made.

    Raises MisconfiguredError for an address that is none, and for half a log-in at the mail server.
    """
    environment = os.environ if environ is None else environ
    section = settings.content.alerts
    found: list[Sender] = []
    webhook = variable(environment, ALERTS_WEBHOOK)
    if webhook is not None and not webhook.startswith("https://") and not is_loopback(webhook):
        raise MisconfiguredError(f"{ALERTS_WEBHOOK} must begin with https:// (http:// is for loopback addresses only)")
    if webhook or section.webhook:
        found.append(WebhookSender(Webhook(webhook or section.webhook)))
    if section.mail_to:
        user, password = variable(environment, SMTP_USER), variable(environment, SMTP_PASSWORD)
        if bool(user) is not bool(password):
            missing = SMTP_PASSWORD if user else SMTP_USER
            raise MisconfiguredError(f"{missing} is not set (or {missing}_FILE): the mail server needs both or neither")
        server = MailServer(
            host=section.smtp_host,
            port=section.smtp_port,
            starttls=section.smtp_starttls,
            user=user or "",
            password=password or "",
        )
        found.append(MailSender(Mailer(server, sender=section.mail_from, recipients=section.mail_to)))
    return found


def standing_alerts(deployment: Deployment, now: datetime) -> dict[str, Alert]:
    """Give the alerts that stand now, by name."""
    view = view_of(deployment, rotation_of(deployment).stored_at(), lacks_token, now=now)
    return alerts(view, bounds_of(deployment.settings.content.alerts), now=now)


def alert_book(deployment: Deployment) -> AlertBook:
    """Give the book of what was told."""
    return AlertTable(deployment.store.database)


def watch_of(deployment: Deployment) -> Watch:
    """Make the watch of one process."""
    return Watch(lambda now: standing_alerts(deployment, now), alert_book(deployment), senders_of(deployment.settings))
