"""What goes with a row that is taken away, and what stays without it. Foreign keys tell: every table counts."""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, func, not_, or_, select

from kiestoon.company.model import Row
from kiestoon.store import tables
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES


class Dependents(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by table name: ``gone`` are deleted too, ``left`` only lose their link. Tables without any are left out."""

    gone: dict[str, int]
    left: dict[str, int]


def count_dependents(connection: Connection, row: Row) -> Dependents:
    """What depends on a row, also through other rows."""
    start = TABLES[type(row)]
    gone: dict[Table, ColumnElement[bool]] = {start: start.c.id == row.id}
    left: dict[Table, ColumnElement[bool]] = {}
    for table in tables.metadata.sorted_tables:  # whoever is pointed to comes first
        if table is not start and (links := _links(table, gone, "CASCADE")):
            gone[table] = or_(*links)
    for table in tables.metadata.sorted_tables:
        if links := _links(table, gone, "SET NULL"):
            stays = [not_(gone[table])] if table in gone else []
            left[table] = and_(or_(*links), *stays)
    del gone[start]
    for table in set(gone) - set(TABLES.values()):
        del gone[table]  # book-keeping beside the rows: internal numbers, sessions
    return Dependents(gone=_counts(connection, gone), left=_counts(connection, left))


def _links(table: Table, gone: dict[Table, ColumnElement[bool]], on_delete: str) -> list[ColumnElement[bool]]:
    """For each column of ``table`` that points into rows that go: that it does."""
    return [
        key.parent.in_(select(key.column).where(gone[key.column.table]))
        for key in table.foreign_keys
        if key.ondelete == on_delete and key.column.table in gone
    ]


def _counts(connection: Connection, conditions: dict[Table, ColumnElement[bool]]) -> dict[str, int]:
    counted = {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(condition), execution_options=INSTALLATION
        ).scalar_one()
        for table, condition in conditions.items()
    }
    return {name: count for name, count in counted.items() if count}
