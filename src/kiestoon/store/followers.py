"""What follows an extension that gets another number: every row that refers to it by number.

The database follows by itself (ON UPDATE CASCADE); here are the rows, so that each change leaves its trace and a new
version. Lists of extensions inside a cell the database does not know; they are written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, or_, select

from kiestoon.company.model import BY_ROW, CallClass, Destination, Row
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.columns import fields_of
from kiestoon.store.tables import TABLES, extensions

RowT = TypeVar("RowT", bound=Row)

IN_CELLS: Final[dict[type[Row], str]] = {CallClass: "extensions"}
"""Rows with a list of extensions, and the field it is in."""


def list_followers(connection: Connection, company_id: int | None, number: str, but: Row) -> list[Row]:
    """The company's rows that refer to an extension, without the one that has it."""
    found = [row for row_type in _referring() for row in _by_key(connection, row_type, company_id, number)]
    found += [row for row_type in IN_CELLS for row in _in_cells(connection, row_type, company_id, number)]
    return [row for row in found if type(row) is not type(but) or row.id != but.id]


def followed(row: RowT, before: str, after: str, *, own: bool = False) -> RowT:
    """A row with the new number wherever it had the old one. ``own``: also where it is its own."""
    changed: dict[str, Any] = {}
    for field in fields_of(BY_ROW[type(row)]):
        value = getattr(row, field.name)
        if isinstance(value, Destination) and value.kind in {"extension", "voicemail"} and value.target == before:
            changed[field.name] = Destination(value.kind, after)
        elif value == before and (kind := field.meta.get("extension")) and (own or kind != "own"):
            changed[field.name] = after
    listed = IN_CELLS.get(type(row))
    if listed is not None and before in getattr(row, listed):
        changed[listed] = tuple(after if number == before else number for number in getattr(row, listed))
    return msgspec.structs.replace(row, **changed) if changed else row


@cache
def _referring() -> dict[type[Row], tuple[str, ...]]:
    """The columns by which rows of each type refer to extensions."""
    found = {
        row_type: tuple(key.column_keys[1] for key in table.foreign_key_constraints if key.referred_table is extensions)
        for row_type, table in TABLES.items()
    }
    return {row_type: columns for row_type, columns in found.items() if columns}


def _by_key(connection: Connection, row_type: type[Row], company_id: int | None, number: str) -> Iterator[Row]:
    table = TABLES[row_type]
    there = or_(*(table.c[name] == number for name in _referring()[row_type]))
    query = select(*columns_of(row_type)).where(table.c.company_id == company_id, there).order_by(table.c.id)
    read = row_reader(row_type, None)
    return (read(values) for values in connection.execute(query).all())


def _in_cells(connection: Connection, row_type: type[Row], company_id: int | None, number: str) -> Iterator[Row]:
    table = TABLES[row_type]
    query = select(*columns_of(row_type)).where(table.c.company_id == company_id).order_by(table.c.id)
    read = row_reader(row_type, None)
    rows = (read(values) for values in connection.execute(query).all())
    return (row for row in rows if number in getattr(row, IN_CELLS[row_type]))
