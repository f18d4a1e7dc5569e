"""Databases with our tables, for whoever needs them.

They are made once and emptied for each test, with one engine each: neither making them nor what SQLAlchemy has to
compile costs much then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from installed import copy_database
from postgresql_server import PostgresqlServer

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.schema import migrate


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server for this test run (each worker of a parallel run has its own)."""
    server = PostgresqlServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kept_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Database]]:
    """Gives the one with our tables, without any rows."""
    path = tmp_path_factory.mktemp("kept") / "kiestoon.db"
    database = Database(sqlite_url(path))

    def empty() -> Database:
        database.engine.dispose()  # no connection may hold what is replaced
        copy_database(path)
        return database

    yield empty
    database.close()


@pytest.fixture(scope="session")
def kept_postgresql(postgresql: PostgresqlServer) -> Iterator[Callable[[], Database]]:
    """The same on the server."""
    database = Database(postgresql.create("kept"))
    migrate(database)

    def empty() -> Database:
        postgresql.empty("kept")
        return database

    yield empty
    database.close()
