"""Versions of the database, and errors said in the operator's words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from postgresql_server import PostgresqlServer
from sqlalchemy import text

from kiestoon.store import schema
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.errors import DatabaseUnavailableError, SchemaOutdatedError, SchemaTooNewError


def test_the_list_of_revisions_is_that_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([script.revision for script in scripts])) == schema.REVISIONS


def test_migrating_twice_changes_nothing(database: Database) -> None:
    schema.migrate(database)
    assert schema.migrate(database) == (schema.REVISIONS[-1], schema.REVISIONS[-1])
    schema.check_schema(database)


def test_a_database_from_a_newer_version_is_refused(database: Database) -> None:
    schema.migrate(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (schema.migrate, schema.check_schema):
        with pytest.raises(SchemaTooNewError, match=r"newer version of Kiestoon .*Install that newer version"):
            attempt(database)


def test_an_empty_database_must_be_migrated_first(database: Database) -> None:
    with pytest.raises(SchemaOutdatedError, match="kiestoon migrate"):
        schema.check_schema(database)


def test_sqlite_is_opened_with_wal_and_foreign_keys(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_reader_sees_one_state_while_another_writes(database: Database, tmp_path: Path) -> None:
    schema.migrate(database)
    count = text("SELECT count(*) FROM settings")
    with database.read() as reader:
        assert reader.execute(count).scalar() == 0
        with database.write() as writer:
            writer.execute(text("INSERT INTO settings VALUES ('a', 'b')"))
        assert reader.execute(count).scalar() == 0
    with database.read() as reader:
        assert reader.execute(count).scalar() == 1


def test_what_the_driver_reports_is_said_in_the_operators_words(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"this is no database at all" * 100)
    cases = {
        sqlite_url(tmp_path / "no" / "such" / "folder.db"): "cannot be opened",
        sqlite_url(tmp_path / "junk.db"): "Restore it from the backup",
    }
    for url, message in cases.items():
        with pytest.raises(DatabaseUnavailableError, match=message):
            schema.current_revision(Database(url))


def test_a_full_disk_is_named(sqlite_database: Database) -> None:
    schema.migrate(sqlite_database)

    def write_too_much() -> None:
        with sqlite_database.write() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar()
            connection.execute(text(f"PRAGMA max_page_count={pages}"))
            connection.execute(text("INSERT INTO settings VALUES ('big', :value)"), {"value": "x" * 200_000})

    with pytest.raises(DatabaseUnavailableError, match=r"The disk that holds .* is full"):
        write_too_much()


@pytest.mark.parametrize("url", ["nonsense", "martian://here/db", "postgresql+nodriver://localhost/x"])
def test_a_bad_url_is_an_operators_problem(url: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        schema.current_revision(Database(url))


def test_a_password_in_the_url_is_not_shown() -> None:
    assert "geheim" not in Database("postgresql+psycopg://me:geheim@db/kiestoon").place


def test_the_file_is_an_ordinary_sqlite_file(sqlite_database: Database, tmp_path: Path) -> None:
    schema.migrate(sqlite_database)
    with sqlite3.connect(tmp_path / "kiestoon.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_is_wrong_with_the_server_is_said_in_the_operators_words(postgresql: PostgresqlServer) -> None:
    folder = postgresql.folder
    cases = {
        postgresql.url("nowhere"): "nowhere.* does not exist. Create it",
        f"postgresql+psycopg://stranger@/postgres?host={folder}": "stranger.* does not exist",
        "postgresql+psycopg://me@127.0.0.1:1/kiestoon": "server of .* is not reached",
    }
    for url, message in cases.items():
        with pytest.raises(DatabaseUnavailableError, match=message):
            schema.current_revision(Database(url))


def test_a_server_that_was_restarted_is_used_again(postgresql_database: Database, postgresql: PostgresqlServer) -> None:
    schema.migrate(postgresql_database)
    postgresql.drop_connections()
    schema.check_schema(postgresql_database)
