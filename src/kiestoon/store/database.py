"""Opening the database: engines, SQLite's settings, and database errors said in the operator's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.scope import watch

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_BUSY_TIMEOUT_MS = 5000
_WRITING: dict[str, Any] = {"kiestoon_writing": True}
_WRITING_DURABLY: dict[str, Any] = {**_WRITING, "kiestoon_durable": True}
_LOCK_TIMEOUT_MS = 30_000
_LOCK_TIMEOUT = select(func.set_config("lock_timeout", f"{_LOCK_TIMEOUT_MS}ms", True))
_LOCK = select(func.pg_advisory_xact_lock(0x4B696573746F6F6E))  # "Kiestoon": one number for the whole database
_json_encoder = msgspec.json.Encoder()
_json_decoder = msgspec.json.Decoder()


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


class Database:
    """One database by URL (``sqlite:///…`` or ``postgresql+psycopg://…``). Connections are made when needed."""

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError:
            raise DatabaseUnavailableError(
                "The database URL cannot be read", "Write it as sqlite:///path or postgresql+psycopg://user@host/name"
            ) from None
        self._engine: Engine | None = None

    @property
    def place(self) -> str:
        """Where the database is, without a password, for messages."""
        return self.url.database or "" if self.is_sqlite else self.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> Engine:
        """The synchronous engine."""
        if self._engine is None:
            try:
                self._engine = create_engine(
                    self.url,
                    json_serializer=encode_json,
                    json_deserializer=_json_decoder.decode,
                    pool_pre_ping=not self.is_sqlite,  # a server may have been restarted since
                )
            except (NoSuchModuleError, ModuleNotFoundError) as error:
                raise _missing_driver(error) from None
            if self.is_sqlite:
                _prepare_sqlite(self._engine)
            watch(self._engine)
        return self._engine

    def async_engine(self) -> AsyncEngine:
        """An asynchronous engine for the web process; the caller disposes of it."""
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - greenlet is not loaded by the others

        url = self.url.set(drivername="sqlite+aiosqlite") if self.is_sqlite else self.url
        try:
            engine = create_async_engine(url, json_serializer=encode_json, json_deserializer=_json_decoder.decode)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise _missing_driver(error) from None
        if self.is_sqlite:
            _prepare_sqlite(engine.sync_engine)
        watch(engine.sync_engine)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot for reading; database errors come out as ``DatabaseUnavailableError``."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._explained(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = False, durable: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back when anything is raised.

        ``alone``: no other such transaction runs meanwhile. So what is checked over several rows still holds when it is
        written, and the change feed's ids appear in their order. SQLite has one writer at a time in any case.
        ``durable``: what was committed survives a power cut from the moment this returns.
        """
        options = _WRITING_DURABLY if durable else _WRITING
        with self._explained(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            if alone and not self.is_sqlite:
                connection.execute(_LOCK_TIMEOUT)
                connection.execute(_LOCK)
            yield connection

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explain(error, self.place) from error


def encode_json(value: object) -> str:
    """JSON as text, for the JSON columns."""
    return _json_encoder.encode(value).decode()


def explain(error: DBAPIError, place: str) -> DatabaseUnavailableError:
    """Say in the operator's words what the database driver reported."""
    text = str(error.orig)
    if "database or disk is full" in text or "No space left on device" in text:
        what, do = f"The disk that holds {place} is full", "Make room on it and start again"
    elif "unable to open database file" in text:
        what, do = f"The database {place} cannot be opened", "Check that its folder exists and belongs to this user"
    elif "readonly" in text:
        what, do = (
            f"The database {place} cannot be written",
            "Check the owner and permissions of the file and its folder",
        )
    elif "locked" in text or "lock timeout" in text:
        what, do = f"The database {place} is locked by another process", "End that process, or try again in a moment"
    elif "deadlock detected" in text or "could not serialize" in text:
        what, do = f"Two writers of the database {place} were in each other's way", "Try again"
    elif "authentication failed" in text or "no password supplied" in text or "no pg_hba.conf entry" in text:
        what, do = f"The database server refuses the login of {place}", "Check user and password in the database URL"
    elif "does not exist" in text and isinstance(error, OperationalError):
        what, do = f"The database {place} does not exist", "Create it and its user, or correct the database URL"
    elif "connection failed" in text or "connection is bad" in text or "server closed the connection" in text:
        what, do = f"The database server of {place} is not reached", "Start it, or correct the database URL"
    elif "malformed" in text or "not a database" in text:
        what, do = f"The database {place} is damaged", "Restore it from the backup"
    else:
        what, do = f"The database {place} failed: {text.splitlines()[0]}", "Check the database server and its log"
    return DatabaseUnavailableError(what, do)


def _missing_driver(error: Exception) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"The driver for this kind of database is not installed ({error})",
        "Install it (for PostgreSQL: pip install 'kiestoon[postgresql]', URL postgresql+psycopg://…)",
    )


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _begin_sqlite(connection: Connection) -> None:
    """Begin for real: Python's driver would start a transaction only at the first write, so two SELECTs saw two states.

    Writers take the lock at once: upgrading a reader fails without waiting when somebody else wrote meanwhile.
    """
    options = connection.get_execution_options()
    writing = options.get("kiestoon_writing", False)
    if writing:  # FULL: the log is synced at the commit; the connection may have served for the other kind before
        level = "FULL" if options.get("kiestoon_durable", False) else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _configure_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun in _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=NORMAL",  # with WAL: a power cut may lose the last commits, never the file (see _begin_sqlite)
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
