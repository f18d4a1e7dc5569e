"""PINs of people for voicemail and phones. The newest is in force, the others are refused as used recently.

The hash is encrypted with the installation's key besides: of so few possible PINs the hash alone would not keep one. So
it need not be as dear as a password's, and a phone's keys are checked beside running calls: see ``HASHER``.
"""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select

from kiestoon.company.model import User
from kiestoon.store.account_tables import pin_failures, user_pins
from kiestoon.store.keys import Vault
from kiestoon.store.write import Changes

KEPT_PINS = 5
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""argon2id (RFC 9106) with 19 MiB in one thread: some 20 ms of one core, without the interpreter's lock."""


def hash_pin(pin: str) -> str:
    """The hash of a PIN, with a salt of its own. Takes its time: not for the call path."""
    return HASHER.hash(pin)


def is_pin(hashed: str, pin: str) -> bool:
    """Whether a hash is of this PIN. Takes its time: not for the call path."""
    try:
        return HASHER.verify(hashed, pin)
    except (VerificationError, InvalidHashError):
        return False


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
    """Put a PIN in force, and forget the wrong ones that were tried; the trail says so, without it."""
    connection, table = changes.connection, user_pins
    sealed = vault.encrypt(hashed, _place(person.id))
    connection.execute(insert(table).values(user_id=person.id, hash=sealed, must_change=must_change, at_ms=at_ms))
    kept = select(table.c.id).where(table.c.user_id == person.id).order_by(table.c.id.desc()).limit(KEPT_PINS)
    ids = list(connection.execute(kept).scalars())
    connection.execute(delete(table).where(table.c.user_id == person.id, table.c.id.not_in(ids)))
    connection.execute(delete(pin_failures).where(pin_failures.c.user_id == person.id))
    changes.record("pin_set", person, must_change=must_change)


def _place(user_id: int) -> str:
    return f"pin of user {user_id}"
