"""The generic GL interface (GLS840MI): a batch is opened, filled, checked and handed over for posting."""

from sandbox.infor.engine import Call, Row
from sandbox.infor.parm import read_parm
from sandbox.infor.posting import check_lines
from sandbox.infor.records import Batch, BatchLine, Job
from sandbox.infor.refusals import NokError


def add_head(call: Call) -> list[Row]:
    """Open a batch under the caller's KEY1; XRE0104 when one is live under it."""
    books, options = call.tenant.books, call.tenant.options
    key = (call.division, call.text("KEY1"))
    if call.division not in books.divisions:
        raise NokError("XRE0103", "DIVI", call.division)
    if key in books.live_batches:
        raise NokError("XRE0104", "KEY1", key[1])
    interface = call.text("INTN")
    if interface not in {options.payment_interface, options.void_interface}:
        raise NokError("GL84002", "INTN", interface)
    batch = Batch(*key, interface, call.tenant.now())
    books.live_batches[key] = batch
    books.batches.append(batch)
    return _done(call)


def add_line(call: Call) -> list[Row]:
    """Write a line; XRE0104 when the batch has it, and the batch wants a new check."""
    batch = _find(call)
    if batch.state == "handed_over":
        raise NokError("GL84003", "KEY1", batch.key1)
    number = call.number("LINE")
    if number in batch.lines:
        raise NokError("XRE0104", "LINE", str(number))
    parm = call.record["PARM"]
    if read_parm(parm).division != batch.division:
        raise NokError("GL84001", "PARM", "DIVI")
    batch.lines[number] = BatchLine(number, parm, call.tenant.now())
    batch.state = "open"
    return _done(call)


def check_batch(call: Call) -> list[Row]:
    """Check every line. After a hand-over this re-opens the batch, though its posting is under way."""
    batch = _find(call)
    if batch.state == "handed_over":
        batch.reopened = True
        batch.state = "checked"
        return _done(call)
    check_lines(call.tenant, batch, _parms(batch))
    batch.state = "checked"
    return _done(call)


def hand_over(call: Call) -> list[Row]:
    """Check again and hand over; a batch that is handed over stays so."""
    batch = _find(call)
    if batch.state == "handed_over":
        return _done(call)
    parms = _parms(batch)
    check_lines(call.tenant, batch, parms)
    books = call.tenant.books
    batch.state = "handed_over"
    if books.stick_next:
        books.stick_next -= 1
        batch.sticks = True
    books.jobs.append(Job(batch, call.tenant.now() + call.tenant.posting_delay, parms))
    return _done(call)


def _parms(batch: Batch) -> list[str]:
    if not batch.lines:
        raise NokError("GL84004", "KEY1", batch.key1)
    return [line.parm for _number, line in sorted(batch.lines.items())]


def _find(call: Call) -> Batch:
    batch = call.tenant.books.live_batches.get((call.division, call.text("KEY1")))
    if batch is None:
        raise NokError("XRE0103", "KEY1", call.text("KEY1"))
    return batch


def _done(call: Call) -> list[Row]:
    return [{"CONO": str(call.tenant.books.company)}]
