"""Guessing slowed down: wrong PINs are counted for each secret and source, and the next attempt has to wait.

After some wrong ones the next attempt has to wait a minute, and each further one doubles that, up to an hour; a day
without attempts ends it. What was tried is kept in the database, and counted before it is looked at: neither a restart
nor haste gives anybody more attempts.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, select, update

OUTSIDE: Final = "outside"
"""The source of whoever calls from outside: a caller's number proves nothing."""
_FIRST_PAUSE_MS: Final = 60_000
_LONGEST_PAUSE_MS: Final = 3_600_000
_FORGOTTEN_AFTER_MS: Final = 86_400_000


def count(connection: Connection, table: Table, of: dict[str, Any], now_ms: int, *, free: int) -> int:
    """Count an attempt as failed until it proves right. How long to wait instead, 0 = not at all; in milliseconds.

    ``of``: the cells that say which secret was tried, and from where. ``free``: wrong ones before there is a pause.
    """
    where = _where(table, of)
    row = connection.execute(select(table.c.failures, table.c.at_ms).where(*where)).first()
    if row is None:
        connection.execute(insert(table).values(**of, failures=1, at_ms=now_ms))
        return 0
    passed_ms = max(0, now_ms - row.at_ms)
    wait_ms: int = _pause_ms(row.failures, free) - passed_ms
    if wait_ms > 0:
        return wait_ms
    failures = 1 if passed_ms >= _FORGOTTEN_AFTER_MS else row.failures + 1
    connection.execute(update(table).where(*where).values(failures=failures, at_ms=now_ms))
    return 0


def forget(connection: Connection, table: Table, of: dict[str, Any]) -> None:
    """The right one was keyed in."""
    connection.execute(delete(table).where(*_where(table, of)))


def _where(table: Table, of: dict[str, Any]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in of.items()]


def _pause_ms(failures: int, free: int) -> int:
    """How long the attempt after so many failures has to wait."""
    if failures < free:
        return 0
    return min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << min(failures - free, 16))
