"""Choosing a new password or PIN: the rules, and none that was used recently."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from kiestoon.api.login.logins import Logins
from kiestoon.api.problems import ApiProblem
from kiestoon.company.model import Account, User
from kiestoon.company.passwords import Weakness, password_weaknesses, pin_weaknesses
from kiestoon.store import pins
from kiestoon.store.accounts import recent_hashes
from kiestoon.store.load import iterate_rows
from kiestoon.store.pins import is_pin, recent_pin_hashes
from kiestoon.store.problems import problem


def known_of(connection: Connection, account: Account) -> tuple[str, ...]:
    """What a password of this account may not hold."""
    person = next(iterate_rows(connection, User, row_id=account.user_id), None) if account.user_id else None
    own = (account.login, account.first_name, account.last_name, account.email)
    return own if person is None else (*own, person.name, person.extension)


async def hash_password(logins: Logins, account: Account, password: str, field: str = "password") -> str:
    """The hash of a new password; raises the problem that names every rule it breaks."""

    def look(connection: Connection) -> tuple[tuple[str, ...], list[str]]:
        return known_of(connection, account), recent_hashes(connection, account.id) if account.id else []

    known, recent = await logins.backend.read(look)
    _refuse(password_weaknesses(password, known), field)
    if recent and await logins.hashing.is_among(recent, password):
        raise ApiProblem("invalid", (problem(field, "recently_used"),))
    return await logins.hashing.hash(password)


async def hash_pin(logins: Logins, person: User, pin: str) -> str:
    """The hash of a new PIN; raises the problem that names every rule it breaks."""
    _refuse(pin_weaknesses(pin), "pin")
    vault = logins.backend.vault
    recent = await logins.backend.read(lambda connection: recent_pin_hashes(connection, vault, person.id))
    if await logins.hashing.run(lambda: any(is_pin(hashed, pin) for hashed in recent)):
        raise ApiProblem("invalid", (problem("pin", "recently_used"),))
    return await logins.hashing.run(pins.hash_pin, pin)


def _refuse(weaknesses: Iterable[Weakness], field: str) -> None:
    problems = [problem(field, weakness.code, **weakness.params) for weakness in weaknesses]
    if problems:
        raise ApiProblem("invalid", problems)
