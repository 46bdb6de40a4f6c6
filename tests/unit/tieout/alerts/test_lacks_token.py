"""Which failures of a poll mean that no token was to be had: as the adapters really word them."""

from collections.abc import Callable

import pytest

from adapters.avidxchange.auth import LogIn, PartnerToken
from adapters.avidxchange.errors import read_error
from adapters.avidxchange.settings import AvidSettings
from adapters.avidxchange.settings import Credentials as AvidCredentials
from adapters.http_messages import Reply, Request
from adapters.infor.auth import TokenDesk
from adapters.infor.errors import check_read
from domain.errors import TieoutError, TransientError
from tests.unit.adapters.http.remotes import HandClock
from tests.unit.adapters.infor.test_auth import CREDENTIALS
from tieout.wiring.observing import lacks_token


def answer(status: int) -> Reply:
    return Reply(status=status, headers={}, body=b"{}")


def away(request: Request) -> Reply:
    raise TransientError(f"{request.place}: no answer in time")


@pytest.mark.parametrize("ask", [away, lambda _: answer(503), lambda _: answer(401), lambda _: answer(200)])
def test_infor_gives_no_token_whether_it_refuses_or_is_away(ask: Callable[[Request], Reply]) -> None:
    desk = TokenDesk(CREDENTIALS, ask=ask, monotonic=lambda: 0.0, call_seconds=60)
    with pytest.raises(TieoutError) as failed:
        desk.current()
    assert lacks_token(str(failed.value)) == "infor"


def test_avidxchange_does_not_take_the_tokens_or_refuses_a_partner() -> None:
    assert lacks_token(str(read_error(answer(401)))) == "avidxchange"
    settings = AvidSettings(base_url="https://h", auth="partner", token_url="https://l", company_id="1")
    secrets = AvidCredentials(client_id="me", client_secret="s3cret")
    login = LogIn(PartnerToken(settings, secrets, clock=HandClock()), send=lambda _: answer(401))
    with pytest.raises(TieoutError) as failed:
        login.headers()
    assert lacks_token(str(failed.value)) == "avidxchange"


def test_other_failures_lack_no_token() -> None:
    with pytest.raises(TieoutError) as failed:
        check_read(answer(503), what="MMS001MI/Lst")
    said = ["", str(failed.value), str(read_error(answer(403))), str(read_error(answer(503)))]
    assert [lacks_token(text) for text in said] == [""] * 4
