from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.errors import MisconfiguredError
from tests.unit.tieout.settings.settings_files import AVID, INFOR, loaded
from tieout.settings import load
from tieout.settings.loading import find, shown_url
from tieout.settings.template import example_connection, template

SCHEDULE = INFOR + AVID + "[connections.acme.schedule]\n"
WHOLE = """
[store]
url = "sqlite:///tieout.db"
[broker]
url = "memory://"
[console]
host = "127.0.0.1"
port = 8321
[connections.acme.infor]
company = 100
divisions = ["AAA", "BBB"]
payment_interface = "AVXPAY"
void_interface = ""
bank_id = "USB01"
start_date = 2026-01-01
accounting_date = "settled"
posting_patience = "30m"
payment_posting = "gls840"
first_posting = "confirm"
payment_methods = []
closed_period = "raise"
lookup_lag_seconds = 60
call_timeout_seconds = 60
settle_window = "15m"
amount_sign = 1
locked_retry_seconds = 120
note_category = 0
only = {}
requests_per_minute = 300
[connections.acme.avidxchange]
base_url = "https://avid.test/v1"
organisation = ""
auth = "customer-token"
company_token_header = "X-Company-Token"
user_token_header = "X-User-Token"
gl_accounts = "push"
dimensions = { 2 = "Cost center", 3 = "Building" }
requests_per_minute = 300
search_lag_seconds = 60
max_image_bytes = 7_000_000
missing_image = "send"
call_timeout_seconds = 60
settle_window = "15m"
unknown_invoices = "raise"
paths = {}
settled_statuses = ["Issued to Supplier", "ACH Credit Issued", "VCC Issued", "Cleared"]
reversed_statuses = ["Void", "Stopped", "Refunded", "Returned"]
[connections.acme.schedule]
timezone = "America/New_York"
suppliers = "1h"
ledger_codes = "1h"
invoices = "15m"
payments = "15m"
blackout = []
[connections.acme.safety]
mode = "live"
approvals = 1
largest_run = {}
largest_day = {}
hold_supplier_changes = []
[images]
bucket = ""
[seal]
every = "15m"
outside = []
[retention]
years = 7
[alerts]
webhook = ""
[oidc]
issuer = ""
"""


def test_every_documented_key_is_taken_and_its_documented_default_is_the_default(tmp_path: Path) -> None:
    whole = loaded(tmp_path, WHOLE).connection("acme")
    short = loaded(tmp_path, INFOR + AVID).connection("acme")

    assert whole.infor.start_date == date(2026, 1, 1)
    assert whole.avidxchange.dimensions == {2: "Cost center", 3: "Building"}
    assert (short.schedule, short.safety) == (whole.schedule, whole.safety)
    for key in whole.infor.__struct_fields__:
        if key not in ("divisions", "bank_id", "start_date"):
            assert getattr(short.infor, key) == getattr(whole.infor, key)
    for key in whole.avidxchange.__struct_fields__:
        if key != "dimensions":
            assert getattr(short.avidxchange, key) == getattr(whole.avidxchange, key)


def test_flows_are_intervals_or_cron_expressions_with_blackouts_and_jitter(tmp_path: Path) -> None:
    text = 'invoices = "0  6-20 * * 1-5"\npayments = "30m"\nblackout = ["Fri 22:00-Sat 02:00"]\njitter = "30s"\n'
    schedule = loaded(tmp_path, SCHEDULE + text).connection("acme").schedule

    assert (schedule.invoices, schedule.payments) == ("0 6-20 * * 1-5", timedelta(minutes=30))
    assert (schedule.blackout, schedule.jitter) == (("Fri 22:00-Sat 02:00",), timedelta(seconds=30))
    assert loaded(tmp_path, SCHEDULE + 'jitter = "0s"').connection("acme").schedule.jitter == timedelta(0)


