"""PINs of people for voicemail and phones. The newest is in force, the others are refused as used recently.

The hash is encrypted with the installation's key besides: of so few possible PINs the hash alone would not keep one.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from kiestoon.company.model import User
from kiestoon.store.account_tables import user_pins
from kiestoon.store.keys import Vault
from kiestoon.store.write import Changes

KEPT_PINS = 5


def recent_pin_hashes(connection: Connection, vault: Vault, user_id: int) -> list[str]:
    """The hashes that count as recent, newest first."""
    query = select(user_pins.c.hash).where(user_pins.c.user_id == user_id).order_by(user_pins.c.id.desc())
    return [vault.decrypt(value, _place(user_id)) for value in connection.execute(query.limit(KEPT_PINS)).scalars()]


def pin_in_force(connection: Connection, vault: Vault, user_id: int) -> tuple[str, bool] | None:
    """The hash of a person's PIN and whether it must be changed at the next use; None: there is none."""
    query = select(user_pins.c.hash, user_pins.c.must_change).where(user_pins.c.user_id == user_id)
    row = connection.execute(query.order_by(user_pins.c.id.desc()).limit(1)).first()
    return None if row is None else (vault.decrypt(row[0], _place(user_id)), row[1])


def set_pin(changes: Changes, vault: Vault, person: User, hashed: str, at_ms: int, *, must_change: bool) -> None:
    """Put a PIN in force; the trail says so, without it."""
    connection, table = changes.connection, user_pins
    sealed = vault.encrypt(hashed, _place(person.id))
    connection.execute(insert(table).values(user_id=person.id, hash=sealed, must_change=must_change, at_ms=at_ms))
    kept = select(table.c.id).where(table.c.user_id == person.id).order_by(table.c.id.desc()).limit(KEPT_PINS)
    ids = list(connection.execute(kept).scalars())
    connection.execute(delete(table).where(table.c.user_id == person.id, table.c.id.not_in(ids)))
    changes.record("pin_set", person, must_change=must_change)


def _place(user_id: int) -> str:
    return f"pin of user {user_id}"
