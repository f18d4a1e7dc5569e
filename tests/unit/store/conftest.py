"""A database of each kind: SQLite and PostgreSQL.

A test that asks for ``vault`` finds our tables; without it the database is empty. The databases with tables are made
once and emptied for each test, with one engine each: neither copying them nor what SQLAlchemy has to compile costs much
then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installed import copy_database
from postgresql_server import PostgresqlServer

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault
from kiestoon.store.schema import migrate


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server for this test run (each worker of a parallel run has its own)."""
    server = PostgresqlServer()
    yield server
    server.stop()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An empty one, for what is SQLite's alone."""
    database = Database(sqlite_url(tmp_path / "kiestoon.db"))
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql: PostgresqlServer) -> Iterator[Database]:
    """An empty one, for what is PostgreSQL's alone."""
    database = Database(postgresql.create("empty"))
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A database of each kind: empty or, for tests that have the key, with our tables."""
    if "vault" in request.fixturenames:
        emptied: Callable[[], Database] = request.getfixturevalue(f"kept_{request.param}")
        return emptied()
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    """The key."""
    return prepare(database, tmp_path / "installation.key")


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
