"""The settings of alerts: what is refused, and where encryption may be left out."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import MisconfiguredError
from tests.unit.tieout.settings.settings_files import loaded
from tieout.alerts.view import bounds_of

MAIL = '[alerts]\nmail_to = ["ap@acme.test"]\nmail_from = "tieout@acme.test"\nsmtp_host = "mail.acme.test"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[alerts]\nwebhook = "http://hooks.test/x"', "alerts.webhook must begin with https://"),
        ('[alerts]\nwebhook = "https://hooks.test/x?token=abc"', "alerts.webhook holds a user, a password or a query"),
        ('[alerts]\nmail_to = ["Ann"]', "alerts.mail_to holds no mail address"),
        ('[alerts]\nmail_to = ["ann@acme.test"]', "alerts.mail_from is missing"),
        ('[alerts]\nmail_to = ["ann@acme.test"]\nmail_from = "a@acme.test"', "alerts.smtp_host is missing"),
        ('[alerts]\nmail_from = "a b@acme.test"', "alerts.mail_from holds no mail address"),
        (MAIL + "smtp_starttls = false", "alerts.smtp_starttls may be false for loopback hosts only"),
        ("[alerts]\nsilent_after_intervals = 1", "alerts.silent_after_intervals must be a whole number (at least 2"),
        ('[alerts]\nwebhok = "x"', "did you mean webhook?"),
    ],
)
def test_alerts_that_cannot_work_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        loaded(tmp_path, text)
    assert said in str(caught.value)
    assert "abc" not in str(caught.value)


def test_mail_to_loopback_may_go_out_in_plain(tmp_path: Path) -> None:
    text = MAIL.replace("mail.acme.test", "127.0.0.1") + "smtp_starttls = false"
    assert loaded(tmp_path, text).content.alerts.smtp_port == 587


def test_credentials_of_unknown_life_are_no_alert(tmp_path: Path) -> None:
    assert bounds_of(loaded(tmp_path, "").content.alerts).credential_life == timedelta(days=365)
    assert bounds_of(loaded(tmp_path, "[alerts]\ncredential_days = 0").content.alerts).credential_life is None
