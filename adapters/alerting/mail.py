"""Tells people by mail, over a mail server with STARTTLS; no password and no content is ever shown."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from domain.errors import TransientError

TIMEOUT_SECONDS = 10.0  # of each step: connect, greet, log in, hand over


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed over; user "" means that nobody logs in; starttls False is for loopback only."""

    host: str
    port: int
    starttls: bool = True
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Keep the password out of logs and tracebacks."""
        return f"MailServer({self.host}:{self.port})"


class Mailer:
    """Sends plain texts from one address to a few others."""

    def __init__(self, server: MailServer, *, sender: str, recipients: Sequence[str]) -> None:
        self._server = server
        self._sender = sender
        self._recipients = tuple(recipients)

    def post(self, subject: str, text: str, *, sent_at: datetime, message_id: str) -> None:
        """Hand one mail over. Raises TransientError; a recipient the server refuses is one too."""
        mail = EmailMessage()
        mail["Subject"] = subject
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Date"] = format_datetime(sent_at)
        mail["Message-ID"] = message_id
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        where = f"the mail server {self._server.host}:{self._server.port}"
        try:
            refused = self._hand_over(mail)
        except smtplib.SMTPResponseException as error:
            raise TransientError(f"{where}: answered {error.smtp_code}", status=error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise TransientError(f"{where}: refuses all {len(error.recipients)} recipients") from None
        except smtplib.SMTPException as error:
            raise TransientError(f"{where}: {type(error).__name__}") from None
        except ssl.SSLCertVerificationError as error:
            raise TransientError(f"{where}: the certificate is not trusted: {error.verify_message}") from None
        except OSError as error:
            raise TransientError(f"{where}: {error.strerror or 'no answer in time'}") from None
        if refused:
            raise TransientError(f"{where}: refuses {len(refused)} of {len(self._recipients)} recipients")

    def close(self) -> None:
        """Nothing stays open between two mails."""

    def _hand_over(self, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        server = self._server
        with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS) as session:
            if server.starttls:
                session.starttls(context=ssl.create_default_context())
            if server.user:
                session.login(server.user, server.password)
            return session.send_message(mail)
