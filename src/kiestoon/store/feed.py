"""The change feed: every write to the configuration, by number."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import changes


class Change(msgspec.Struct, frozen=True):
    """One write. ``details`` is the row after it (removed: as it was last), ``before`` the fields an update changed.

    ``company_id`` None: a row of the installation.
    """

    id: int
    at_ms: int
    acting_user: str
    acting_for: str
    action: str
    table_name: str
    row_id: int
    company_id: int | None
    details: dict[str, Any]
    before: dict[str, Any] | None


_COLUMNS = tuple(changes.c[name] for name in Change.__struct_fields__)


def last_change(connection: Connection) -> int:
    """The number of the latest change; 0 before the first."""
    return connection.execute(select(func.max(changes.c.id)), execution_options=INSTALLATION).scalar() or 0


def changes_after(connection: Connection, after: int, limit: int, until: int | None = None) -> list[Change]:
    """Changes of the whole installation after a number, in order."""
    query = select(*_COLUMNS).where(changes.c.id > after).order_by(changes.c.id).limit(limit)
    if until is not None:
        query = query.where(changes.c.id <= until)
    return [Change(*values) for values in connection.execute(query, execution_options=INSTALLATION)]
