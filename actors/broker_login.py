"""Does the broker let us in? One connection as a worker would open it, closed at once."""

import contextlib
import re
import ssl
from enum import Enum, auto
from typing import Any, NamedTuple, cast

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPConnectionError, AMQPError, IncompatibleProtocolError, ProtocolSyntaxError

from actors.broker import QuorumBroker, is_shared, make_broker

LOGIN_REFUSED, VHOST_REFUSED = "403", "530"  # of AMQP, as RabbitMQ answers a log-in and the choice of a virtual host
# Pika wraps the broker's last words into a text of its own: `ConnectionClosedByBroker: (530) 'NOT_ALLOWED - …'`.
_LAST_WORDS = re.compile(r"ConnectionClosedByBroker: \((?P<code>\d+)\) (?P<quote>['\"])(?P<text>.*)(?P=quote)")


class Kind(Enum):
    """What is wrong, by who must mend it."""

    AWAY = auto()
    NO_BROKER = auto()
    CERTIFICATE = auto()
    LOGIN = auto()
    VHOST = auto()


class Trouble(NamedTuple):
    """Why a broker is of no use. text: goes on after its address; holds no password."""

    kind: Kind
    text: str


def login_trouble(url: str, *, timeout_seconds: float) -> Trouble | None:
    """Log in to the broker a URL names and leave; None when it lets us in, or is one within this process.

    timeout_seconds: for each of the broker's addresses. Raises MisconfiguredError for a URL that is no address.
    """
    if not is_shared(url):
        return None
    parameters: Any = cast(QuorumBroker, make_broker(url)).parameters  # one, or a list of those to be tried in turn
    choices = parameters if isinstance(parameters, list) else [parameters]
    for one in choices:
        one.socket_timeout = one.stack_timeout = one.blocked_connection_timeout = timeout_seconds
        one.connection_attempts, one.heartbeat = 1, max(1, round(timeout_seconds))  # which also bounds the farewell
    try:
        connection = pika.BlockingConnection(choices)
    except (AMQPError, AMQPConnectorException, OSError) as error:
        return _trouble_of(error, choices[-1])
    with contextlib.suppress(AMQPError, OSError):  # it let us in: how it says farewell changes nothing
        connection.close()
    return None


def _trouble_of(error: Exception, parameters: Any) -> Trouble:
    words = _LAST_WORDS.search(str(error))
    if words is not None:
        return _refusal(words["code"], words["text"], parameters)
    if isinstance(error, IncompatibleProtocolError | ProtocolSyntaxError):
        return Trouble(Kind.NO_BROKER, "does not speak AMQP 0-9-1")
    cause = _cause_of(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Trouble(Kind.CERTIFICATE, f"shows a certificate that is not trusted: {cause.verify_message}")
    if isinstance(cause, OSError):
        return _away(cause.strerror or "no answer in time")
    return _away("it hung up" if isinstance(error, AMQPError) else "no answer in time")


def _refusal(code: str, text: str, parameters: Any) -> Trouble:
    user = parameters.credentials.username
    if code == LOGIN_REFUSED:
        return Trouble(Kind.LOGIN, f"refuses the log-in of the user {user!r}")
    if code == VHOST_REFUSED:
        place = f"the virtual host {parameters.virtual_host!r}"
        return Trouble(Kind.VHOST, f"keeps the user {user!r} out of {place} ({text})")
    return _away(text)


def _away(why: str) -> Trouble:
    return Trouble(Kind.AWAY, f"gives no answer ({why})")


def _cause_of(error: Exception) -> Exception:
    """Give what the operating system said, out of the wrappers that Pika puts around it."""
    inner = error.args[0] if isinstance(error, AMQPConnectionError) and error.args else error
    cause = getattr(inner, "exception", inner)
    return cause if isinstance(cause, Exception) else error