def test_a_flow_may_be_told_to_be_live_by_name(tmp_path: Path) -> None:
    settings = loaded(tmp_path, INFOR + AVID + '[connections.acme.safety]\nmode = { invoices = "live" }\n')

    assert settings.connection("acme").safety.mode == {"invoices": "live"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store = 1", "store must be a table"),
        ("[stroe]\nurl = ''", "unknown key stroe; did you mean store?"),
        ("[store]\nurk = ''", "unknown key store.urk; did you mean url?"),
        (INFOR + AVID + 'setle_window = "1h"', "connections.acme.avidxchange.setle_window; did you mean settle_window"),
        ("[console]\nport = '80'", 'console.port must be a whole number (at least 1, at most 65535), it is "80"'),
        ("[console]\nport = 0", "console.port must be a whole number"),
        ("[retention]\nyears = true", "retention.years must be a whole number (at least 1, at most 100), it is true"),
        ("[seal]\nevery = '15 minutes'", 'seal.every must be a duration such as "15m"'),
        ("[seal]\nevery = 15", 'seal.every must be a duration such as "15m" (s, m, h or d), it is 15'),
        ("[seal]\noutside = 'x'", "seal.outside must be a list of texts"),
        ("connections = 3", "connections must be a table"),
        ("[connections]\nacme = 3", "connections.acme must be a table"),
        ("[connections.acme]", "connections.acme.infor is missing"),
        (
            AVID + "[connections.acme.infor]\ndivisions = ['AAA']",
            "connections.acme.infor.company is missing: M3 company",
        ),
        (INFOR, "connections.acme.avidxchange is missing"),
        (INFOR + "start_date = 'soon'\n" + AVID, "infor.start_date must be a date such as 2026-01-31"),
        (INFOR + "start_date = 2026-01-01T00:00:00Z\n" + AVID, "must be a date such as 2026-01-31, it is a time"),
        (INFOR + "accounting_date = 'never'\n" + AVID, 'must be one of settled, payment, today, it is "never"'),
        (INFOR + "amount_sign = 2\n" + AVID, "infor.amount_sign must be one of 1, -1"),
        (INFOR + "user = 'a-user-name-that-is-far-too-long-for-M3'\n" + AVID, "it is another text"),
        (INFOR + "bank_id = { a = 1 }\n" + AVID, "it is a table"),
        (INFOR + "bank_id = ['a']\n" + AVID, "it is a list"),
        (INFOR + "parm_layout = ['x']\n" + AVID, "parm_layout.1 must be a table"),
        (INFOR + "parm_layout = 'x'\n" + AVID, "parm_layout must be a list of tables"),
        (INFOR + "[[connections.acme.infor.parm_layout]]\nname = 'SUNO'" + AVID, "parm_layout.1.width is missing"),
        (INFOR + "parm_layout = [{ name = 'SUON', width = 10 }]\n" + AVID, 'names the field "SUON": one of CONO'),
        (INFOR + "parm_layout = [{ name = 'CUAM', width = 17 }]\n" + AVID, "lacks VTXT: without it a posted payment"),
        (INFOR.replace('["AAA"]', "[]") + AVID, "divisions must be a list of texts, at least one, it is an empty list"),
        (
            INFOR.replace('["AAA"]', '["AAA", 7]') + AVID,
            "divisions must be a list of texts, at least one, it is a list with 7 in it",
        ),
        (INFOR.replace('["AAA"]', '["AAAA"]') + AVID, 'holds "AAAA": a division has 1 to 3 characters'),
        (INFOR.replace('["AAA"]', '["AAA", "AAA"]') + AVID, "names a division twice"),
        (INFOR.replace('"AVXPAY"', '""') + AVID, "payment_interface is missing"),
        (INFOR + 'settle_window = "2m"\n' + AVID, "settle_window is 120 s, at least 121 s are needed"),
        (INFOR + AVID + "search_lag_seconds = 900", "avidxchange.settle_window is 900 s, at least 961 s"),
        (INFOR + AVID + "call_timeout_seconds = 5", "call_timeout_seconds is 5: below 60 only for loopback hosts"),
        (INFOR + AVID.replace("https", "http"), "must begin with https://"),
        (INFOR + AVID.replace("https://avid.test/v1", "avid.test"), "must be a web address"),
        (INFOR + AVID.replace("https://avid.test", "https://u:hush@avid.test"), "holds a user, a password or a query"),
        (INFOR + AVID.replace("https://avid.test", "https://[avid"), "must be a web address"),
        (INFOR + AVID + "auth = 'partner'", "avidxchange.organisation is missing: in partner mode"),
        (INFOR + AVID + "auth = 'partner'\norganisation = '7'", "avidxchange.token_url must be a web address"),
        (INFOR + AVID + "dimensions = { 1 = 'x' }", "maps M3 dimensions 2 to 7"),
        (INFOR + AVID + "dimensions = { x = 'x' }", "avidxchange.dimensions must be a table"),
        (INFOR + AVID + "paths = { vendor = '/x' }", 'paths names "vendor"; the resources are'),
        (INFOR + AVID + "company_token_header = 'X Token'", "is no name of an HTTP header"),
        (INFOR + AVID + "reversed_statuses = ['Cleared']", 'settled_statuses both name "Cleared"'),
        (INFOR + AVID + "[connections.acme.schedule]\ntimezone = 'Mars'", "is no time zone this machine knows"),
        (SCHEDULE + "invoices = '@daily'", 'schedule.invoices must be five fields: write "0 0 * * *" for @daily'),
        (SCHEDULE + "invoices = '@reboot'", 'or a cron expression such as "0 6-20 * * 1-5" (every hour from 6 to 20'),
        (SCHEDULE + "invoices = '0s'", 'schedule.invoices must be an interval such as "15m"'),
        (SCHEDULE + "invoices = 15", 'schedule.invoices must be an interval such as "15m"'),
        (SCHEDULE + "payments = '0 6 * *'", "is no cron expression of five fields (minute, hour, day, month, day of"),
        (SCHEDULE + "payments = '0 0 6 * * *'", "schedule.payments is no cron expression of five fields"),
        (SCHEDULE + "payments = '0 25 * * *'", 'is no cron expression: bad hour (it takes 0 to 23): "0 25 * * *"; for'),
        (SCHEDULE + "payments = '0 0 30 2 *'", "comes, for month 2 has no day 30 (L is a month's last day): "),
        (SCHEDULE + "payments = '0 0 32 2 *'", "bad day-of-month (it takes 1 to 31, or L for the last day of the mo"),
        (SCHEDULE + "payments = '0 0 */31 2 1#5'", "schedule.payments is a cron expression that never comes"),
        (SCHEDULE + "blackout = ['Friday']", 'schedule.blackout holds "Friday", which is no window: write "Fri 22:00-'),
        (SCHEDULE + "blackout = ['25:00-26:00']", "times go from 00:00 to 24:00, for example"),
        (SCHEDULE + "blackout = ['02:00-02:00']", 'which ends where it begins: a whole day is "00:00-24:00"'),
        (SCHEDULE + "blackout = ['Mon-Fri 02:00-Sat 03:00']", "a window that ends on a named day begins on one"),
        (SCHEDULE + "blackout = ['00:00-24:00']", "leaves no minute of the week to poll in"),
        (SCHEDULE + "jitter = '2h'", 'schedule.jitter is 2h: at most 1h, for example "30s"'),
        (INFOR + AVID + "[connections.acme.safety]\nmode = 'asleep'", "mode must be live or observe"),
        (INFOR + AVID + "[connections.acme.safety]\nmode = { x = 'live' }", 'mode names "x"; the flows are suppliers'),
        (INFOR.replace(".acme", '."a b"') + AVID.replace(".acme", '."a b"'), "is no name of a connection"),
        ("[store]\nurl = 'mysql://x'", "store.url must be sqlite:///FILE"),
        ("[store]\nurl = 'sqlite:///'", "store.url must be sqlite:///FILE"),
        ("[store]\nurl = 'postgresql://user@host:5432/'", "store.url must be postgresql://USER@HOST:5432/NAME"),
        ("[store]\nurl = 'postgresql://user@host:many/x'", "store.url must be postgresql://USER@HOST:5432/NAME"),
        ("[store]\nurl = 'postgresql://u@h/db?password=hush'", "holds a password: put the whole URL into"),
        ("[store]\nurl = 'http://[x'", "store.url is no URL"),
        ("[store]\nurl = 'postgresql://u:hush@h/db'", "holds a password: put the whole URL into TIEOUT_STORE_URL"),
        ("[broker]\nurl = 'redis://x'", "broker.url must be memory:// or amqp://"),
        ("[store\n", "is not valid TOML"),
    ],
)
def test_a_wrong_file_gets_one_sentence_that_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MisconfiguredError) as error:
        loaded(tmp_path, text)

    assert said in str(error.value)
    assert str(tmp_path / "tieout.toml") in str(error.value)
    assert "\n" not in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "[images]\nbucket = 's3://x'",
        "[seal]\nevery = '5m'",
        "[seal]\noutside = ['/mnt/worm']",
        "[oidc]\nissuer = 'https://id.test'",
        INFOR + "closed_period = 'next_open'" + AVID,
        INFOR + "note_category = 5" + AVID,
        INFOR + "only = { divisions = ['AAA'] }" + AVID,
        INFOR + AVID + "[connections.acme.safety]\nmode = 'observe'",
        INFOR + AVID + "[connections.acme.safety]\nmode = { invoices = 'observe' }",
        INFOR + AVID + "[connections.acme.safety]\napprovals = 2",
        INFOR + AVID + "[connections.acme.safety]\nlargest_run = { count = 5 }",
        INFOR + AVID + "[connections.acme.safety]\nlargest_day = { money = '5.00' }",
        INFOR + AVID + "[connections.acme.safety]\nhold_supplier_changes = ['Name']",
    ],
)
def test_what_is_not_built_is_refused_as_not_yet(tmp_path: Path, text: str) -> None:
    with pytest.raises(MisconfiguredError, match="not yet"):
        loaded(tmp_path, text)


