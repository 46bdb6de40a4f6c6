import base64
import json
import threading

import pytest

from adapters.http_messages import Reply, Request
from adapters.infor.auth import ASK_AGAIN_SECONDS, NOT_GRANTED, TokenDesk, read_token, token_request
from adapters.infor.ionapi import Credentials
from domain.errors import MalformedError, MisconfiguredError, StoreError, TransientError

CREDENTIALS = Credentials(
    tenant="ACME_TST",
    client_id="ACME_TST~id",
    client_secret="cs",
    gateway="https://gateway.example",
    authorization="https://sso.example/as/",
    token_path="token.oauth2",
    account_key="ACME_TST#key",
    account_secret="s&cret +",
    scopes="one two",
)


def reply(status: int = 200, **content: object) -> Reply:
    return Reply(status=status, headers={}, body=json.dumps(content).encode())


def test_the_password_grant_is_written_as_the_server_wants_it() -> None:
    request = token_request(CREDENTIALS)
    assert (request.method, request.url) == ("POST", "https://sso.example/as/token.oauth2")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"ACME_TST~id:cs"
    assert request.body == (b"grant_type=password&username=ACME_TST%23key&password=s%26cret%20%2B&scope=one%20two")


@pytest.mark.parametrize(("told", "life"), [(7200, 7200), ("3600", 3600), (" 86400 ", 86400), (90.5, 90), (None, 600)])
def test_the_life_of_a_token_may_be_a_number_or_a_text(told: object, life: int) -> None:
    assert read_token(reply(access_token="t", expires_in=told), asked_at=0).life_seconds == life


@pytest.mark.parametrize(("life", "refresh_at"), [(7200, 6900), (1500, 1200), (100, 80)])
def test_a_token_is_refreshed_before_its_end(life: int, refresh_at: float) -> None:
    assert read_token(reply(access_token="t", expires_in=life), asked_at=0).refresh_at == refresh_at


@pytest.mark.parametrize("told", [0, -1, "soon", "NaN", True])
def test_a_life_that_is_no_positive_number_is_malformed(told: object) -> None:
    with pytest.raises(MalformedError, match=f"^{NOT_GRANTED}"):
        read_token(reply(access_token="t", expires_in=told), asked_at=0)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, "invalid_client", "ci and cs"),
        (400, "invalid_grant", "saak and sask"),
        (401, "", "ci and cs"),
        (400, "odd", "download the .ionapi again"),
    ],
)
def test_wrong_secrets_say_what_to_do(status: int, error: str, words: str) -> None:
    with pytest.raises(MisconfiguredError, match=words):
        read_token(reply(status, error=error, error_description="s&cret"), asked_at=0)


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"", b"{}", b'{"access_token":""}'])
def test_a_page_instead_of_a_token_passes(body: bytes) -> None:
    with pytest.raises(TransientError):
        read_token(Reply(status=200, headers={}, body=body), asked_at=0)


def test_another_status_passes_and_keeps_retry_after() -> None:
    with pytest.raises(TransientError) as passing:
        read_token(Reply(status=403, headers={}, body=b"", retry_after=3.0), asked_at=0)
    assert passing.value.retry_after == 3.0


class Server:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: Request) -> Reply:
        assert request.url == CREDENTIALS.token_url
        self.asked += 1
        return reply(access_token=f"t{self.asked}", expires_in=1000)


def test_one_refresh_serves_all_threads() -> None:
    together = threading.Barrier(8)
    server = Server()
    desk = TokenDesk(CREDENTIALS, ask=server, monotonic=lambda: 0.0, call_seconds=60)
    values: list[str] = []

    def work() -> None:
        together.wait()
        values.append(desk.current().value)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (values, server.asked) == (["t1"] * 8, 1)


def test_a_token_about_to_end_is_replaced_and_a_dropped_one_too() -> None:
    moment = [0.0]
    desk = TokenDesk(CREDENTIALS, ask=Server(), monotonic=lambda: moment[0], call_seconds=60)
    assert (desk.held(), desk.times()) == (None, None)
    first = desk.current()
    moment[0] = 799.0
    assert desk.current() is first
    assert (first.ends_at, desk.times()) == (1000.0, (799.0, 201.0))
    moment[0] = 800.0
    second = desk.current()
    assert second.value == "t2"
    desk.drop(first)
    assert desk.held() is second
    desk.drop(second)
    assert desk.held() is None
    assert desk.current().value == "t3"
    assert "t3" not in repr(desk.held())


def test_a_token_that_ended_unused_is_no_token_and_one_that_is_not_renewed_has_nothing_left() -> None:
    moment, away = [0.0], [False]
    server = Server()

    def ask(request: Request) -> Reply:
        if away[0]:
            raise TransientError("the authorization server is away")
        return server(request)

    desk = TokenDesk(CREDENTIALS, ask=ask, monotonic=lambda: moment[0], call_seconds=60)
    desk.current()
    moment[0] = 9000.0
    assert desk.times() is None
    away[0] = True
    with pytest.raises(TransientError):
        desk.current()
    assert desk.times() == (0.0, 0.0)
    away[0] = False
    desk.current()
    assert desk.times() == (0.0, 1000.0)


