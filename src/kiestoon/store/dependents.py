"""What goes with a row that is taken away, and what stays without it. Foreign keys tell: every table counts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec
from sqlalchemy import ColumnElement, Connection, ForeignKeyConstraint, Table, and_, func, not_, or_, select, tuple_

from kiestoon.company.model import BY_ROW, Row
from kiestoon.store import tables
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES

_Conditions = dict[Table, ColumnElement[bool]]
_ROW_OF = {table: row_type for row_type, table in TABLES.items()}


class Dependents(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by table name: ``gone`` are deleted too, ``left`` only lose their link. Tables without any are left out."""

    gone: dict[str, int]
    left: dict[str, int]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The rows themselves: ``gone`` with whoever they point to first, ``left`` as they are and as they will be."""

    gone: tuple[Row, ...]
    left: tuple[tuple[Row, Row], ...]


def count_dependents(connection: Connection, row: Row) -> Dependents:
    """What depends on a row, also through other rows and through its internal number."""
    gone, left = _conditions(row)
    return Dependents(gone=_counts(connection, gone), left=_counts(connection, left))


def list_dependents(connection: Connection, row: Row) -> Loss:
    """The rows that ``count_dependents`` counts. Secrets are left out."""
    gone, left = _conditions(row)
    lost = [found for table, condition in gone.items() for found in _rows(connection, table, condition)]
    changed: list[tuple[Row, Row]] = []
    for table, condition in left.items():
        for old in _rows(connection, table, condition):
            cleared = dict.fromkeys(_cleared(connection, table, old, row, gone))
            changed.append((old, msgspec.structs.replace(old, version=old.version + 1, **cleared)))
    return Loss(gone=tuple(lost), left=tuple(changed))


def _conditions(row: Row) -> tuple[_Conditions, _Conditions]:
    """Which rows of which tables go with it, and which stay without it."""
    start = TABLES[type(row)]
    going: _Conditions = {start: start.c.id == row.id}
    number = getattr(row, "extension", "") if BY_ROW[type(row)].has_extension else ""
    if number:
        own = tables.extensions
        going[own] = and_(own.c.company_id == getattr(row, "company_id", None), own.c.number == number)
    left: _Conditions = {}
    for table in _reached(start, bool(number)):  # whoever is pointed to comes first
        if table not in going and (links := _links(table, going, "CASCADE")):
            going[table] = or_(*links)
    for table in _reached(start, bool(number)):
        if table in _ROW_OF and (links := _links(table, going, "SET NULL")):
            stays = [not_(going[table])] if table in going else []
            left[table] = and_(or_(*links), *stays)
    # Book-keeping beside the rows is left out: internal numbers, sessions.
    gone = {table: condition for table, condition in going.items() if table is not start and table in _ROW_OF}
    return gone, left


@cache
def _reached(start: Table, by_number: bool) -> tuple[Table, ...]:
    """Tables whose rows may go or lose a link, in the order of ``sorted_tables``."""
    going = {start, tables.extensions} if by_number else {start}
    reached: list[Table] = []
    for table in tables.metadata.sorted_tables:
        actions = {key.ondelete for key in table.foreign_key_constraints if key.referred_table in going}
        if "CASCADE" in actions:
            going.add(table)
        if actions & {"CASCADE", "SET NULL"}:
            reached.append(table)
    return tuple(reached)


def _links(table: Table, going: _Conditions, on_delete: str) -> list[ColumnElement[bool]]:
    """For each foreign key of ``table`` that points into rows that go: that it does."""
    return [_points(key, going[key.referred_table]) for key in _keys(table, on_delete) if key.referred_table in going]


def _keys(table: Table, on_delete: str) -> Iterator[ForeignKeyConstraint]:
    return (key for key in table.foreign_key_constraints if key.ondelete == on_delete)


def _points(key: ForeignKeyConstraint, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    there = [element.column for element in key.elements]
    return tuple_(*key.columns).in_(select(*there).where(condition))


def _rows(connection: Connection, table: Table, condition: ColumnElement[bool]) -> Iterator[Row]:
    row_type = _ROW_OF[table]
    query = select(*columns_of(row_type)).where(condition).order_by(table.c.id)
    read = row_reader(row_type, None)
    return (read(values) for values in connection.execute(query, execution_options=INSTALLATION))


def _cleared(connection: Connection, table: Table, left: Row, row: Row, gone: _Conditions) -> Iterator[str]:
    """The fields of a row that will be empty."""
    start = TABLES[type(row)]
    conditions = {**gone, start: start.c.id == row.id}
    for key in _keys(table, "SET NULL"):
        condition = conditions.get(key.referred_table)
        if condition is None:
            continue
        query = select(table.c.id).where(table.c.id == left.id, _points(key, condition))
        if connection.execute(query, execution_options=INSTALLATION).first() is not None:
            yield from (column.name for column in key.columns)


def _counts(connection: Connection, conditions: _Conditions) -> dict[str, int]:
    counted = {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(condition), execution_options=INSTALLATION
        ).scalar_one()
        for table, condition in conditions.items()
    }
    return {name: count for name, count in counted.items() if count}