def test_a_short_call_timeout_is_for_loopback_hosts(tmp_path: Path) -> None:
    avid = AVID.replace("https://avid.test", "http://127.0.0.1:8080") + "call_timeout_seconds = 0.5\n"

    assert loaded(tmp_path, INFOR + avid).connection("acme").avidxchange.call_timeout_seconds == 0.5


@pytest.mark.parametrize("sign", ["42/", "42#", "42?"])
def test_a_password_whose_signs_are_not_escaped_is_refused_and_not_shown(tmp_path: Path, sign: str) -> None:
    broker = f"amqp://tieout:{sign}hush@mq.test:5672/"
    assert shown_url(broker) == "amqp://…"
    with pytest.raises(MisconfiguredError, match="special signs in it written as %XX") as refused:
        loaded(tmp_path, "", TIEOUT_BROKER_URL=broker)
    assert "hush" not in str(refused.value)


def test_a_store_is_relative_to_the_file_and_the_environment_overrides_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").store_url == f"sqlite:///{tmp_path}/tieout.db"
    assert loaded(tmp_path, "", TIEOUT_STORE_URL="sqlite:///a.db").store_url == f"sqlite:///{tmp_path}/a.db"
    assert loaded(tmp_path, "", TIEOUT_STORE_URL="sqlite:////b.db").store_url == "sqlite:////b.db"
    assert loaded(tmp_path, "", TIEOUT_BROKER_URL="memory://").broker_url == "memory://"
    secret = "amqps://tieout:hush@mq.test/books"
    assert loaded(tmp_path, "", TIEOUT_BROKER_URL=secret).broker_url == secret
    assert loaded(tmp_path, "[broker]\nurl = 'amqp://mq.test:5672/'").broker_url == "amqp://mq.test:5672/"


