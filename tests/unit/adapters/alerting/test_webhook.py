"""A webhook receives one POST, and its address stays a secret whatever it answers."""

import pytest

from adapters.alerting.webhook import Webhook
from domain.errors import TransientError
from tests.unit.adapters.http.loopback import Answer, Loopback, hang_up, reply

SECRET = "T0/B0/very-secret"


def post(answer: Answer) -> Loopback:
    with Loopback(lambda _: answer) as server:
        webhook = Webhook(f"{server.url}/{SECRET}?token=very-secret")
        try:
            webhook.post(b'{"version":1}')
        finally:
            webhook.close()
    return server


def test_a_document_is_posted_once_as_json() -> None:
    server = post(reply(202, b""))
    (seen,) = server.seen
    assert (seen.method, seen.target, seen.body) == ("POST", f"/{SECRET}?token=very-secret", b'{"version":1}')
    assert seen.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(404, b"no such hook: very-secret"), "answered 404"),
        (reply(503, b""), "answered 503"),
        (reply(301, b"", ("Location", "/elsewhere")), "answered 301"),
        (hang_up, "hung up, or broke the rules of HTTP"),
    ],
)
def test_any_other_answer_is_a_fault_that_shows_the_host_only(answer: Answer, said: str) -> None:
    with pytest.raises(TransientError) as caught:
        post(answer)
    assert str(caught.value) == f"the webhook at 127.0.0.1: {said}"
    assert caught.value.__cause__ is None


def test_an_address_that_cannot_be_called_is_not_shown_either() -> None:
    webhook = Webhook(f"ftp://127.0.0.1/{SECRET}")
    with pytest.raises(TransientError, match="is no address") as caught:
        webhook.post(b"{}")
    assert "secret" not in str(caught.value)
