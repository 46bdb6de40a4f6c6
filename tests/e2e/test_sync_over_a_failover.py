"""A sync under which the store is replaced notices it, begins its polls anew, and comes to its end."""

from pathlib import Path

import psycopg
import pytest

from tests.support.deployment import NAME, deployed
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.postgres_stores import AS_RESTORED
from tieout import sync as syncing
from tieout import wiring
from tieout.settings import load


def test_a_sync_under_which_the_store_is_replaced_polls_anew_and_ends(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "LOOK_BACK_SECONDS", 1.0)
    with deployed(tmp_path, set_up=False) as pretended:
        pretended.tokens["TIEOUT_STORE_URL"] = emptied(postgres_url)
        pretended.set_up()
        monkeypatch.setenv("TIEOUT_STORE_URL", postgres_url)
        with wiring.open_deployment(load(tmp_path / "tieout.toml")) as deployment:
            connection = deployment.tools(NAME).connection
            restored = list[bool]()

            def replace_the_store(_what: str, _left: int) -> None:
                rows = deployment.polls.rows(connection)
                if not restored and any(row.claimed_by for row in rows if row.flow == "suppliers"):
                    with psycopg.connect(postgres_url) as beside:
                        for statement in AS_RESTORED:
                            beside.execute(statement.encode())
                    restored.append(True)

            (outcome,) = syncing.sync(
                deployment, [NAME], flows=("suppliers",), wait_seconds=5, progress=replace_the_store
            )
            polled = {row.flow: row.last_polled_at for row in deployment.polls.rows(connection)}
            assert restored
            assert not outcome.unexpected
            assert polled["suppliers"] is not None
            assert deployment.log.hold_until() is not None
    emptied(postgres_url)
