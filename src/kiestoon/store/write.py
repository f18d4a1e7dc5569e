"""The one way configuration is written: row, audit entry and change event in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError

from kiestoon.company.model import BY_ROW, Row
from kiestoon.store import tables
from kiestoon.store.cells import columns_of, row_reader, row_to_cells
from kiestoon.store.database import Database
from kiestoon.store.dependents import list_dependents
from kiestoon.store.errors import ConflictError
from kiestoon.store.followers import IN_CELLS, followed, list_followers
from kiestoon.store.keys import Vault
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.rules.check import check_removal, check_row, company_of, refusal
from kiestoon.store.rules.peek import describe, label_of
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES

RowT = TypeVar("RowT", bound=Row)
ROW_NAME = "row_name"
"""In the details of what was recorded beside a row's fields: what the row was called."""


class Changes:
    """Configuration changes of one person in one transaction. Obtained from ``changing``."""

    def __init__(
        self, connection: Connection, vault: Vault, acting_user: str, at_ms: int, acting_for: str = ""
    ) -> None:
        self.connection = connection
        self._vault = vault
        self._acting_user = acting_user
        self._acting_for = acting_for
        self._at_ms = at_ms

    def whole(self, row_type: type[RowT], company_id: int, row_id: int) -> RowT | None:
        """A row of the company as it is, with its secret: to be written again. None: there is no such row."""
        rows = iterate_rows(self.connection, row_type, vault=self._vault, row_id=row_id, company_id=company_id)
        return next(rows, None)

    def add(self, row: RowT) -> RowT:
        """Write a new row (its ``id`` and ``version`` are ignored) and return it with them.

        Raises ``InvalidRowError``.
        """
        row = msgspec.structs.replace(row, id=0, version=1)
        check_row(self.connection, row)
        table = TABLES[type(row)]
        with _guarded(row):
            self._claim(row)
            cells = row_to_cells(row, self._vault)
            row_id = self.connection.execute(insert(table).values(cells).returning(table.c.id)).scalar_one()
        added = msgspec.structs.replace(row, id=row_id)
        self._note("added", added, None)
        return added

    def update(self, row: RowT) -> RowT:
        """Write a row's new state and return it with its new version.

        Rows that refer to an extension that gets another number follow, each with a new version and an entry of its
        own. Raises ``InvalidRowError``; a ``ConflictError`` when it is gone or was written by others since
        ``row.version``.
        """
        old = self._current(row)
        check_row(self.connection, row)
        table = TABLES[type(row)]
        changed = followed(row, _own_number(old), _own_number(row)) if _own_number(old) else row
        changed = msgspec.structs.replace(changed, version=row.version + 1)
        with _guarded(row):
            self._renumber(old, row)
            condition = (table.c.id == row.id) & (table.c.version == row.version)
            query = update(table).where(condition).values(row_to_cells(changed, self._vault))
            self.connection.execute(query, execution_options=INSTALLATION)
        self._note("updated", changed, old)
        return changed

    def remove(self, row: Row) -> None:
        """Delete a row and what belongs to it; one that is gone already is ignored.

        What goes with it, and what loses its link to it, is noted as well. Raises ``ConflictError`` naming what still
        uses it.
        """
        check_removal(self.connection, row)
        table = TABLES[type(row)]
        loss = list_dependents(self.connection, row)
        with _guarded(row):
            for old, left in loss.left:
                self._loosen(old, left)
            query = sql_delete(table).where(table.c.id == row.id)
            gone = self.connection.execute(query, execution_options=INSTALLATION).rowcount
            if gone:
                self._release(row)
        if gone:
            self._enter_all([self._cells("removed", other, _shown(other), None) for other in loss.gone])
            self._note("removed", row, None)

    def record(self, action: str, row: Row, **details: Any) -> None:
        """Note in the audit trail what was done to a row beside its fields: a password set, a view entered."""
        self._enter(action, row, {ROW_NAME: label_of(row), **details}, None)

    # --- parts -----------------------------------------------------------------------------------------------------

    def _current(self, row: RowT) -> RowT:
        table = TABLES[type(row)]
        query = select(*columns_of(type(row))).where(table.c.id == row.id)
        values = self.connection.execute(query, execution_options=INSTALLATION).first()
        if values is None:
            raise refusal(row, (problem("", "gone"),))
        current = row_reader(type(row), None)(values)
        if current.version != row.version:
            raise refusal(row, (problem("", "changed_meanwhile"),))
        return current

    def _claim(self, row: Row) -> None:
        """Enter the row's internal number: whoever refers to it needs it there, and nobody else can have it."""
        number = _own_number(row)
        if number:
            cells = {"company_id": company_of(row), "number": number, "table_name": BY_ROW[type(row)].table}
            self.connection.execute(insert(tables.extensions).values(cells))

    def _renumber(self, old: Row, new: Row) -> None:
        before, after = _own_number(old), _own_number(new)
        if before == after:
            return
        if before and after:
            followers = list_followers(self.connection, company_of(old), before, old)
            table = tables.extensions
            condition = (table.c.company_id == company_of(old)) & (table.c.number == before)
            self.connection.execute(update(table).where(condition).values(number=after))
            for row in followers:
                self._follow(row, before, after)
        elif after:
            self._claim(new)
        else:
            raise refusal(new, (problem("extension", "needs_target"),))

    def _follow(self, row: Row, before: str, after: str) -> None:
        """Note that a row has followed an extension; what the database could not follow is written."""
        now = msgspec.structs.replace(followed(row, before, after, own=True), version=row.version + 1)
        table, listed = TABLES[type(row)], IN_CELLS.get(type(row))
        cells: dict[str, Any] = {"version": now.version}
        if listed is not None:
            cells[listed] = list(getattr(now, listed))
        query = update(table).where(table.c.id == row.id).values(cells)
        self.connection.execute(query, execution_options=INSTALLATION)
        self._note("updated", now, row)

    def _loosen(self, old: Row, left: Row) -> None:
        """Clear a row's links to what goes; the database would do it, but leave no trace."""
        names = [name for name in left.__struct_fields__ if getattr(left, name) != getattr(old, name)]
        table = TABLES[type(old)]
        query = update(table).where(table.c.id == old.id).values({name: getattr(left, name) for name in names})
        self.connection.execute(query, execution_options=INSTALLATION)
        self._note("updated", left, old)

    def _release(self, row: Row) -> None:
        number = _own_number(row)
        if number:
            table = tables.extensions
            condition = (table.c.company_id == company_of(row)) & (table.c.number == number)
            self.connection.execute(sql_delete(table).where(condition))

    def _note(self, action: str, row: Row, old: Row | None) -> None:
        details = _shown(row)
        before = None
        if old is not None:
            before = {name: value for name, value in _shown(old).items() if details.get(name) != value}
        self._enter(action, row, details, before)

    def _enter(self, action: str, row: Row, details: dict[str, Any], before: dict[str, Any] | None) -> None:
        self._enter_all([self._cells(action, row, details, before)])

    def _cells(self, action: str, row: Row, details: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "at_ms": self._at_ms,
            "acting_user": self._acting_user,
            "acting_for": self._acting_for,
            "action": action,
            "table_name": TABLES[type(row)].name,
            "row_id": row.id,
            "company_id": company_of(row),
            "details": details,
            "before": before,
        }

    def _enter_all(self, entries: list[dict[str, Any]]) -> None:
        if entries:
            self.connection.execute(insert(tables.changes), entries)


def _own_number(row: Row) -> str:
    return str(getattr(row, "extension", "")) if BY_ROW[type(row)].has_extension else ""


def _shown(row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(row)
    shown.pop("secret", None)
    return shown


@contextmanager
def changing(
    database: Database, vault: Vault, *, acting_user: str, acting_for: str = "", now_ms: int | None = None
) -> Iterator[Changes]:
    """One transaction of changes: all or nothing. ``now_ms`` is wall time (the clock's when None).

    ``acting_for`` names the person in whose view ``acting_user`` is working (ORG-3).
    """
    at_ms = int(time.time() * 1000) if now_ms is None else now_ms
    with database.write(alone=True) as connection:
        yield Changes(connection, vault, acting_user, at_ms, acting_for)


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
def _guarded(row: Row) -> Iterator[None]:
    """The database's own guard: two writers at once, or a reference no rule above knows."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(
            f"The {describe(row)} was not written: the database refuses it ({str(error.orig).splitlines()[0]})",
            "Load it again and repeat your change",
        ) from None
