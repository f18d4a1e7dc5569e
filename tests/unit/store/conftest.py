"""An installation in a temporary folder, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault
from kiestoon.store.schema import migrate

_NAME = "kiestoon"


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
    database = Database(postgresql.create(_NAME))
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of each kind."""
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


@pytest.fixture
def vault(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Vault:
    """The key; ``database`` has our tables from then on. They are copied: migrating takes a second or two."""
    if database.is_sqlite:
        shutil.copy(request.getfixturevalue("migrated_file"), str(database.url.database))
    else:
        server, template = request.getfixturevalue("postgresql"), request.getfixturevalue("migrated_name")
        server.create(_NAME, template)
    return prepare(database, tmp_path / "installation.key")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "kiestoon.db"
    _migrate(sqlite_url(path))
    return path


@pytest.fixture(scope="session")
def migrated_name(postgresql: PostgresqlServer) -> str:
    _migrate(postgresql.create("migrated"))
    return "migrated"


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()
