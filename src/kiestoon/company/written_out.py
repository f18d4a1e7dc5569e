"""Settings with the numbers that their speed dials, short numbers and codes stand for: what routing works with (V 6.5).

People write "#01" and keep it; which number that is at the moment is looked up when the snapshot is made, and the
snapshot is made anew whenever a speed dial changes. What leads nowhere stays as it is: no call can go there, no caller
fits it.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final, TypeVar

from msgspec import inspect
from msgspec.structs import replace

from kiestoon.company.model import (
    ENTITIES,
    CompanyRows,
    Destination,
    FeatureCode,
    Forward,
    Row,
    Rule,
    ShortNumber,
    SpeedDial,
    User,
)
from kiestoon.company.numbers import read_written
from kiestoon.company.short_ways import caller_meant, stands_for

RowT = TypeVar("RowT", bound=Row)
_OF_EXTENSIONS: Final = (Forward, Rule)


def rows_written_out(rows: CompanyRows) -> CompanyRows:
    """The same rows; those with a short way among their destinations or patterns are replaced."""
    ways = _Snapshot(rows)
    changed: dict[str, Any] = {}
    for table in _TABLES:
        found = getattr(rows, table)
        if any(_has_short_way(row, ways.short_numbers) for row in found):
            changed[table] = tuple(_written_out(row, ways) for row in found)
    return replace(rows, **changed) if changed else rows


class _Snapshot:
    """``short_ways.Ways`` over rows; what few companies need is made when it is asked for."""

    def __init__(self, rows: CompanyRows) -> None:
        self._rows = rows
        self.company = rows.company
        self.codes: dict[str, FeatureCode] = {row.code: row for row in rows.feature_codes}
        self.short_numbers: dict[str, ShortNumber] = {row.code: row for row in rows.short_numbers}
        self._speed_dials: dict[tuple[int, str], SpeedDial] = {(row.user_id, row.code): row for row in rows.speed_dials}
        self._people: dict[str, User] | None = None

    def speed_dial(self, user_id: int, digits: str) -> SpeedDial | None:
        return self._speed_dials.get((user_id, digits))

    def short_number(self, code: str) -> ShortNumber | None:
        return self.short_numbers.get(code)

    def person(self, extension: str) -> User | None:
        if self._people is None:
            self._people = {row.extension: row for row in self._rows.users}
        return self._people.get(extension)

    def area_of(self, user: User | None) -> str:
        """What completes local numbers: the person's area code, the location's, the company's."""
        if user is not None and user.area_code:
            return user.area_code
        place = user.location_id if user is not None else None
        if user is not None and place is None:
            place = next((row.location_id for row in self._rows.departments if row.id == user.department_id), None)
        area = next((row.area_code for row in self._rows.locations if row.id == place), "")
        return area or self.company.area_code


def _destinations(row_type: type[Row]) -> tuple[str, ...]:
    """The fields that hold a destination."""
    fields = inspect.type_info(row_type).fields  # type: ignore[attr-defined]  # as rows are structs
    return tuple(field.name for field in fields if _is_destination(field.type))


def _is_destination(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.Metadata):
        return _is_destination(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(_is_destination(part) for part in kind.types)
    return isinstance(kind, inspect.StructType) and kind.cls is Destination


_FIELDS: Final = {
    entity.row: names
    for entity in ENTITIES
    if entity.table in CompanyRows.__struct_fields__ and (names := _destinations(entity.row))
}
_TABLES: Final = tuple(entity.table for entity in ENTITIES if entity.row in _FIELDS)
_FURTHER: Final = {
    row_type: tuple(name for name in row_type.__struct_fields__ if name.endswith("_also")) for row_type in _FIELDS
}
_MARKS: Final = ("*", "#")


def _has_short_way(row: Row, short_numbers: Container[str]) -> bool:
    """Asked of every row: most have none."""
    row_type = type(row)
    for name in _FIELDS[row_type]:
        to = getattr(row, name)
        if to is not None and to.kind == "number" and _is_short(to.target, short_numbers):
            return True
    if row_type is Rule:
        return any(_is_short(pattern, short_numbers) for pattern in row.patterns)  # type: ignore[attr-defined]
    return any(_is_short(number, short_numbers) for name in _FURTHER[row_type] for number in getattr(row, name))


def _is_short(written: str, short_numbers: Container[str]) -> bool:
    return written[:1] in _MARKS or written in short_numbers


def _written_out(row: RowT, ways: _Snapshot) -> RowT:
    if not _has_short_way(row, ways.short_numbers):
        return row
    new: dict[str, Any] = {}
    for name in _FIELDS[type(row)]:
        to = getattr(row, name)
        if to is not None and to.kind == "number" and _is_short(to.target, ways.short_numbers):
            new[name] = stands_for(ways, ways.company.extension_digits, _whose(row, ways), to.target) or to
    for name in _FURTHER[type(row)]:
        new[name] = tuple(_number(number, ways) for number in getattr(row, name))
    if isinstance(row, Rule):
        new["patterns"] = tuple(_pattern(row, pattern, ways) for pattern in row.patterns)
    return replace(row, **new)


def _whose(row: Row, ways: _Snapshot) -> int:
    """The person whose setting it is; 0 for a group's or a location's."""
    if isinstance(row, _OF_EXTENSIONS):
        person = ways.person(row.extension or "")
        return person.id if person is not None else 0
    return getattr(row, "user_id", None) or 0


def _number(written: str, ways: _Snapshot) -> str:
    """Of a group; those that ring beside a destination are numbers, no voicemails."""
    to = stands_for(ways, ways.company.extension_digits, 0, written)
    return to.target if to is not None and to.kind == "number" else written


def _pattern(rule: Rule, pattern: str, ways: _Snapshot) -> str:
    """As the caller's number is written: an extension, or E.164."""
    if pattern == "*" or not _is_short(pattern, ways.short_numbers):
        return pattern
    person = ways.person(rule.extension or "")
    company = ways.company
    number = caller_meant(ways, company.extension_digits, person.id if person is not None else 0, pattern)
    if not number or len(number) == company.extension_digits:
        return number or pattern
    read = read_written(number, company.country, ways.area_of(person), company.access_code)
    return read.number if read is not None else number
