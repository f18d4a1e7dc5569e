"""Statuses that were set until a time: at that time they are over, for everybody who looks (U 4.1, C 1.1)."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace
from sqlalchemy import select

from kiestoon.company.model import Presence
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES
from kiestoon.store.write import changing

ACTING: Final = "kiestoon"
MOST: Final = 200
"""Ended in one transaction: others want to write, too."""


def end_statuses(database: Database, vault: Vault, now_ms: int) -> int:
    """Write "office" for those whose time is over; returns how many, ``MOST`` = there may be more."""
    table = TABLES[Presence]
    query = (
        select(*columns_of(Presence))
        .where(table.c.until_ms > 0, table.c.until_ms <= now_ms)
        .order_by(table.c.id)
        .limit(MOST)
    )
    read = row_reader(Presence, None)
    with changing(database, vault, acting_user=ACTING, now_ms=now_ms) as changes:
        rows = [read(values) for values in changes.connection.execute(query, execution_options=INSTALLATION)]
        for row in rows:
            changes.update(replace(row, status="office", until_ms=0, return_ms=0, note=""))
    return len(rows)
