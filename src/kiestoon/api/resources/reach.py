"""Which rows somebody reaches, as SQL conditions; the table in ``api.permissions`` says by which columns.

The same condition serves lists, single rows and, inside the transaction that writes, the row as it was and as it
becomes: nobody can move a row out of reach or into it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, false, or_, select, true
from sqlalchemy.sql.selectable import CTE, Select

from kiestoon.api.permissions import PERMISSIONS, PUBLIC, PUBLIC_ONLY_IF, access, by_right
from kiestoon.api.principal import Principal
from kiestoon.company.model import BY_TABLE, Entity
from kiestoon.store.tables import TABLES, departments

Condition = ColumnElement[bool]

_OWN_EXTENSION = tuple(entity for entity in BY_TABLE.values() if entity.has_extension)


class Reach:
    """What one principal reaches in one company. ``company_id`` None: the installation's own rows (operators)."""

    def __init__(self, principal: Principal, company_id: int | None) -> None:
        self.principal = principal
        self.company_id = company_id

    @cached_property
    def _departments(self) -> Select[Any]:
        return _with_inner(self.principal.department_id, self.company_id)

    def of_company(self, entity: Entity) -> Condition:
        """The company's rows of a type."""
        table = TABLES[entity.row]
        if entity.table == "companies":
            return table.c.id == self.company_id if self.company_id is not None else true()
        return table.c.company_id.is_(None) if self.company_id is None else table.c.company_id == self.company_id

    def full(self, entity: Entity) -> Condition:
        """The rows somebody sees whole, and may change as far as the table allows."""
        level = access(self.principal, entity.table)
        if level in {"-", "public"}:
            return false()
        if self.principal.role in {"operator", "company"} or by_right(self.principal, entity.table):
            return true()
        return self._within(entity)

    def writable(self, entity: Entity) -> Condition:
        """The rows somebody may change or remove."""
        condition, role = self.full(entity), self.principal.role
        if entity.table == "status_forwards" and role == "user":
            return and_(condition, TABLES[entity.row].c.locked.is_(False))  # U 4.1.4
        if entity.table == "pack_assignments" and role == "location":
            return and_(condition, TABLES[entity.row].c.location_id.is_(None))  # what a location may use is not its own
        return condition

    def visible(self, entity: Entity) -> Condition:
        """The rows somebody sees at all: those in reach, and what is public of the others."""
        if entity.table not in PUBLIC or access(self.principal, entity.table) == "-":
            return self.full(entity)
        column = PUBLIC_ONLY_IF.get(entity.table)
        if column is None:
            return true()
        cell = TABLES[entity.row].c[column]
        public = cell.is_(True) if column == "in_directory" else cell.is_not(None)
        return or_(self.full(entity), public)

    def holds(self, connection: Connection, entity: Entity, row_id: int) -> bool:
        """Whether somebody sees this row whole."""
        table = TABLES[entity.row]
        query = select(table.c.id).where(table.c.id == row_id, self.of_company(entity), self.full(entity))
        return connection.execute(query).first() is not None

    def extensions(self, cell: Column[str]) -> Condition | None:
        """Whether a cell holds an internal number in somebody's reach; None: every one of the company is."""
        return None if self.principal.role in {"operator", "company"} else self._is_number(cell)

    # --- what belongs to a place or a person -----------------------------------------------------------------------

    def _within(self, entity: Entity) -> Condition:
        table = TABLES[entity.row]
        conditions = [self._through(entity, table, column) for column in PERMISSIONS[entity.table].belongs]
        return or_(false(), *conditions)

    def _through(self, entity: Entity, table: Table, column: str) -> Condition:
        cell = table.c[column]
        if column == "id":
            return self._is_itself(entity, cell)
        if column == "location_id":
            return cell == (self.principal.location_id or 0) if self.principal.role == "location" else false()
        if column == "department_id":
            return self._in_departments(table, cell)
        if column == "extension":
            return self._is_number(cell)
        target = next(key.column.table for key in cell.foreign_keys)
        return cell.in_(select(target.c.id).where(self._in_table(target)))

    def _in_departments(self, table: Table, cell: Column[Any]) -> Condition:
        """In the department or those inside it; at a location, who says none is where the own department is."""
        if self.principal.role == "department":
            return cell.in_(self._departments)
        if self.principal.role != "location":
            return false()
        there = select(departments.c.id).where(
            departments.c.company_id == self.company_id, departments.c.location_id == (self.principal.location_id or 0)
        )
        return and_(table.c.location_id.is_(None), cell.in_(there))

    def _is_number(self, cell: Column[Any]) -> Condition:
        return or_(*(cell.in_(self._numbers(other)) for other in self._owners()))

    def _is_itself(self, entity: Entity, cell: Column[int]) -> Condition:
        role = self.principal.role
        if entity.table == "locations":
            return cell == (self.principal.location_id or 0) if role == "location" else false()
        if entity.table == "departments":
            return cell.in_(self._departments) if role == "department" else false()
        return cell == (self.principal.user_id or 0) if role == "user" else false()

    def _owners(self) -> tuple[Entity, ...]:
        """The types of row whose internal numbers can be somebody's; a person has but one, and alternates."""
        if self.principal.role == "user":
            return tuple(entity for entity in _OWN_EXTENSION if entity.table in {"users", "alternate_numbers"})
        return _OWN_EXTENSION

    def _numbers(self, entity: Entity) -> Select[Any]:
        table = TABLES[entity.row]
        return select(table.c.extension).where(self._in_table(table))

    def _in_table(self, table: Table) -> Condition:
        entity = BY_TABLE[table.name]
        return and_(self.of_company(entity), self._within(entity))


def _with_inner(department_id: int | None, company_id: int | None) -> Select[Any]:
    """The ids of a department and of those inside it, to any depth."""
    tree: CTE = (
        select(departments.c.id)
        .where(departments.c.id == department_id, departments.c.company_id == company_id)
        .cte("department_tree", recursive=True)
    )
    tree = tree.union(
        select(departments.c.id).where(departments.c.parent_id == tree.c.id, departments.c.company_id == company_id)
    )
    return select(tree.c.id)
