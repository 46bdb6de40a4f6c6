"""When a database connects: at its first use, so that one made before a fork shares nothing with the children."""

import threading
from contextlib import closing

from adapters.eventlog.postgres import PostgresDatabase


def test_a_database_opens_its_pool_when_it_is_first_used(postgres_url: str) -> None:
    with closing(PostgresDatabase(postgres_url)) as database:
        pool = database.datastore.store_pool
        closed = [pool.closed]
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith(f"{pool.name}-")] == []
        with database.reading() as cursor:
            cursor.execute("SELECT 1 AS one")
            assert cursor.fetchone() == {"one": 1}
        closed.append(pool.closed)
    assert [*closed, pool.closed] == [True, False, True]
