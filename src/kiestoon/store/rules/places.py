"""Where people, virtual users and numbers are: a department is at one location, with all in it (ORG-2, V 31)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, or_, select

from kiestoon.company.model import BY_TABLE, VIRTUAL_TABLES, Department, Number, Row, User
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.rules.shape import Check
from kiestoon.store.tables import departments

OWNERS: Final[tuple[type[Row], ...]] = (User, *(BY_TABLE[table].row for table in VIRTUAL_TABLES))
"""Who has an internal number and is somewhere."""
_PLACED: Final[tuple[type[Row], ...]] = (*OWNERS, Number)


def located(row: Any, peek: Peek) -> int | None:
    """The location of a row: its own, else its department's."""
    if row.location_id is not None or row.department_id is None:
        return row.location_id  # type: ignore[no-any-return]  # a column of ids
    department = peek.get(Department, row.department_id)
    return department.location_id if department is not None else None


def is_at(table: Table, location_id: int | None, company_id: int | None) -> ColumnElement[bool]:
    """The same as a condition on a table of such rows."""
    place = departments.c.location_id
    there = select(departments.c.id).where(
        departments.c.company_id == company_id, place.is_(None) if location_id is None else place == location_id
    )
    through = table.c.department_id.in_(there)
    if location_id is None:
        return and_(table.c.location_id.is_(None), or_(table.c.department_id.is_(None), through))
    return or_(table.c.location_id == location_id, and_(table.c.location_id.is_(None), through))


def _place(row: Any, peek: Peek) -> Iterator[Problem]:
    old = peek.get(type(row), row.id) if row.id else None
    if old is not None and (old.location_id, old.department_id) == (row.location_id, row.department_id):
        return  # as it was before there was this rule
    department = peek.get(Department, row.department_id)
    if department is not None and _apart(row.location_id, department.location_id):
        place = peek.name_of("locations", department.location_id)
        yield problem("department_id", "other_location", value=department.name, other=place)


def _department(row: Department, peek: Peek) -> Iterator[Problem]:
    old = peek.get(Department, row.id) if row.id else None
    if old is not None and (old.location_id, old.parent_id) == (row.location_id, row.parent_id):
        return
    parent = peek.get(Department, row.parent_id)
    if parent is not None and _apart(row.location_id, parent.location_id):
        place = peek.name_of("locations", parent.location_id)
        yield problem("parent_id", "other_location", value=parent.name, other=place)
    for other in _inside(row, peek) if old is not None and old.location_id != row.location_id else ():
        if _apart(row.location_id, other.location_id):
            place = peek.name_of("locations", other.location_id)
            yield problem("location_id", "others_elsewhere", value=_called(other), other=place)
            return


def _inside(row: Department, peek: Peek) -> Iterator[Any]:
    yield from peek.find(Department, parent_id=row.id)
    for row_type in _PLACED:
        yield from peek.find(row_type, department_id=row.id)


def _called(row: Any) -> str:
    return row.e164 if isinstance(row, Number) else str(row.name)


def _apart(one: int | None, other: int | None) -> bool:
    """Whether two are at different locations; who says none is wherever the other one is."""
    return one is not None and other is not None and one != other


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    Department: (_department,),
    **dict.fromkeys(_PLACED, (_place,)),
}
