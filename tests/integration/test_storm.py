"""Everything a machine room can do to us, in one run: nothing is paid twice, nothing is lost, everything ends."""

from pathlib import Path

from tests.support.private_nodes import UnavailableError
from tests.support.services import missing
from tests.support.storm import LINKS, weather

KILLS = 40


def test_pods_that_are_killed_while_everything_they_stand_on_fails(tmp_path: Path) -> None:
    try:
        run = weather(tmp_path, seed=1, kills=KILLS)
    except UnavailableError as error:
        missing(str(error))
    assert run.good, run
    assert run.doubles == 0
    assert run.left == dict.fromkeys(run.left, 0)
    assert run.done["kill -9"] == KILLS
    assert all(run.done[what] > 0 for what in ("broker crashed", "broker emptied", "store crashed", "queues purged"))
    assert all(run.done[f"{link} cut off"] > 0 for link in LINKS)
    assert run.handovers > 0
