"""Flow 2 over a store in memory: ledger codes polled from Infor, sent to or compared with AvidXchange."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.errands.poll_ledger_codes import poll_ledger_codes
from actors.errands.send_ledger_codes import send_ledger_codes
from actors.settle import appended
from domain.errors import MisconfiguredError, RefusedError, TransientError
from domain.identifiers import stream_id
from domain.ledger_codes.decisions import decide_retry
from domain.ledger_codes.events import (
    CodeContent,
    CodeFact,
    LedgerCodeConfirmed,
    LedgerCodeRecorded,
    LedgerCodeRefused,
    LedgerCodesListed,
    LedgerCodesOnlyThere,
)
from domain.ledger_codes.ledger_code import LedgerCode, fold
from domain.polls.events import PollRecordMalformed
from tests.unit.actors.suppliers.small_remotes import FLIGHT, World

ACCOUNTS = "Accounting Codes"


def fact(description: str = "Repairs", division: str = "", **changes: Any) -> CodeFact:
    return CodeFact(division=division, description=description, **({"blocked": False} | changes))


def world_of(*values: str, **rules: Any) -> World:
    world = World(**rules)
    world.infor.codes_by_dimension[1] = {value: (fact(),) for value in values}
    return world


def poll(world: World) -> None:
    world.wait(timedelta(hours=1))
    assert poll_ledger_codes(world.tools)


def settled(world: World) -> None:
    """Poll, and send until nothing is due."""
    poll(world)
    world.run(send_ledger_codes)


def stream(world: World, value: str) -> UUID:
    return stream_id(world.tools.connection, "ledger-code", f"100|1|{value}")


def state(world: World, value: str = "600100") -> LedgerCode:
    return fold(world.store.log.load([stream(world, value)])[stream(world, value)])


def there(world: World, value: str, *, description: str = "Repairs", active: bool = True) -> None:
    """Let AvidXchange hold a code already."""
    world.avid.codes[ACCOUNTS, value] = CodeContent(
        company=100, dimension=1, value=value, group=ACCOUNTS, description=description, active=active
    )


def retry(world: World, value: str = "600100") -> None:
    history = world.store.log.load([stream(world, value)])[stream(world, value)]
    ordered = appended(history, stream(world, value), *decide_retry(fold(history), "ann", "mended"))
    world.store.log.append([ordered], causes=world.tools.causes("retry"))


def refusals(world: World) -> list[str]:
    return [event.code for event in world.events(LedgerCodeRefused) if isinstance(event, LedgerCodeRefused)]


def test_codes_go_out_five_hundred_a_call_and_a_second_run_sends_nothing() -> None:
    world = world_of(*(f"{n:06}" for n in range(1200)))
    settled(world)
    assert world.avid.puts == [500, 500, 200]
    assert world.store.work.rows() == {}
    events, calls = len(world.events()), world.avid.calls
    settled(world)
    assert (len(world.events()), world.avid.calls) == (events, calls)


def test_what_avidxchange_holds_already_is_confirmed_without_a_write() -> None:
    world = world_of("600100", "600200", "600300")
    there(world, "600100")
    there(world, "600200", description="Old words")
    settled(world)
    assert (world.avid.puts, world.avid.lookups) == ([2], 1)
    assert all(state(world, value).gate_open for value in ("600100", "600200", "600300"))


def test_the_configured_dimensions_go_out_as_their_own_groups() -> None:
    world = world_of("600100", dimensions=((2, "Cost center"), (3, "Building")))
    world.infor.codes_by_dimension |= {2: {"B014": (fact("Roofing", "BBB"),)}, 3: {}}
    settled(world)
    assert set(world.avid.codes) == {(ACCOUNTS, "600100"), ("Cost center", "B014")}


def test_only_what_differs_in_avidxchanges_words_is_sent() -> None:
    world = world_of("600100")
    settled(world)
    world.infor.codes_by_dimension[1]["600100"] = (fact(), fact("Elsewhere", "AAA"))
    settled(world)
    assert world.avid.puts == [1]
    world.infor.codes_by_dimension[1]["600100"] = (fact("Repairs and upkeep"),)
    settled(world)
    assert world.avid.puts == [1, 1]
    assert world.avid.codes[ACCOUNTS, "600100"].description == "Repairs and upkeep"


def test_a_change_back_to_what_avidxchange_holds_is_confirmed_without_a_call() -> None:
    world = world_of("600100")
    settled(world)
    world.rules(gl_accounts="off")
    world.infor.codes_by_dimension[1]["600100"] = (fact(blocked=True),)
    poll(world)
    assert not state(world).gate_open
    world.rules(gl_accounts="push")
    world.infor.codes_by_dimension[1]["600100"] = (fact(),)
    settled(world)
    assert state(world).gate_open
    assert world.avid.puts == [1]


def test_blocked_expired_and_vanished_codes_are_deactivated() -> None:
    world = world_of("600100", "600200", "600300", "600400")
    settled(world)
    listed = world.infor.codes_by_dimension[1]
    listed["600100"] = (fact(blocked=True),)
    listed["600200"] = (fact(valid_to=date(2026, 3, 1)),)
    del listed["600300"]
    settled(world)
    assert [content.active for _, content in sorted(world.avid.codes.items())] == [False, False, False, True]
    assert not state(world, "600300").gate_open
    assert world.events(LedgerCodesListed)[1:] == [LedgerCodesListed(dimension=1, added=(), gone=("600300",))]
    listed["600300"] = (fact(),)
    settled(world)
    assert state(world, "600300").gate_open


def test_today_is_the_day_in_the_connections_time_zone() -> None:
    world = world_of("600100", timezone="America/New_York")
    world.clock.time = datetime(2026, 3, 4, 2, tzinfo=UTC)  # still the third in New York
    world.infor.codes_by_dimension[1]["600100"] = (fact(valid_to=date(2026, 3, 3)),)
    settled(world)
    assert state(world).gate_open


def test_an_empty_list_of_a_dimension_in_use_blocks_nothing() -> None:
    world = world_of("600100")
    settled(world)
    world.infor.codes_by_dimension[1] = {}
    settled(world)
    assert state(world).gate_open
    assert [type(event) for event in world.events(PollRecordMalformed)] == [PollRecordMalformed]


def test_a_code_that_never_was_open_does_not_go_out() -> None:
    world = world_of("600100")
    world.infor.codes_by_dimension[1]["600100"] = (fact(blocked=True),)
    settled(world)
    assert world.avid.calls == 0
    assert len(world.events(LedgerCodeRecorded)) == 1


def test_a_description_over_the_limit_is_refused_before_sending_and_its_neighbours_go_out() -> None:
    world = world_of("600100", "600200")
    world.infor.codes_by_dimension[1]["600100"] = (fact("x" * 51),)
    settled(world)
    assert refusals(world) == ["FIELD_TOO_LONG"]
    assert state(world, "600200").gate_open
    assert world.avid.puts == [1]


def test_one_refused_code_never_stops_its_neighbours_and_a_person_sends_it_again() -> None:
    world = world_of("600100", "600200")
    world.avid.refuse = {"600100"}
    settled(world)
    assert (state(world).gate_open, state(world, "600200").gate_open) == (False, True)
    settled(world)
    assert refusals(world) == ["FIELD_INVALID"]
    world.avid.refuse = set()
    retry(world)
    world.run(send_ledger_codes)
    assert state(world).gate_open


def test_a_poisonous_code_is_refused_alone() -> None:
    world = world_of(*(f"{n:06}" for n in range(300)))
    world.avid.poison = {"000123": RefusedError("bad payload", code="400", status=400)}
    settled(world)
    assert len(world.avid.codes) == 299
    assert refusals(world) == ["400"]


@pytest.mark.parametrize("text", ["the account may not write codes", 'set gl_accounts = "verify"'])
def test_an_account_that_may_not_write_codes_is_told_of_the_setting(text: str) -> None:
    world = world_of("600100", "600200")
    world.avid.before_put = [RefusedError(text, code="403", status=403)]
    settled(world)
    assert world.avid.puts == [2]
    refused = world.events(LedgerCodeRefused)
    assert len(refused) == 2
    for event in refused:
        assert isinstance(event, LedgerCodeRefused)
        assert event.text.count('gl_accounts = "verify"') == 1


def test_after_a_lost_answer_the_codes_are_listed_before_anything_is_sent_again() -> None:
    world = world_of("600100")
    world.avid.lose_answer = True
    settled(world)
    assert world.run(send_ledger_codes) == 0
    world.wait(FLIGHT)
    world.run(send_ledger_codes)
    assert (world.avid.puts, world.avid.lookups) == ([1], 2)
    assert state(world).gate_open


def test_a_change_after_a_lost_answer_waits_until_the_first_send_can_no_longer_land() -> None:
    world = world_of("600100")
    settled(world)
    world.infor.codes_by_dimension[1]["600100"] = (fact("second"),)
    poll(world)
    world.avid.before_put = [TransientError("connection reset")]
    world.run(send_ledger_codes)
    world.store.polls.poke(world.tools.connection, ["ledger_codes"], world.clock.now())
    world.infor.codes_by_dimension[1]["600100"] = (fact("third"),)
    assert poll_ledger_codes(world.tools)
    world.run(send_ledger_codes)
    assert world.avid.puts == [1, 1]
    world.wait(FLIGHT)
    world.run(send_ledger_codes)
    assert world.avid.codes[ACCOUNTS, "600100"].description == "third"


def test_nothing_is_sent_when_the_list_gives_no_answer() -> None:
    world = world_of("600100")
    world.avid.before_read = [TransientError("gateway")]
    settled(world)
    assert world.avid.puts == []
    world.wait(timedelta(minutes=5))
    world.run(send_ledger_codes)
    assert state(world).gate_open


def test_a_setting_that_a_person_must_mend_goes_up_and_keeps_the_work_due() -> None:
    world = world_of("600100")
    poll(world)
    world.avid.before_put = [MisconfiguredError("the tokens are refused")]
    with pytest.raises(MisconfiguredError):
        world.run(send_ledger_codes)
    assert world.run(send_ledger_codes) == 0
    world.wait(timedelta(hours=1))
    world.run(send_ledger_codes)
    assert state(world).gate_open


def test_with_off_codes_are_recorded_and_nothing_is_sent_until_it_is_switched_on() -> None:
    world = world_of("600100", gl_accounts="off")
    settled(world)
    assert world.avid.calls == 0
    assert len(world.events(LedgerCodeRecorded)) == 1
    world.rules(gl_accounts="push")
    settled(world)
    assert state(world).gate_open


def test_rows_left_from_pushing_wait_while_it_is_off() -> None:
    world = world_of("600100")
    poll(world)
    world.rules(gl_accounts="off")
    assert world.run(send_ledger_codes) == 1
    assert world.avid.calls == 0


def test_verify_never_writes_and_records_differences_on_change_only() -> None:
    world = world_of("600100", "600200", "600300", "600400", gl_accounts="verify")
    world.infor.codes_by_dimension[1]["600400"] = (fact(blocked=True),)
    there(world, "600100")
    there(world, "600200", active=False)
    there(world, "600400")
    settled(world)
    assert state(world).gate_open
    assert refusals(world) == ["INACTIVE_AT_AVIDXCHANGE", "MISSING_AT_AVIDXCHANGE", "ACTIVE_AT_AVIDXCHANGE"]
    events = len(world.events())
    settled(world)
    assert len(world.events()) == events
    there(world, "600300")
    settled(world)
    assert state(world, "600300").gate_open
    del world.avid.codes[ACCOUNTS, "600300"]
    settled(world)
    assert not state(world, "600300").gate_open
    assert world.avid.puts == []


def test_verify_reports_another_description_and_lets_invoices_name_the_code() -> None:
    world = world_of("600100", gl_accounts="verify")
    there(world, "600100", description="Other text")
    settled(world)
    assert refusals(world) == ["DESCRIBED_OTHERWISE"]
    assert state(world).gate_open
    retry(world)
    there(world, "600100")
    world.run(send_ledger_codes)
    assert (state(world).refused, state(world).gate_open) == (None, True)


def only_there(world: World) -> list[tuple[str, ...]]:
    return [event.values for event in world.events() if isinstance(event, LedgerCodesOnlyThere)]


def test_verify_reports_the_active_codes_that_only_avidxchange_has() -> None:
    world = world_of("600100", gl_accounts="verify")
    for value, active in (("600100", True), ("999", True), ("888", False)):
        there(world, value, active=active)
    settled(world)
    settled(world)
    assert only_there(world) == [("999",)]
    there(world, "777")
    settled(world)
    world.rules(gl_accounts="push")
    settled(world)
    assert only_there(world) == [("999",), ("777", "999"), ()]


def test_a_person_has_a_code_compared_again() -> None:
    world = world_of("600100", "600200", gl_accounts="verify")
    settled(world)
    retry(world, "600200")
    retry(world)
    there(world, "600100")
    world.run(send_ledger_codes)
    assert state(world).gate_open
    assert not state(world, "600200").gate_open
    assert world.store.work.rows() == {}


def test_a_comparison_without_an_answer_is_made_later() -> None:
    world = world_of("600100", gl_accounts="verify")
    settled(world)
    retry(world)
    there(world, "600100")
    world.avid.before_read = [TransientError("gateway")]
    world.run(send_ledger_codes)
    assert not state(world).gate_open
    world.wait(timedelta(minutes=5))
    world.run(send_ledger_codes)
    assert state(world).gate_open


def test_codes_that_verify_missed_are_sent_once_they_are_pushed() -> None:
    world = world_of("600100", "600200", gl_accounts="verify")
    there(world, "600200", description="Old words")
    settled(world)
    world.rules(gl_accounts="push")
    settled(world)
    assert state(world).gate_open
    assert world.avid.codes[ACCOUNTS, "600200"].description == "Repairs"


def test_a_confirmation_names_what_was_sent() -> None:
    world = world_of("600100")
    settled(world)
    (confirmed,) = world.events(LedgerCodeConfirmed)
    assert isinstance(confirmed, LedgerCodeConfirmed)
    assert (confirmed.key, confirmed.of_version, confirmed.opens_gate) == ("100|1|600100", 1, True)
