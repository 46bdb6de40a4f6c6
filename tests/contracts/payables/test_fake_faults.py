"""The faults the errands' tests script: what each of them does to the fake's books, and what it lets be known."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import RefusedError, TransientError
from domain.ports.answers import CallAnswer, Verdict
from tests.contracts.payables.records import FAR_OFF, code, invoice, supplier
from tests.contracts.payables.worlds import Blobs
from tieout.simulation.fakes.payables import FakePayables
from tieout.simulation.fakes.payables_faults import Fault

MEMBER = invoice()
KEY = MEMBER.key.external_id


class Setting:
    """A fake that takes invoices for anybody, and its time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 12, tzinfo=UTC)
        blobs = Blobs()
        self.fake = FakePayables(now=lambda: self.now, blobs=blobs, references=False)  # type: ignore[arg-type]  # no image is asked for

    def send(self) -> CallAnswer:
        encoded = self.fake.encode_batch("TO-1", [MEMBER])
        return self.fake.send_batch(encoded, deadline=self.now + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("fault", "verdict", "posts", "live"),
    [
        (None, Verdict.CONFIRMED, 1, 1),
        (Fault.ZERO_BYTES, Verdict.NOT_SENT, 0, 0),
        (Fault.TOO_MANY, Verdict.NOT_SENT, 1, 0),
        (Fault.WHOLE_REFUSED, Verdict.REFUSED, 1, 0),
        (Fault.REQUEST_LOST, Verdict.DOUBT, 1, 0),
        (Fault.ANSWER_LOST, Verdict.DOUBT, 1, 1),
        (Fault.TAKEN_LATE, Verdict.DOUBT, 1, 1),
        (Fault.LAST_RESULT_MISSING, Verdict.CONFIRMED, 1, 1),
    ],
)
def test_each_fault_of_a_batch_leaves_its_own_traces(
    fault: Fault | None, verdict: Verdict, posts: int, live: int
) -> None:
    setting = Setting()
    setting.fake.script("send_batch", *([fault] if fault else []))
    assert setting.send().verdict is verdict
    assert (setting.fake.sends[KEY], setting.fake.live(KEY)) == (posts, live)


def test_a_missing_result_leaves_its_record_in_doubt() -> None:
    setting = Setting()
    setting.fake.script("send_batch", Fault.LAST_RESULT_MISSING)
    assert setting.send().records[KEY].verdict is Verdict.DOUBT


def test_look_ups_lag_and_batches_show_before_their_invoices() -> None:
    setting = Setting()
    setting.send()
    assert setting.fake.find_batches(["TO-1"]) == {}
    setting.now += setting.fake.lag
    assert setting.fake.find_batches(["TO-1"]) == {"TO-1": "Processing"}
    assert setting.fake.find_invoices([KEY]) == {KEY: []}
    setting.now += setting.fake.batch_time
    assert setting.fake.find_batches(["TO-1"]) == {"TO-1": "Closed"}
    assert len(setting.fake.find_invoices([KEY])[KEY]) == 1


def test_a_late_invoice_shows_only_after_it_was_taken() -> None:
    setting = Setting()
    setting.fake.script("send_batch", Fault.TAKEN_LATE)
    setting.send()
    setting.now += setting.fake.lag + setting.fake.late - timedelta(seconds=1)
    assert setting.fake.find_batches(["TO-1"]) == {}
    setting.now += timedelta(seconds=1) + setting.fake.batch_time
    assert len(setting.fake.find_invoices([KEY])[KEY]) == 1


@pytest.mark.parametrize(("fault", "taken"), [(Fault.REQUEST_LOST, 0), (Fault.ANSWER_LOST, 1)])
def test_an_upsert_without_an_answer_was_taken_or_not(fault: Fault, taken: int) -> None:
    setting = Setting()
    setting.fake.script("put_vendors", fault)
    with pytest.raises(TransientError) as caught:
        setting.fake.put_vendors([supplier()], deadline=FAR_OFF)
    assert not caught.value.before_processing
    setting.now += setting.fake.lag
    assert len(setting.fake.find_vendors(["100|V1001"])) == taken


def test_scripted_errors_quotas_and_refusals_reach_the_caller() -> None:
    fake = Setting().fake
    fake.script("find_invoices", TransientError("down"), Fault.TOO_MANY)
    for _ in range(2):
        with pytest.raises(TransientError):
            fake.find_invoices([KEY])
    fake.codes_writable = False
    with pytest.raises(RefusedError, match="verify"):
        fake.put_codes([code()], deadline=FAR_OFF)
    fake.refusals["100|V1001"] = ("FIELD_INVALID", "no")
    assert fake.put_vendors([supplier()], deadline=FAR_OFF)["100|V1001"].code == "FIELD_INVALID"
    fake.excluded.add("100|V2")
    assert fake.put_vendors([supplier("V2")], deadline=FAR_OFF)["100|V2"].status == "Excluded"
