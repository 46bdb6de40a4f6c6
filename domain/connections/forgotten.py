"""After the store went back: which invoices it forgot, and whether AvidXchange was read again to know."""

from datetime import datetime

from domain.connections.connection import Connection
from domain.connections.events import ForgottenInvoicesSought
from domain.event import Event


def decide_sought(state: Connection, forgotten: tuple[str, ...], *, begun_at: datetime) -> tuple[Event, ...]:
    """Say what a poll of AvidXchange's invoices that began then found out; () when it found out nothing new.

    forgotten: the ExternalIds that stand now, sorted. A poll that began during the hold proves nothing complete: what
    was on its way when the store went back may not have shown yet.
    """
    if state.went_back_at is None:
        return ()
    complete = state.held_until is None or begun_at >= state.held_until
    if forgotten == state.forgotten and (state.sought or not complete):
        return ()
    gone = tuple(name for name in state.forgotten if name not in forgotten)
    return (ForgottenInvoicesSought(forgotten=forgotten, cleared=gone, complete=complete),)
