"""The broker: does it let us in, as a worker would ask? No answer holds the password."""

from collections.abc import Iterator

from actors.broker_login import Kind, login_trouble
from domain.errors import MisconfiguredError
from tieout.diagnosis.check import BAD, MISCONFIGURED, NO_ANSWER, Check, bad, fine
from tieout.settings import shown_url

TIMEOUT_SECONDS = 4.0  # below the five seconds a probe of an orchestrator waits
_MENDS = {
    Kind.AWAY: "check the address and that RabbitMQ runs; nothing is lost meanwhile, the store keeps what is due",
    Kind.NO_BROKER: "name RabbitMQ's own port in broker.url",
    Kind.CERTIFICATE: "see SSL_CERT_FILE",
    Kind.LOGIN: "check user and password in TIEOUT_BROKER_URL or its _FILE; `guest`, who is meant where none is named,"
    " may log in on the broker's own machine only",
    Kind.VHOST: "the URL's path names it; `rabbitmqctl add_vhost` makes it, `rabbitmqctl set_permissions` opens it",
}
_REFUSALS = (Kind.LOGIN, Kind.VHOST)


def broker_checks(url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Iterator[Check]:
    """Log in to the broker a URL names and leave; the one in memory needs no log-in."""
    shown = shown_url(url)
    try:
        trouble = login_trouble(url, timeout_seconds=timeout_seconds)
    except MisconfiguredError as error:
        yield bad("broker", str(error))
        return
    if trouble is not None:
        # Verdict: say so; the doorbell is silent, the relay rings again when it is back.
        code = NO_ANSWER if trouble.kind is Kind.AWAY else MISCONFIGURED
        yield bad("broker", f"{shown} {trouble.text}", _MENDS[trouble.kind], code=code)
    else:
        yield fine("broker", shown if url.startswith("memory:") else f"{shown} answers")


def kept_out(url: str) -> str:
    """Say why the broker a URL names will not let us in until a person mends it, and how; "" when it may."""
    lasting = (check for check in broker_checks(url) if check.state == BAD and check.code == MISCONFIGURED)
    return next((f"{check.text}: {check.mend}" if check.mend else check.text for check in lasting), "")


def broker_trouble(url: str) -> str:
    """Say why the broker a URL names cannot be worked with, "" when it can."""
    return next((check.text for check in broker_checks(url) if check.state == BAD), "")


def answer_trouble(url: str) -> str:
    """Say why the broker a URL names gives no usable answer, "" when it does; keeping us out is an answer."""
    trouble = login_trouble(url, timeout_seconds=TIMEOUT_SECONDS)
    return "" if trouble is None or trouble.kind in _REFUSALS else f"{shown_url(url)} {trouble.text}"
