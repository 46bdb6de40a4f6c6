"""What comes from the environment: overrides and secrets, each also as `NAME_FILE`."""

from collections.abc import Mapping
from pathlib import Path

from domain.errors import MisconfiguredError

STORE_URL = "TIEOUT_STORE_URL"
BROKER_URL = "TIEOUT_BROKER_URL"
KEYS = "TIEOUT_KEYS"
CONFIG = "TIEOUT_CONFIG"
LOG_FORMAT = "TIEOUT_LOG_FORMAT"
AVID_COMPANY_TOKEN = "TIEOUT_AVID_COMPANY_TOKEN"  # noqa: S105 (a variable's name, not a token)
AVID_USER_TOKEN = "TIEOUT_AVID_USER_TOKEN"  # noqa: S105 (a variable's name, not a token)
AVID_CLIENT_ID = "TIEOUT_AVID_CLIENT_ID"
AVID_CLIENT_SECRET = "TIEOUT_AVID_CLIENT_SECRET"  # noqa: S105 (a variable's name, not a secret)
OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_EXPORTER = "OTEL_TRACES_EXPORTER"
SERVICE_NAME = "OTEL_SERVICE_NAME"
ALERTS_WEBHOOK = "TIEOUT_ALERTS_WEBHOOK"
SMTP_USER = "TIEOUT_SMTP_USER"
SMTP_PASSWORD = "TIEOUT_SMTP_PASSWORD"  # noqa: S105 (a variable's name, not a password)
_LARGEST_FILE_BYTES = 64 * 1024

VARIABLES: dict[str, str] = {
    CONFIG: "path of the settings file, when `--config` is not given",
    LOG_FORMAT: "how logs stand on stderr, `text` or `json`, when `--log-format` is not given",
    STORE_URL: "overrides `store.url`; the only place that takes a URL with a password",
    BROKER_URL: "overrides `broker.url`; the only place that takes a URL with a password",
    KEYS: "the key ring, `id:base64,…`, newest first; without it `tieout.keys` beside the settings file",
    AVID_COMPANY_TOKEN: "AvidXchange's company token, for `connection add` and `connection rotate`",
    AVID_USER_TOKEN: "AvidXchange's user token, for the same",
    AVID_CLIENT_ID: "partner mode: the client id, for the same",
    AVID_CLIENT_SECRET: "partner mode: the client secret, for the same",
    ALERTS_WEBHOOK: "overrides `alerts.webhook`; the place for an address that is itself a secret",
    SMTP_USER: "who tieout is to the mail server of `[alerts]`; without it nobody logs in there",
    SMTP_PASSWORD: "the password of that user",
}
# What every program on the machine obeys, and tieout too; the values are never secrets of ours.
STANDARD: dict[str, str] = {
    OTLP_ENDPOINT: "where traces are sent, over OTLP/HTTP; with it traces are on (likewise the other standard ones)",
    TRACES_EXPORTER: "`otlp`, `console` (on stderr) or `none`",
    SERVICE_NAME: "the name traces carry; `tieout` without it",
    "HTTPS_PROXY": "the proxy for calls to other hosts, `http://host:port`; loopback is always called directly",
    "ALL_PROXY": "the same, where `HTTPS_PROXY` is not set",
    "NO_PROXY": "hosts, domains and networks that are called without the proxy, separated by commas; `*` for all",
    "SSL_CERT_FILE": "a file of certificates (PEM) to trust instead of the built-in ones: a private CA",
    "SSL_CERT_DIR": "a folder of hashed certificates to trust instead; `SSL_CERT_FILE` comes first",
}
WITHOUT_FILE = frozenset({CONFIG, LOG_FORMAT})


def variable(environ: Mapping[str, str], name: str) -> str | None:
    """Give a variable or the content of the file `NAME_FILE` names; None when neither is set."""
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        raise MisconfiguredError(f"{name} and {name}_FILE are both set: keep one of them")
    if value:
        return value
    return _read(name, Path(path)) if path else None


def _read(name: str, path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise MisconfiguredError(f"{name}_FILE names {path}, which is too large to be it")
        text = path.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise MisconfiguredError(f"{name}_FILE names {path}, which cannot be read ({fault.strerror})") from fault
    except UnicodeDecodeError:
        raise MisconfiguredError(f"{name}_FILE names {path}, which is no text") from None
    if not text:
        raise MisconfiguredError(f"{name}_FILE names {path}, which is empty")
    return text
