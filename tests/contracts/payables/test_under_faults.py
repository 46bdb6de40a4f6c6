"""The real adapter against an AvidXchange that answers badly: no verdict ever contradicts its books."""

from collections import Counter
from datetime import timedelta

import pytest

from adapters.avidxchange import AvidSettings, AvidXchange, Credentials
from domain.errors import TransientError
from domain.ports.answers import CallAnswer, Verdict
from sandbox.serve import Sandbox, SandboxOptions
from tests.contracts.payables.records import FAR_OFF, code, invoice, supplier
from tests.contracts.payables.worlds import DIMENSIONS, Blobs
from tests.unit.adapters.http.remotes import HurriedClock, close_remotes, remote

CALL_TIMEOUT_SECONDS = 0.4
BATCHES = 60


def system(sandbox: Sandbox, clock: HurriedClock) -> AvidXchange:
    options = sandbox.avidxchange_options
    return AvidXchange(
        AvidSettings(base_url=sandbox.avidxchange_url, dimensions=DIMENSIONS),
        Credentials(company_token=options.company_token, user_token=options.user_token),
        remote=remote(clock=clock, hand=clock, timeout_seconds=CALL_TIMEOUT_SECONDS),
        blobs=Blobs(),  # type: ignore[arg-type]  # no image is asked for
        clock=clock,
    )


def send(payables: AvidXchange, clock: HurriedClock, number: int) -> CallAnswer:
    encoded = payables.encode_batch(f"TO-{number}", [invoice(f"INV-{number}")])
    payables.prepare()
    deadline = clock.now() + timedelta(seconds=CALL_TIMEOUT_SECONDS)
    return payables.send_batch(encoded, deadline=deadline)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_verdict_on_a_batch_contradicts_the_books(seed: int) -> None:
    options = SandboxOptions(
        invoices=1, divisions=1, search_lag_seconds=0, call_timeout_seconds=CALL_TIMEOUT_SECONDS, seed=seed
    )
    with Sandbox(options) as sandbox:
        clock = HurriedClock()
        payables = system(sandbox, clock)
        payables.put_vendors([supplier()], deadline=FAR_OFF)
        payables.put_codes([code(), code("B014", dimension=2, group="Cost center")], deadline=FAR_OFF)
        sandbox.faults["avidxchange"].set("hostile", seed)
        answers = {number: send(payables, clock, number) for number in range(BATCHES)}
        sandbox.faults["avidxchange"].set("calm", seed)
        sandbox.clock.advance(timedelta(seconds=60))
        found = payables.find_invoices([invoice(f"INV-{number}").key.external_id for number in answers])
        close_remotes()
    verdicts: Counter[Verdict] = Counter()
    for number, answer in answers.items():
        external_id = invoice(f"INV-{number}").key.external_id
        there = len(found[external_id])
        verdict = answer.records[external_id].verdict if answer.records else answer.verdict
        verdicts[verdict] += 1
        assert there <= 1
        if verdict is Verdict.CONFIRMED:
            assert there == 1
        if verdict in (Verdict.NOT_SENT, Verdict.REFUSED):
            assert there == 0
    assert verdicts[Verdict.NOT_SENT] < BATCHES / 10
    assert verdicts[Verdict.CONFIRMED] > verdicts[Verdict.DOUBT] > 0


def test_reads_get_through_a_hostile_network_whole_or_not_at_all() -> None:
    options = SandboxOptions(invoices=1, divisions=1, search_lag_seconds=0, call_timeout_seconds=CALL_TIMEOUT_SECONDS)
    with Sandbox(options) as sandbox:
        payables = system(sandbox, HurriedClock())
        values = {f"6{number:05d}" for number in range(40)}
        payables.put_codes([code(value) for value in values], deadline=FAR_OFF)
        sandbox.faults["avidxchange"].set("hostile", 3)
        whole, failed = 0, 0
        for _ in range(40):
            try:
                assert payables.list_codes("Accounting Codes").keys() == values
                whole += 1
            except TransientError:
                failed += 1
        close_remotes()
    assert whole > failed
