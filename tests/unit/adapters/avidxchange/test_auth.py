"""Logging in, without a socket: the flows yield the requests they need and are fed with replies."""

import threading

import pytest

from adapters.avidxchange.auth import CustomerTokens, LogIn, PartnerToken, build_auth
from adapters.avidxchange.settings import AvidSettings, Credentials
from adapters.http import Reply, Request
from domain.errors import MisconfiguredError, TransientError
from tests.unit.adapters.http.remotes import HandClock

PARTNER = AvidSettings(
    base_url="https://api.example.test/v1",
    auth="partner",
    token_url="https://login.example.test/token",
    company_id="4711",
)
CREDENTIALS = Credentials(company_token="c-tok", user_token="u-tok", client_id="me", client_secret="s3cret")


class Desk:
    """Answers token requests, with tokens t1, t2, …"""

    def __init__(self, *, expires_in: str = "3600") -> None:
        self.asked: list[Request] = []
        self._expires_in = expires_in

    def send(self, request: Request) -> Reply:
        self.asked.append(request)
        body = f'{{"access_token":"t{len(self.asked)}","expires_in":{self._expires_in}}}'
        return Reply(status=200, headers={}, body=body.encode())


def partner(clock: HandClock, desk: Desk) -> LogIn:
    return LogIn(build_auth(PARTNER, CREDENTIALS, clock=clock), send=desk.send)


def test_customer_tokens_stand_in_the_headers_the_settings_name() -> None:
    settings = AvidSettings(base_url="https://h", company_token_header="X-C", user_token_header="X-U")
    login = LogIn(build_auth(settings, CREDENTIALS, clock=HandClock()), send=Desk().send)
    assert login.headers() == login.ready() == {"X-C": "c-tok", "X-U": "u-tok"}
    assert not login.drop({})


def test_a_partner_logs_in_once_and_names_the_company() -> None:
    desk = Desk()
    login = partner(HandClock(), desk)
    assert login.ready() is None
    assert login.headers() == {"Authorization": "Bearer t1", "X-Company-Id": "4711"}
    assert login.headers() == login.ready()
    (asked,) = desk.asked
    assert (asked.method, asked.url, asked.body) == ("POST", PARTNER.token_url, b"grant_type=client_credentials")
    assert asked.headers["Authorization"] == "Basic bWU6czNjcmV0"


@pytest.mark.parametrize(("expires_in", "renewed_after"), [("3600", 3300), ('"600"', 480), ("86400", 86100)])
def test_a_token_is_renewed_before_it_ends(expires_in: str, renewed_after: int) -> None:
    clock, desk = HandClock(), Desk(expires_in=expires_in)
    login = partner(clock, desk)
    login.headers()
    clock.seconds += renewed_after - 1
    assert login.headers()["Authorization"] == "Bearer t1"
    clock.seconds += 1
    assert login.ready() is not None
    assert login.headers()["Authorization"] == "Bearer t2"


def test_a_token_that_has_ended_is_not_ready_for_a_money_write() -> None:
    clock, desk = HandClock(), Desk(expires_in="60")
    login = partner(clock, desk)
    login.headers()
    clock.seconds += 60
    assert login.ready() is None


def test_a_refused_token_is_renewed_once_for_all_who_were_refused() -> None:
    desk = Desk()
    login = partner(HandClock(), desk)
    refused = login.headers()
    assert login.drop(refused)
    assert login.headers()["Authorization"] == "Bearer t2"
    assert login.drop(refused)
    assert login.headers()["Authorization"] == "Bearer t2"
    assert len(desk.asked) == 2


def test_threads_share_one_log_in() -> None:
    desk = Desk()
    login = partner(HandClock(), desk)
    threads = [threading.Thread(target=login.headers) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_credentials_are_a_persons_matter_and_never_quoted(status: int) -> None:
    flow = PartnerToken(PARTNER, CREDENTIALS, clock=HandClock()).flow()
    next(flow)
    with pytest.raises(MisconfiguredError, match="tieout connection rotate") as caught:
        flow.send(Reply(status=status, headers={}, body=b"client credentials 'me:s3cret' are not valid"))
    assert "s3cret" not in str(caught.value)


def test_a_wrong_token_address_is_a_setting_to_mend() -> None:
    flow = PartnerToken(PARTNER, CREDENTIALS, clock=HandClock()).flow()
    next(flow)
    with pytest.raises(MisconfiguredError, match="token_url answers 404"):
        flow.send(Reply(status=404, headers={}, body=b""))


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b'{"access_token":"","expires_in":60}', b'{"access_token":"t","expires_in":0}', b"\xff"]
)
def test_an_unreadable_log_in_is_a_passing_fault(body: bytes) -> None:
    flow = PartnerToken(PARTNER, CREDENTIALS, clock=HandClock()).flow()
    next(flow)
    with pytest.raises(TransientError):
        flow.send(Reply(status=200, headers={}, body=body))


@pytest.mark.parametrize("token", ["", "  ", "with\nbreak", "ümlaut"])
def test_a_token_that_cannot_stand_in_a_header_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        CustomerTokens(AvidSettings(base_url="https://h"), Credentials(company_token=token, user_token="u"))
    assert not token.strip() or token not in str(caught.value)


def test_credentials_never_show() -> None:
    assert "s3cret" not in f"{CREDENTIALS!r} {CREDENTIALS}"


def test_partner_mode_without_its_settings_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="token_url and company_id"):
        AvidSettings(base_url="https://h", auth="partner")


def test_a_path_of_no_resource_is_refused_and_a_known_one_replaces_the_default() -> None:
    with pytest.raises(MisconfiguredError, match="'bills'"):
        AvidSettings(base_url="https://h", paths={"bills": "/bills"})
    settings = AvidSettings(base_url="https://h/v1/", paths={"vendors": "suppliers"})
    assert (settings.url("vendors"), settings.url("invoices")) == ("https://h/v1/suppliers", "https://h/v1/invoices")
