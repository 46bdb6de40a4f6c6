import base64

import pytest

from tests.unit.sandbox.infor.desk import Desk

_PING = "/ACME_TST/M3/m3api-rest/v2/execute/MNS150MI/GetUserData"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _basic(secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"ACME_TST~sandbox:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def test_a_token_ends_after_its_life_and_the_gateway_says_so(desk: Desk) -> None:
    assert desk.caller.call("GET", _PING).status_code == 200
    desk.clock.advance(3601)
    answer = desk.caller.call("GET", _PING)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    desk.log_in()
    assert desk.caller.call("GET", _PING).status_code == 200


def test_a_revoked_token_no_longer_holds(desk: Desk) -> None:
    token = desk.caller.headers["Authorization"].removeprefix("Bearer ")
    answer = desk.caller.call(
        "POST", "/as/revoke_token.oauth2", data={"token": token}, headers=_basic("sandbox-client-secret")
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert desk.caller.call("GET", _PING).status_code == 401


@pytest.mark.parametrize(
    ("secret", "form", "status", "error"),
    [
        ("wrong", "grant_type=password&username=a&password=b", 401, "invalid_client"),
        ("sandbox-client-secret", "grant_type=password&username=a&password=b", 400, "invalid_grant"),
        ("sandbox-client-secret", "grant_type=password&username=ACME_TST#x&password=b", 400, "invalid_request"),
        ("sandbox-client-secret", "grant_type=client_credentials", 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused_by_name(desk: Desk, secret: str, form: str, status: int, error: str) -> None:
    answer = desk.caller.call("POST", "/as/token.oauth2", content=form, headers=_basic(secret) | _FORM)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_paths_and_verbs_that_do_not_exist(desk: Desk) -> None:
    assert desk.caller.call("GET", "/ACME_TST/M3/m3api-rest/v2/nothing").status_code == 404
    assert desk.caller.call("DELETE", _PING).status_code == 405
    assert desk.caller.call("GET", "/OTHER/M3/m3api-rest/v2/execute/A/B").status_code == 404
