"""A database of each kind: SQLite and PostgreSQL.

A test that asks for ``vault`` finds our tables; without it the database is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault


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
