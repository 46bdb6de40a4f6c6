"""Connections to PostgreSQL: how they are made, bounded, handed out, and never waited for without end."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any, cast

import psycopg
from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg import sql
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.string import StrDumperUnknown, TextLoader
from psycopg_pool import PoolTimeout

from adapters.eventlog.sql import Params, for_psycopg
from domain.errors import MisconfiguredError, StoreError

SCHEMA = "public"
POOL_SIZE = 10  # connections of one process; threads beyond this many wait for each other
POOL_TIMEOUT_SECONDS = 10.0
ANSWER_SECONDS = 60.0  # a server that says nothing for so long is gone, whatever the network pretends
STATEMENT_SECONDS = 50  # the server itself gives up before that
IDLE_SECONDS = 20  # a process that stops within a transaction holds locks no longer than this
_NUL = "\U0010fffe"  # stands for NUL, which PostgreSQL's texts cannot hold: a code point no text uses
_DEFAULTS = {
    "connect_timeout": 5,
    "application_name": "tieout",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class StoreCursor(psycopg.Cursor[DictRow]):
    """A cursor that reads our `?` and `:name`; the library's own composed statements pass as they are."""

    # Both are wider than the base class's on purpose: a plain text is one of ours.
    def execute(
        self, query: Any, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> "StoreCursor":
        """Run one statement."""
        translated = for_psycopg(query) if isinstance(query, str) and params else query
        super().execute(translated, params or None, prepare=prepare, binary=binary)
        return self

    def executemany(self, query: Any, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """Run one statement for many rows, without waiting for the answer to each."""
        translated = for_psycopg(query) if isinstance(query, str) else query
        super().executemany(translated, list(params_seq), returning=returning)


class StoreConnection(psycopg.Connection[DictRow]):
    """A connection that is given up when the server says nothing for too long, as behind a cut network."""

    answer_seconds = ANSWER_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server's answer. Raises OperationalError when none comes."""
        try:
            return super().wait(gen, interval=interval, timeout=timeout or self.answer_seconds)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 (the base class names no public one)
            if timeout is not None:
                raise
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.answer_seconds:g} s") from None


class StorePool(ConnectionPool[StoreConnection]):
    """The library's pool, which remembers why it could not connect last."""

    fault: psycopg.Error | None = None

    def _connect(self, timeout: float | None = None) -> StoreConnection:
        try:
            connection = super()._connect(timeout)
        except psycopg.Error as error:
            self.fault = error
            raise
        self.fault = None
        return connection


class StoreDatastore(PostgresDatastore):
    """The library's datastore over our pool, opened when it is first used."""

    def __init__(self, url: str, *, lock_timeout_seconds: int) -> None:
        try:
            self.options: dict[str, Any] = _DEFAULTS | conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise MisconfiguredError("store url: it is no PostgreSQL URL (postgresql://user@host:5432/name)") from None
        super().__init__("", "", "", "", "", lock_timeout=lock_timeout_seconds, schema=SCHEMA)
        settings: dict[str, Any] = {
            **self.options,
            "autocommit": True,
            "row_factory": dict_row,
            "cursor_factory": StoreCursor,
        }
        self._settings = settings
        self._opening = threading.Lock()
        self._opened = False
        self.store_pool = StorePool(
            connection_class=StoreConnection,
            kwargs=settings,
            min_size=1,
            max_size=POOL_SIZE,
            open=False,
            configure=_configurer(lock_timeout_seconds),
            timeout=POOL_TIMEOUT_SECONDS,
            reconnect_timeout=60.0,
            num_workers=2,
        )
        self.pool = cast("Any", self.store_pool)  # the library's name for it; its type is narrower than it needs

    def register_type_adapters(self) -> None:
        """Ask the server for nothing when a recorder is made; `know_types` does on the connection that inserts."""

    def know_types(self, connection: psycopg.Connection[Any]) -> None:
        """Make a connection know the types the library inserts by."""
        for name in self.db_type_names:
            info = self.psycopg_type_adapters.get(name) or CompositeInfo.fetch(connection, f"{SCHEMA}.{name}")
            if info is None:
                raise MisconfiguredError(f"the store has no type {name}: run `tieout init`")
            if not connection.adapters.types.get(info.oid):
                register_composite(info, connection)
                self.psycopg_type_adapters[name], self.psycopg_python_types[name] = info, info.python_type

    @contextlib.contextmanager
    def get_connection(self) -> Iterator[Any]:
        """Hand a connection to the library; its faults leave as psycopg's, the database gives the verdict."""
        connection = self._checked_out()
        try:
            yield connection
        finally:
            self.store_pool.putconn(connection)

    @contextlib.contextmanager
    def begun(self, begin: str) -> Iterator[StoreCursor]:
        """Run a transaction; it is committed at the end of the block, rolled back when the block raises."""
        connection = self._begin(begin)
        try:
            try:
                yield StoreCursor(connection, row_factory=dict_row)
            except BaseException:
                _roll_back(connection)
                raise
            if connection.execute("COMMIT", prepare=False).statusmessage != "COMMIT":
                raise StoreError("the transaction was rolled back: a statement in it had failed")
        finally:
            self.store_pool.putconn(connection)

    def _begin(self, begin: str) -> StoreConnection:
        """Begin on a connection that lives. Nothing has run yet, so one that died while idle is replaced."""
        for attempt in range(POOL_SIZE + 1):
            connection = self._checked_out()
            try:
                connection.execute(begin.encode(), prepare=False)
            except psycopg.OperationalError:
                lost = connection.closed
                self.store_pool.putconn(connection)
                if not lost or attempt == POOL_SIZE:
                    raise
            except BaseException:
                connection.close()
                self.store_pool.putconn(connection)
                raise
            else:
                return connection
        raise AssertionError("unreachable")

    def _checked_out(self) -> StoreConnection:
        self._open()
        try:
            connection = self.store_pool.getconn()
        except PoolTimeout as error:
            if self.store_pool.fault is not None:
                raise self.store_pool.fault from error
            raise
        return connection

    def _open(self) -> None:
        """Connect once before the pool does: its workers would keep the reason to themselves until the time-out."""
        with self._opening:
            if not self._opened:
                StoreConnection.connect(**self._settings).close()
                self.store_pool.open()
                self._opened = True


class _NulDumper(StrDumperUnknown):
    """Writes a text; NUL as a code point that PostgreSQL can hold."""

    def dump(self, obj: str) -> Any:
        """Give the text's bytes."""
        return super().dump(obj.replace("\0", _NUL) if "\0" in obj else obj)


class _NulLoader(TextLoader):
    """Reads a text back."""

    def load(self, data: Any) -> Any:
        """Give the text."""
        text = super().load(data)
        return text.replace(_NUL, "\0") if isinstance(text, str) and _NUL in text else text


def _configurer(lock_timeout_seconds: int) -> Any:
    settings = sql.SQL(
        "SET search_path = {schema}; SET lock_timeout = {lock}; SET statement_timeout = {statement};"
        " SET idle_in_transaction_session_timeout = {idle}; SET client_encoding = 'UTF8'; SET TimeZone = 'UTC';"
        # What is said to be durable is, whatever this server's default.
        " SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    ).format(
        schema=sql.Identifier(SCHEMA),
        lock=f"{lock_timeout_seconds}s",
        statement=f"{STATEMENT_SECONDS}s",
        idle=f"{IDLE_SECONDS}s",
    )

    def configure(connection: psycopg.Connection[Any]) -> None:
        connection.adapters.register_dumper(str, _NulDumper)
        connection.adapters.register_loader("text", _NulLoader)
        connection.execute(settings, prepare=False)

    return configure


def _roll_back(connection: StoreConnection) -> None:
    try:
        connection.execute("ROLLBACK", prepare=False)
    except psycopg.Error:
        # Verdict: the server rolls back what it was told nothing more of; the connection is thrown away.
        connection.close()