def test_a_store_on_a_server_is_taken_as_it_stands(tmp_path: Path) -> None:
    for url in ("postgresql://user@host:5432/tieout", "postgres://host/tieout", "postgresql:///tieout?host=%2Fsockets"):
        assert loaded(tmp_path, f"[store]\nurl = '{url}'").store_url == url


def test_a_password_is_taken_from_the_environment_and_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "store-url"
    secret.write_text("postgresql://u:hush@h/db?sslmode=verify-full\n")

    assert loaded(tmp_path, "", TIEOUT_STORE_URL="postgresql://u:hush@h/db").store_url == "postgresql://u:hush@h/db"
    of_file = loaded(tmp_path, "", TIEOUT_STORE_URL_FILE=str(secret))
    assert of_file.store_url == "postgresql://u:hush@h/db?sslmode=verify-full"
    assert "hush" not in repr(of_file)
    with pytest.raises(MisconfiguredError, match="must be postgresql://") as error:
        loaded(tmp_path, "", TIEOUT_STORE_URL="postgresql://u:hush@h:x/db")
    assert "hush" not in str(error.value)
    assert shown_url("postgresql://u@h/db?password=hush") == "postgresql://u@h/db"
    assert shown_url("postgresql://u:hush@[h/db") == "postgresql://…"
    assert shown_url("postgresql://u:hush@h:5/db") == "postgresql://u:…@h:5/db"
    assert shown_url("sqlite:///x") == "sqlite:///x"
    assert shown_url("sqlite:////a@b/x") == "sqlite:////a@b/x"
    assert "hush" not in repr(loaded(tmp_path, ""))


