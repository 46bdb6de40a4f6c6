"""Sends the steps of the GLS840 chain, once, and reads what became of them: open batches and payment rows."""

from collections.abc import Sequence
from datetime import datetime

from adapters.http_messages import Deadline, WriteFaultError
from adapters.infor import capabilities, exportmi
from adapters.infor.answers import read_answer
from adapters.infor.capabilities import BULK_TRANSACTIONS, POSTING_STEPS
from adapters.infor.client import Client
from adapters.infor.errors import HANDOVER, OK, UNAUTHORIZED, judge_fault, judge_status, judge_step
from domain.errors import MalformedError, RefusedError
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.ledger import StepCommand
from domain.ports.store import Clock

PROGRAM = "GLS840MI"


def take_steps(
    client: Client, commands: Sequence[StepCommand], *, deadline: datetime | Deadline, clock: Clock
) -> CallAnswer:
    """Send at most 100 transactions in one bulk, once, no byte after `deadline`; never raises for an answer."""
    if not 0 < len(commands) <= BULK_TRANSACTIONS:
        text = f"{len(commands)} steps in one call, 1 to {BULK_TRANSACTIONS} are taken"
        return CallAnswer(verdict=Verdict.REFUSED, code="BATCH_SIZE", text=text)
    try:
        body = client.bulk_body(PROGRAM, [(each.step, step_record(client, each)) for each in commands])
    except RefusedError as refused:
        return CallAnswer(verdict=Verdict.REFUSED, code=refused.code, text=str(refused))
    token = client.tokens.held()
    if token is None:
        return CallAnswer(verdict=Verdict.NOT_SENT, code="no token", text="no token was at hand")
    try:
        request = client.request("POST", client.bulk_url(), token, body, label=f"{PROGRAM}/{commands[0].step}")
        pinned = deadline if isinstance(deadline, Deadline) else Deadline.at(deadline, clock)
        reply = client.remote.write_once(request, deadline=pinned)
    except WriteFaultError as fault:
        return judge_fault(fault)
    if reply.status == UNAUTHORIZED:
        client.tokens.drop(token)
    if reply.status != OK:
        return judge_status(reply, handover=any(each.step == HANDOVER for each in commands))
    return _judge(reply.body, commands)


def step_record(client: Client, command: StepCommand) -> dict[str, str]:
    """Write one step's record: CONO, DIVI and KEY1 stand in each; raises RefusedError for what M3 would not take."""
    values = {"DIVI": command.division, "KEY1": command.key1}
    if command.step == capabilities.BATCH_HEAD.name:
        values |= {"INTN": command.interface, "DESC": command.description}
        if client.settings.user:
            values["USID"] = client.settings.user
    elif command.step == capabilities.BATCH_LINE.name:
        values |= {"LINE": str(command.line), "PARM": command.parm}
    return client.record(POSTING_STEPS[command.step], values)


def open_batches(client: Client, keys: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Give which KEY1 values the interface's table still shows, of (division, KEY1) pairs; in bulk."""
    assumed = client.settings.assumed
    queries = exportmi.batch_queries(
        dict.fromkeys(keys),
        table=assumed.batch_table,
        division_column=assumed.batch_division,
        key_column=assumed.batch_key,
    )
    separator = assumed.separators[0]
    outcomes = client.bulk(capabilities.EXPORT, [{"QERY": query, "SEPC": separator, "HDRS": "0"} for query in queries])
    shown = {
        row.get("REPL", "").split(separator)[0].strip()
        for outcome in outcomes
        for row in client.rows_of(outcome, capabilities.EXPORT)
    }
    return frozenset(key for _, key in keys if key.strip() in shown)


def _judge(body: bytes, commands: Sequence[StepCommand]) -> CallAnswer:
    try:
        outcomes = read_answer(body, [each.step for each in commands])
    except MalformedError as malformed:
        return CallAnswer(verdict=Verdict.DOUBT, code="unreadable", text=str(malformed))
    records = {each.key: judge_step(each.step, outcome) for each, outcome in zip(commands, outcomes, strict=True)}
    return CallAnswer(verdict=Verdict.CONFIRMED, records=records)
