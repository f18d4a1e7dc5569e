"""A company's telephone directory: who may be found in it, under which numbers (ORG-14)."""

from __future__ import annotations

import unicodedata
from typing import Any

import msgspec
from sqlalchemy import Connection

from kiestoon.company.model import BY_TABLE, Department, Location, Number, User
from kiestoon.store.load import iterate_rows

_LISTED = tuple(entity for entity in BY_TABLE.values() if "in_directory" in entity.row.__struct_fields__)


class Listed(msgspec.Struct, frozen=True):
    """One line. ``kind`` is the table; ``numbers`` are outside numbers, none of those who withhold theirs."""

    name: str
    extension: str
    kind: str
    numbers: tuple[str, ...]
    department: str
    location: str
    department_id: int | None
    location_id: int | None
    email: str = ""

    @property
    def order(self) -> tuple[str, str, str]:
        """By name as people look for it: Zoë beside Zoe, capitals beside small letters."""
        return folded(self.name), self.extension, self.name


def folded(text: str) -> str:
    """Without capitals and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def list_directory(
    connection: Connection, company_id: int, search: str = "", department_id: int | None = None
) -> list[Listed]:
    """Everybody listed whose name, number, e-mail address or department holds ``search``, by name.

    ``department_id``: those of this department and the ones inside it.
    """
    lines = _lines(connection, company_id)
    if department_id is not None:
        inside = _with_inner(connection, company_id, department_id)
        lines = [line for line in lines if line.department_id in inside]
    wanted = folded(search.strip())
    digits = wanted.replace(" ", "").replace("-", "")
    if wanted:
        lines = [line for line in lines if _fits(line, wanted, digits)]
    return sorted(lines, key=lambda line: line.order)


def _fits(line: Listed, wanted: str, digits: str) -> bool:
    texts = (line.name, line.department, line.email)
    return any(wanted in folded(text) for text in texts) or any(
        digits in number for number in (line.extension, *line.numbers) if digits
    )


def _lines(connection: Connection, company_id: int) -> list[Listed]:
    departments = {row.id: row for row in iterate_rows(connection, Department, company_id=company_id)}
    locations = {row.id: row for row in iterate_rows(connection, Location, company_id=company_id)}
    numbers: dict[str, list[str]] = {}
    for number in iterate_rows(connection, Number, company_id=company_id):
        if number.extension:
            numbers.setdefault(number.extension, []).append(number.e164)
    lines = []
    for entity in _LISTED:
        for row in iterate_rows(connection, entity.row, company_id=company_id):
            if row.in_directory and row.extension:  # type: ignore[attr-defined]  # what _LISTED is made by
                lines.append(_line(entity.table, row, departments, locations, numbers))
    return lines


def _line(
    table: str,
    row: Any,
    departments: dict[int, Department],
    locations: dict[int, Location],
    numbers: dict[str, list[str]],
) -> Listed:
    department = departments.get(row.department_id)
    location_id = row.location_id or (department.location_id if department is not None else None)
    location = locations.get(location_id) if location_id is not None else None
    hidden = isinstance(row, User) and row.hide_number
    return Listed(
        row.name,
        row.extension,
        table,
        () if hidden else tuple(sorted(numbers.get(row.extension, ()))),
        department.name if department is not None else "",
        location.name if location is not None else "",
        row.department_id,
        location_id,
        row.email if isinstance(row, User) else "",
    )


def _with_inner(connection: Connection, company_id: int, department_id: int) -> set[int]:
    parents = {row.id: row.parent_id for row in iterate_rows(connection, Department, company_id=company_id)}
    inside = {department_id} & parents.keys()
    while more := {row_id for row_id, parent in parents.items() if parent in inside} - inside:
        inside |= more
    return inside
