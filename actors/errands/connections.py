"""The connection as errands read it: out of the history a decision rests on, or as it stands before one."""

from actors.errands.streams import connection_stream
from actors.settle import History
from actors.tools import Tools
from domain.connections.connection import Connection, fold


def connection_of(tools: Tools, history: History) -> Connection:
    """Fold the connection out of a history."""
    return fold(history[connection_stream(tools.connection)])


def connection_now(tools: Tools) -> Connection:
    """Read the connection from the log."""
    home = connection_stream(tools.connection)
    return fold(tools.log.load([home])[home])
