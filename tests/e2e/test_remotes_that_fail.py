"""What stands in the way from outside: a wrong company, wrong divisions, wrong secrets."""

import json
from pathlib import Path

import pytest

from tests.support.deployment import NAME, Ran, deployed

WRONG = "not-the-token-we-were-given"


def test_a_company_the_tenant_does_not_have_is_named(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"company": 200}) as deployment:
        tested = deployment.command("connection", "test", NAME)
        assert tested.code == 2, tested.err
        assert "200" in tested.err
        ran = deployment.sync()
        assert ran.code == 2, ran.err
        assert_said(ran, "200")
        assert deployment.desk.sent() == {}


def test_a_company_changed_after_the_connection_was_added_is_refused(tmp_path: Path) -> None:
    with deployed(tmp_path) as deployment:
        deployment.write_settings(infor={"company": 200})
        ran = deployment.sync()
        assert ran.code == 2
        assert "pinned to 100" in ran.err
        assert deployment.sandbox.infor_books.http_calls == 0


def test_divisions_the_company_does_not_have_are_named(tmp_path: Path) -> None:
    with deployed(tmp_path, infor={"divisions": ("AAA", "XYZ")}) as deployment:
        tested = deployment.command("connection", "test", NAME)
        assert tested.code == 2
        assert "XYZ" in tested.err


def test_a_wrong_token_of_avidxchange_is_told_in_one_sentence_without_the_token(tmp_path: Path) -> None:
    token = "TIEOUT_AVID_USER_TOKEN"
    with deployed(tmp_path, set_up=False) as deployment:
        deployment.tokens[token] = WRONG
        deployment.set_up()
        for ran in (deployment.command("connection", "test", NAME), deployment.sync()):
            assert ran.code == 2, ran.err
            assert_said(ran, "AvidXchange")
            assert "connection rotate" in ran.err
            assert WRONG not in ran.out + ran.err
        assert not [path for path in deployment.desk.sent() if path.startswith(("POST", "GLS840MI"))]

        del deployment.tokens[token]
        rotated = deployment.command("connection", "rotate", NAME)
        assert rotated.code == 0, rotated.err
        assert deployment.settled_sync()["invoices"]["submitted"] > 0
        deployment.assert_books_agree()


@pytest.mark.parametrize("part", ["cs", "sask"])
def test_a_wrong_secret_of_infor_is_told_in_one_sentence_without_the_secret(tmp_path: Path, part: str) -> None:
    with deployed(tmp_path, set_up=False) as deployment:
        right = deployment.ionapi.read_bytes()
        deployment.ionapi.write_text(json.dumps({**json.loads(right), part: WRONG}), "utf-8")
        deployment.set_up()
        for ran in (deployment.command("connection", "test", NAME), deployment.sync()):
            assert ran.code == 2, ran.err
            assert_said(ran, "Infor")
            assert WRONG not in ran.out + ran.err
        assert deployment.desk.sent() == {}

        deployment.ionapi.write_bytes(right)
        rotated = deployment.command("connection", "rotate", NAME, "--ionapi", str(deployment.ionapi))
        assert rotated.code == 0, rotated.err
        assert deployment.settled_sync()["invoices"]["submitted"] > 0


def test_a_write_that_is_refused_for_good_is_an_issue_until_it_works(tmp_path: Path) -> None:
    with deployed(tmp_path, avidxchange={"paths": {"invoice_batches": "/nowhere"}}) as deployment:
        ran = deployment.command("sync", NAME, "--wait", "6", "--json")
        assert ran.code == 2, ran.err
        said = "submitting invoices to AvidXchange: AvidXchange answered 404: there is no such address"
        assert_said(ran, said)
        assert deployment.issues()["errand-failed"]["why"].startswith(said)
        flows = {flow["flow"]: flow for flow in deployment.json("sync-status", NAME)["flows"]}
        assert flows["invoices"]["failing"]["submit_invoices"]["verdict"] == "stop"
        assert flows["suppliers"]["failing"] == {}
        assert said in deployment.command("sync-status", NAME).out
        waiting = deployment.json("invoices", "--state", "waiting")
        assert waiting
        assert all(invoice["detail"].startswith(said) for invoice in waiting)
        assert all(supplier["detail"] == "" for supplier in deployment.json("suppliers", "--state", "sent"))
        only_suppliers = deployment.command("sync", NAME, "--flow", "suppliers", "--wait", "0", "--json")
        assert only_suppliers.code == 3, only_suppliers.err

        deployment.write_settings(avidxchange={"paths": {}})
        assert deployment.settled_sync()["invoices"]["submitted"] > 0
        assert "errand-failed" not in deployment.issues()
        deployment.assert_books_agree()


def assert_said(ran: Ran, words: str) -> None:
    """What went wrong is told in whole sentences, a line each, and never as a traceback."""
    lines = ran.err.strip().splitlines()
    assert lines
    assert any(words in line for line in lines), ran.err
    assert "Traceback" not in ran.err
    assert len(lines) == len(set(lines)) <= 6, ran.err
