"""The one way configuration is written: row, audit entry and change event in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Table, func, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError

from kiestoon.company.model import Company, Device, Row, Trunk
from kiestoon.store import tables
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault
from kiestoon.store.load import TABLES, secret_place
from kiestoon.store.rules import check_row, describe

RowT = TypeVar("RowT", bound=Row)


class Changes:
    """Configuration changes of one person in one transaction. Obtained from ``changing``."""

    def __init__(self, connection: Connection, vault: Vault, acting_user: str, at_ms: int) -> None:
        self._connection = connection
        self._vault = vault
        self._acting_user = acting_user
        self._at_ms = at_ms
        self._last_ids: dict[Table, int] = {}

    def add(self, row: RowT) -> RowT:
        """Write a new row (its ``id`` is ignored) and return it with its id; raises ``InvalidRowError``."""
        check_row(self._connection, row)
        cells = self._cells(row)
        table = TABLES[type(row)]
        del cells["id"]
        if (new_id := self._new_id(table)) is not None:
            cells["id"] = new_id
        with _taken(row):
            row_id = self._connection.execute(insert(table).values(cells).returning(table.c.id)).scalar_one()
        added = msgspec.structs.replace(row, id=row_id)
        self._note("added", added)
        return added

    def update(self, row: Row) -> None:
        """Write a row's new state; raises ``InvalidRowError``, also when it is gone."""
        check_row(self._connection, row)
        table = TABLES[type(row)]
        with _taken(row):
            result = self._connection.execute(update(table).where(table.c.id == row.id).values(self._cells(row)))
        if result.rowcount == 0:
            raise InvalidRowError(f"The {describe(row)} was not written: it no longer exists", "List them again")
        self._note("updated", row)

    def remove(self, row: Row) -> None:
        """Delete a row and what belongs to it; one that is gone already is ignored."""
        table = TABLES[type(row)]
        if self._connection.execute(sql_delete(table).where(table.c.id == row.id)).rowcount:
            self._note("removed", row)

    def _cells(self, row: Row) -> dict[str, Any]:
        cells = msgspec.structs.asdict(row)
        if "secret" in cells:
            secret = cells["secret"]
            cells["secret"] = self._vault.encrypt(secret, secret_place(type(row), cells)) if secret else None
        return cells

    def _new_id(self, table: Table) -> int | None:
        """An id no row ever had; None: the database sees to it.

        SQLite gives the id of the last row, once removed, to the next one: whoever is added after a company would get
        that company's call records.
        """
        if self._connection.dialect.name != "sqlite":
            return None
        if table not in self._last_ids:
            changed = tables.changes.c
            queries = (
                select(func.max(table.c.id)),
                select(func.max(changed.row_id)).where(changed.table_name == table.name),
            )
            self._last_ids[table] = max(self._connection.execute(query).scalar() or 0 for query in queries)
        self._last_ids[table] += 1
        return self._last_ids[table]

    def _note(self, action: str, row: Row) -> None:
        details = msgspec.structs.asdict(row)
        details.pop("secret", None)
        company_id = row.id if isinstance(row, Company) else details.get("company_id")
        self._connection.execute(
            insert(tables.changes).values(
                at_ms=self._at_ms,
                acting_user=self._acting_user,
                action=action,
                table_name=TABLES[type(row)].name,
                row_id=row.id,
                company_id=company_id,
                details=details,
            )
        )


@contextmanager
def changing(database: Database, vault: Vault, *, acting_user: str, now_ms: int | None = None) -> Iterator[Changes]:
    """One transaction of changes: all or nothing. ``now_ms`` is wall time (the clock's when None)."""
    at_ms = int(time.time() * 1000) if now_ms is None else now_ms
    with database.write() as connection:
        yield Changes(connection, vault, acting_user, at_ms)


def get_setting(database: Database, name: str) -> str | None:
    """One of the installation's settings."""
    with database.read() as connection:
        query = select(tables.settings.c.value).where(tables.settings.c.name == name)
        value = connection.execute(query).scalar()
    return None if value is None else str(value)


def put_setting(database: Database, name: str, value: str) -> None:
    """Write one of the installation's settings."""
    table = tables.settings
    with database.write() as connection:
        if connection.execute(update(table).where(table.c.name == name).values(value=value)).rowcount == 0:
            connection.execute(insert(table).values(name=name, value=value))


@contextmanager
def _taken(row: Row) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        unique = {Device: "user name", Trunk: "name", Company: "domain"}.get(type(row), "number")
        raise InvalidRowError(
            f"The {describe(row)} was not written: its {unique} is taken already, or its company does not exist",
            f"Choose another {unique}",
        ) from None
