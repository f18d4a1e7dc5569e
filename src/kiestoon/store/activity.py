"""The activity log: every change of configuration, who made it, when, and what it was before (ORG-10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Text, cast, or_, select

from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import changes
from kiestoon.store.write import ROW_NAME

_NAMES = (ROW_NAME, "name", "extension", "username", "e164", "login", "code", "service")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What of the log is wanted; None and "" = everything. ``company_id`` None: of the whole installation.

    ``before_id`` begins behind that entry (newest come first). ``search`` looks at who, and at the values themselves.
    """

    company_id: int | None = None
    before_id: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    table: str = ""
    action: str = ""
    acting_user: str = ""
    row_id: int | None = None
    search: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One entry. ``fields``: by name [before, after]; what an addition had before and a removal after is None."""

    id: int
    at_ms: int
    acting_user: str
    acting_for: str
    action: str
    table: str
    row_id: int
    company_id: int | None
    row: str
    fields: dict[str, tuple[Any, Any]]


def list_activity(
    connection: Connection, wanted: Wanted, limit: int, within: ColumnElement[bool] | None = None
) -> list[Entry]:
    """Entries, the newest first. ``within``: those of them somebody may see."""
    query = select(changes).where(*_conditions(wanted)).order_by(changes.c.id.desc()).limit(limit)
    if within is not None:
        query = query.where(within)
    return [_entry(row._mapping) for row in connection.execute(query, execution_options=INSTALLATION)]


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.company_id is not None:
        yield changes.c.company_id == wanted.company_id
    if wanted.before_id is not None:
        yield changes.c.id < wanted.before_id
    if wanted.since_ms is not None:
        yield changes.c.at_ms >= wanted.since_ms
    if wanted.until_ms is not None:
        yield changes.c.at_ms < wanted.until_ms
    if wanted.table:
        yield changes.c.table_name == wanted.table
    if wanted.action:
        yield changes.c.action == wanted.action
    if wanted.acting_user:
        yield changes.c.acting_user == wanted.acting_user
    if wanted.row_id is not None:
        yield changes.c.row_id == wanted.row_id
    if wanted.search:
        cells = (changes.c.acting_user, changes.c.acting_for, changes.c.table_name, cast(changes.c.details, Text),
                 cast(changes.c.before, Text))  # fmt: skip
        yield or_(*(cell.icontains(wanted.search, autoescape=True) for cell in cells))


def _entry(row: Any) -> Entry:
    details: dict[str, Any] = row["details"] or {}
    return Entry(
        row["id"],
        row["at_ms"],
        row["acting_user"],
        row["acting_for"],
        row["action"],
        row["table_name"],
        row["row_id"],
        row["company_id"],
        next((str(details[name]) for name in _NAMES if details.get(name)), f"#{row['row_id']}"),
        _fields(row["action"], details, row["before"]),
    )


def _fields(action: str, details: dict[str, Any], before: dict[str, Any] | None) -> dict[str, tuple[Any, Any]]:
    if action == "removed":
        return {name: (value, None) for name, value in details.items()}
    if before is None:
        return {name: (None, value) for name, value in details.items() if name != ROW_NAME}
    return {name: (value, details.get(name)) for name, value in before.items() if name != "version"}