def test_a_refused_refresh_stops_the_work_before_the_token_ends() -> None:
    moment, refused = [0.0], [False]
    server = Server()

    def ask(request: Request) -> Reply:
        return reply(400, error="invalid_grant") if refused[0] else server(request)

    desk = TokenDesk(CREDENTIALS, ask=ask, monotonic=lambda: moment[0], call_seconds=60)
    desk.current()
    moment[0], refused[0] = 800.0, True
    with pytest.raises(MisconfiguredError, match="Infor gives no token"):  # stops the poll, which is an alert at once
        desk.current()
    assert desk.times() == (800.0, 200.0)


class Away:
    """An authorization server that is away when told so, on a clock of its own."""

    def __init__(self, *, retry_after: float | None = None) -> None:
        self.server = Server()
        self.moment, self.is_away, self.tries = 0.0, False, 0
        self.retry_after = retry_after
        self.desk = TokenDesk(CREDENTIALS, ask=self.ask, monotonic=lambda: self.moment, call_seconds=60)

    def ask(self, request: Request) -> Reply:
        self.tries += 1
        if self.is_away:
            raise TransientError("answered 503", retry_after=self.retry_after, before_processing=True, status=503)
        return self.server(request)

    def at(self, moment: float) -> str:
        """Give the token of a moment."""
        self.moment = moment
        return self.desk.current().value


def test_a_server_that_is_away_costs_nothing_while_the_old_token_serves() -> None:
    world = Away()
    assert world.at(0.0) == "t1"
    world.is_away = True
    assert [world.at(800.0), world.at(801.0), world.at(800.0 + ASK_AGAIN_SECONDS)] == ["t1", "t1", "t1"]
    assert world.tries == 1 + 2  # not one for each use
    world.is_away = False
    assert world.at(900.0) == "t2"


def test_an_old_token_serves_until_a_call_could_outlive_it_and_then_the_failure_says_so() -> None:
    world = Away()
    world.at(0.0)
    world.is_away = True
    assert world.at(939.0) == "t1"
    with pytest.raises(TransientError, match=f"^{NOT_GRANTED}: answered 503") as passing:
        world.at(940.0)  # though the next try was not due: nothing else serves
    assert (passing.value.before_processing, passing.value.status) == (True, 503)
    with pytest.raises(TransientError, match=f"^{NOT_GRANTED}"):
        world.at(940.0)
    world.is_away = False
    assert world.at(941.0) == "t2"


def test_a_server_that_is_away_before_the_first_token_or_asks_for_time() -> None:
    world = Away(retry_after=100.0)
    world.is_away = True
    with pytest.raises(TransientError, match=f"^{NOT_GRANTED}") as passing:
        world.at(0.0)
    assert passing.value.retry_after == 100.0
    world.is_away = False
    world.at(0.0)
    world.is_away = True
    assert [world.at(800.0), world.at(899.0)] == ["t1", "t1"]
    assert world.tries == 1 + 1 + 1
    world.at(900.0)
    assert world.tries == 1 + 1 + 1 + 1


def test_a_refused_token_is_forgotten_even_while_its_renewal_fails() -> None:
    world = Away()
    world.at(0.0)
    world.is_away = True
    world.at(800.0)
    held = world.desk.held()
    assert held is not None
    world.desk.drop(held)
    with pytest.raises(TransientError, match=f"^{NOT_GRANTED}"):
        world.at(801.0)


def test_every_way_to_get_no_token_begins_with_the_same_words() -> None:
    desk = TokenDesk(
        CREDENTIALS, ask=lambda _: reply(401, error="invalid_client"), monotonic=lambda: 0.0, call_seconds=60
    )
    with pytest.raises(MisconfiguredError, match=f"^{NOT_GRANTED}: "):
        desk.current()


def test_while_one_thread_asks_for_long_the_others_go_on_with_the_old_token() -> None:
    world = Away()
    world.at(0.0)
    meanwhile: list[str] = []

    def other() -> None:
        meanwhile.append(world.desk.current().value)

    def slowly(request: Request) -> Reply:
        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        thread.join(10.0)
        return world.server(request)

    world.moment = 800.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.desk, "_ask", slowly)
        assert world.desk.current().value == "t2"
    assert meanwhile == ["t1"]


def test_a_store_that_gives_no_budget_is_no_lack_of_a_token() -> None:
    def ask(_: Request) -> Reply:
        raise StoreError("the store is locked")

    desk = TokenDesk(CREDENTIALS, ask=ask, monotonic=lambda: 0.0, call_seconds=60)
    with pytest.raises(StoreError, match="the store is locked"):
        desk.current()
