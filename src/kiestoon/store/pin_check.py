"""What somebody keyed in on a phone: is it the PIN? And choosing another one there (ORG-17, E 3.1, V 8.2, U 4.4).

Both ask the database and compute a hash: a phone service calls them in a worker thread and waits for the answer. Two
threads of a process compute at a time; argon2 lets the interpreter go on meanwhile.

Guessing is slowed down for each person and source (``guessing``); the right PIN from that source and a new PIN end it.
The person's own phone is a source of its own and so is each other extension and hot desk; everybody outside is one,
since a caller's number proves nothing. So nobody locks a person out at the own phone.
"""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from kiestoon.calls.requests import PinChecked
from kiestoon.company.model import User
from kiestoon.company.passwords import pin_weaknesses
from kiestoon.store import guessing
from kiestoon.store.account_tables import pin_failures
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import iterate_rows
from kiestoon.store.pins import hash_pin, is_pin, pin_in_force, recent_pin_hashes, set_pin
from kiestoon.store.problems import Problem, problem
from kiestoon.store.tables import users
from kiestoon.store.write import changing

FREE: Final = 3
"""Wrong PINs from one source before there is a pause."""
_OWN: Final = "own"
_two_at_a_time = threading.BoundedSemaphore(2)


def check_pin(
    database: Database, vault: Vault, company_id: int, user_id: int, pin: str, *, extension: str, now_ms: int
) -> PinChecked:
    """Whether this is a person's PIN. ``extension``: the one that asks, "" for callers from outside.

    ``now_ms`` is wall-clock time. Raises ``DatabaseUnavailableError``.
    """
    with database.write() as connection:
        connection.execute(select(users.c.id).where(*_one(company_id, user_id)).with_for_update())  # one by one
        person = _person(connection, company_id, user_id)
        held = pin_in_force(connection, vault, user_id) if person is not None else None
        if person is None or held is None:
            return PinChecked("no_pin")
        source = guessing.OUTSIDE if not extension else _OWN if extension == person.extension else extension
        of = {"user_id": user_id, "source": source}
        wait_ms = guessing.count(connection, pin_failures, of, now_ms, free=FREE)
    if wait_ms:
        return PinChecked("wait", -(-wait_ms // 1000))
    hashed, must_change = held
    with _two_at_a_time:
        right = is_pin(hashed, pin)
    if not right:
        return PinChecked("wrong")
    with database.write() as connection:
        guessing.forget(connection, pin_failures, of)
    return PinChecked("must_change" if must_change else "right")


def choose_pin(
    database: Database, vault: Vault, company_id: int, user_id: int, pin: str, *, acting_user: str, now_ms: int
) -> tuple[Problem, ...]:
    """Put a PIN in force that the person has chosen, after ``check_pin``; otherwise what is wrong with it.

    Raises ``DatabaseUnavailableError``.
    """
    weak = tuple(problem("pin", weakness.code, **weakness.params) for weakness in pin_weaknesses(pin))
    if weak:
        return weak
    with database.read() as connection:
        recent = recent_pin_hashes(connection, vault, user_id)
    with _two_at_a_time:
        if any(is_pin(hashed, pin) for hashed in recent):
            return (problem("pin", "recently_used"),)
        hashed = hash_pin(pin)
    with changing(database, vault, acting_user=acting_user, now_ms=now_ms) as changes:
        person = _person(changes.connection, company_id, user_id)
        if person is None:
            return (problem("", "gone"),)
        set_pin(changes, vault, person, hashed, now_ms, must_change=False)
    return ()


def _person(connection: Connection, company_id: int, user_id: int) -> User | None:
    return next(iterate_rows(connection, User, row_id=user_id, company_id=company_id), None)


def _one(company_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
    return users.c.company_id == company_id, users.c.id == user_id