def test_the_file_is_looked_for_in_the_documented_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = {"HOME": str(tmp_path / "home")}
    with pytest.raises(MisconfiguredError, match="tieout init"):
        find(None, environ=home)
    at_home = tmp_path / "home" / ".config" / "tieout" / "tieout.toml"
    at_home.parent.mkdir(parents=True)
    at_home.touch()
    assert find(None, environ=home) == at_home
    xdg = tmp_path / "xdg"
    (xdg / "tieout").mkdir(parents=True)
    (xdg / "tieout" / "tieout.toml").touch()
    assert find(None, environ={**home, "XDG_CONFIG_HOME": str(xdg)}) == xdg / "tieout" / "tieout.toml"
    (tmp_path / "tieout.toml").touch()
    assert find(None, environ=home) == Path("tieout.toml")
    assert find(None, environ={**home, "TIEOUT_CONFIG": "/x.toml"}) == Path("/x.toml")
    assert find(Path("y.toml"), environ={**home, "TIEOUT_CONFIG": "/x.toml"}) == Path("y.toml")


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (1024 * 1024 + 1))
    for file, said in (
        (tmp_path / "none.toml", "there is no such settings file"),
        (tmp_path, "is a folder"),
        (binary, "is not written in UTF-8"),
        (large, "is too large"),
    ):
        with pytest.raises(MisconfiguredError, match=said):
            load(file, environ={})


def test_an_undeclared_connection_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match=r"'beta' is declared \(there is: acme\)"):
        loaded(tmp_path, INFOR + AVID).connection("beta")


def test_the_template_works_as_it_is_and_with_its_example_taken_in(tmp_path: Path) -> None:
    assert loaded(tmp_path, template()).connections == {}

    section = loaded(tmp_path, example_connection()).connection("acme")

    assert section.infor.divisions == ("AAA", "BBB")
    assert section.infor.posting_patience == timedelta(minutes=30)


def test_every_default_the_template_shows_is_a_value_the_file_takes(tmp_path: Path) -> None:
    shown = "\n".join(line.removeprefix("# ") for line in example_connection().splitlines())

    assert loaded(tmp_path, shown).connection("acme") == loaded(tmp_path, example_connection()).connection("acme")


def test_the_template_names_the_words_a_key_takes() -> None:
    lines = {line.lstrip("# ").partition(" = ")[0]: line for line in template().splitlines() if " = " in line}
    assert "# confirm | trust: " in lines["first_posting"]
    assert "# customer-token | partner: " in lines["auth"]
    assert " | " not in lines["bank_id"]
