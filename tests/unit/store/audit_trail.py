"""The audit trail, as it stands in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kiestoon.store import tables
from kiestoon.store.database import Database
from kiestoon.store.scope import INSTALLATION


def trail(database: Database, since: int = 0) -> list[Any]:
    """Its entries behind this id, the oldest first."""
    feed = tables.changes
    with database.read() as connection:
        query = select(feed).where(feed.c.id > since).order_by(feed.c.id)
        return list(connection.execute(query, execution_options=INSTALLATION))
