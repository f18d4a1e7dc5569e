"""Which PIN of a conference room was keyed in (CALL-13). Asks the database: a phone service calls it in a thread.

Each extension is a source of its own, and everybody outside is one (``guessing``): guests who mistype have
more attempts than a person has at the own voicemail.
"""

from __future__ import annotations

import hmac
from typing import Final

from sqlalchemy import select

from kiestoon.calls.requests import RoomPinChecked
from kiestoon.company.model import ConferenceRoom
from kiestoon.store import guessing
from kiestoon.store.account_tables import room_pin_failures
from kiestoon.store.database import Database
from kiestoon.store.load import iterate_rows
from kiestoon.store.tables import TABLES

FREE: Final = 3
FREE_OUTSIDE: Final = 10


def check_room_pin(
    database: Database, company_id: int, room_id: int, pin: str, *, extension: str, now_ms: int
) -> RoomPinChecked:
    """``extension``: the one that asks, "" for callers from outside. Raises ``DatabaseUnavailableError``."""
    table = TABLES[ConferenceRoom]
    with database.write() as connection:
        connection.execute(
            select(table.c.id).where(table.c.id == room_id, table.c.company_id == company_id).with_for_update()
        )  # one by one
        room = next(iterate_rows(connection, ConferenceRoom, row_id=room_id, company_id=company_id), None)
        if room is None:
            return RoomPinChecked("wrong")
        of = {"room_id": room_id, "source": extension or guessing.OUTSIDE}
        free = FREE if extension else FREE_OUTSIDE
        if guessing.count(connection, room_pin_failures, of, now_ms, free=free):
            return RoomPinChecked("wait")
        organiser, member = _same(room.organiser_pin, pin), _same(room.pin, pin)
        if organiser or member:
            guessing.forget(connection, room_pin_failures, of)
    if organiser:
        return RoomPinChecked("organiser")
    return RoomPinChecked("member" if member else "wrong")


def _same(held: str, keyed: str) -> bool:
    return bool(held) and hmac.compare_digest(held, keyed)
