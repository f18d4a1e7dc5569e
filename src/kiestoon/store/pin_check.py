"""What somebody keyed in on a phone: is it the PIN? And choosing another one there (ORG-17, E 3.1, V 8.2, U 4.4).

Both ask the database and compute a hash: a phone service calls them in a worker thread and waits for the answer. Two
threads of a process compute at a time; argon2 lets the interpreter go on meanwhile.

Guessing is slowed down for each person and source. After three wrong PINs the next attempt has to wait a minute, and
each further one doubles that, up to an hour; a day without attempts, the right PIN from that source, and a new PIN end
it. The person's own phone is a source of its own and so is each other extension and hot desk; everybody outside is one,
since a caller's number proves nothing. So nobody locks a person out at the own phone. What was tried is kept in the
database, and counted before it is looked at: neither a restart nor haste gives anybody more attempts.
"""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from kiestoon.calls.requests import PinChecked
from kiestoon.company.model import User
from kiestoon.company.passwords import pin_weaknesses
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
_FIRST_PAUSE_MS: Final = 60_000
_LONGEST_PAUSE_MS: Final = 3_600_000
_FORGOTTEN_AFTER_MS: Final = 86_400_000
_OUTSIDE: Final = "outside"
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
        source = _OUTSIDE if not extension else _OWN if extension == person.extension else extension
        wait_ms = _count(connection, user_id, source, now_ms)
    if wait_ms:
        return PinChecked("wait", -(-wait_ms // 1000))
    hashed, must_change = held
    with _two_at_a_time:
        right = is_pin(hashed, pin)
    if not right:
        return PinChecked("wrong")
    with database.write() as connection:
        connection.execute(delete(pin_failures).where(*_of(user_id, source)))
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


def _of(user_id: int, source: str) -> tuple[ColumnElement[bool], ...]:
    return pin_failures.c.user_id == user_id, pin_failures.c.source == source


def _count(connection: Connection, user_id: int, source: str, now_ms: int) -> int:
    """Count an attempt as failed until it proves right. How long to wait instead, 0 = not at all; in milliseconds."""
    table = pin_failures
    row = connection.execute(select(table.c.failures, table.c.at_ms).where(*_of(user_id, source))).first()
    if row is None:
        connection.execute(insert(table).values(user_id=user_id, source=source, failures=1, at_ms=now_ms))
        return 0
    passed_ms = max(0, now_ms - row.at_ms)
    wait_ms: int = _pause_ms(row.failures) - passed_ms
    if wait_ms > 0:
        return wait_ms
    failures = 1 if passed_ms >= _FORGOTTEN_AFTER_MS else row.failures + 1
    connection.execute(update(table).where(*_of(user_id, source)).values(failures=failures, at_ms=now_ms))
    return 0


def _pause_ms(failures: int) -> int:
    """How long the attempt after so many failures has to wait."""
    if failures < FREE:
        return 0
    return min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << min(failures - FREE, 16))
