"""Whose a changed row is: the reverse of ``resources.reach``, so that one look tells it for every listener."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from kiestoon.api.permissions import PERMISSIONS
from kiestoon.store.feed import Change
from kiestoon.store.tables import departments, extensions, metadata

_DEEPEST: Final = 6  # member → group → department → outer departments


class Owners(msgspec.Struct, frozen=True):
    """The people, locations and departments (with those around them) whose administrators, or who, see a row whole."""

    users: frozenset[int] = frozenset()
    locations: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()


def owners_of(connection: Connection, change: Change) -> Owners:
    """Whose the row is, and was before the change."""
    if change.table_name not in PERMISSIONS or change.company_id is None:
        return Owners()
    states = [change.details] if not change.before else [change.details, {**change.details, **change.before}]
    search = _Search(connection, change.company_id)
    for cells in states:
        search.row(change.table_name, {"id": change.row_id, **cells})
    return Owners(frozenset(search.users), frozenset(search.locations), frozenset(search.departments))


class _Search:
    def __init__(self, connection: Connection, company_id: int) -> None:
        self._connection = connection
        self._company_id = company_id
        self.users: set[int] = set()
        self.locations: set[int] = set()
        self.departments: set[int] = set()

    def row(self, table: str, cells: Mapping[str, Any], depth: int = 0) -> None:
        """Note whom a row belongs to."""
        if depth > _DEEPEST:
            return
        for column in PERMISSIONS[table].belongs:
            value = cells.get(column)
            if value is None or value == "":
                continue
            if column == "id":
                self._itself(table, value)
            elif column == "location_id":
                self.locations.add(value)
            elif column == "department_id":
                self.departments.update(self._with_outer(value))
                if cells.get("location_id") is None:
                    self.locations.update(self._place_of(value))
            elif column == "extension":
                self._extension(str(value), depth)
            else:
                self._parent(table, column, value, depth)

    def _itself(self, table: str, row_id: int) -> None:
        if table == "users":
            self.users.add(row_id)
        elif table == "locations":
            self.locations.add(row_id)
        elif table == "departments":
            self.departments.update(self._with_outer(row_id))

    def _place_of(self, department_id: int) -> Iterator[int]:
        """Who is at no location of the own is where the department is."""
        query = select(departments.c.location_id).where(
            departments.c.id == department_id, departments.c.company_id == self._company_id
        )
        place = self._connection.execute(query).scalar()
        if place is not None:
            yield place

    def _with_outer(self, department_id: int | None) -> Iterator[int]:
        seen: set[int] = set()
        while department_id is not None and department_id not in seen:
            seen.add(department_id)
            yield department_id
            query = select(departments.c.parent_id).where(
                departments.c.id == department_id, departments.c.company_id == self._company_id
            )
            department_id = self._connection.execute(query).scalar()

    def _extension(self, number: str, depth: int) -> None:
        query = select(extensions.c.table_name).where(
            extensions.c.company_id == self._company_id, extensions.c.number == number
        )
        table = self._connection.execute(query).scalar()
        if table is not None:
            self._fetch(table, "extension", number, depth)

    def _parent(self, table: str, column: str, value: int, depth: int) -> None:
        target = next((key.column.table.name for key in metadata.tables[table].c[column].foreign_keys), None)
        if target is not None:
            self._fetch(target, "id", value, depth)

    def _fetch(self, table: str, column: str, value: Any, depth: int) -> None:
        source = metadata.tables[table]
        names = [name for name in ("id", *PERMISSIONS[table].belongs) if name in source.c]
        query = select(*(source.c[name] for name in dict.fromkeys(names))).where(
            source.c[column] == value, source.c.company_id == self._company_id
        )
        for found in self._connection.execute(query).mappings():
            self.row(table, dict(found), depth + 1)
