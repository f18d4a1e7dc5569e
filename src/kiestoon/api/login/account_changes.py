"""What is done to accounts, by whoever may manage them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from kiestoon.api.login import account_rules as rules
from kiestoon.api.login.authentication import Presence
from kiestoon.api.login.choosing import hash_password, known_of
from kiestoon.api.login.logins import Logins
from kiestoon.api.problems import ApiProblem
from kiestoon.api.schemas import row_values, to_json
from kiestoon.company.model import BY_ROW, Account
from kiestoon.company.passwords import generate_password
from kiestoon.store import accounts as accounts_store
from kiestoon.store import second_factors, sessions
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

ENTITY: Final = BY_ROW[Account]


class Shown(msgspec.Struct, frozen=True):
    """An account as it is answered, and the row behind it. ``password`` when one was generated."""

    account: Account
    cells: dict[str, Any]
    password: str | None = None


async def prepare_account(
    logins: Logins, presence: Presence, owner_id: int | None, cells: dict[str, Any]
) -> Callable[[Changes], Shown]:
    """What makes an account with a password, given or generated, and mails its owner how to log in."""
    chosen, tell = cells.pop("password", None), cells.pop("send_mail", True)
    values = row_values(ENTITY, {"must_change_password": True, **cells})
    account = _normal(Account(**{**values, "id": 0, "company_id": owner_id}))
    known = await logins.backend.read(lambda connection: known_of(connection, account))
    password = chosen or generate_password(known)
    hashed = await hash_password(logins, account, password)
    now_ms = logins.wall_ms()

    def write(changes: Changes) -> Shown:
        connection = changes.connection
        added = changes.add(account)
        rules.refuse_unless_manageable(connection, presence, added)
        must = added.must_change_password
        added = accounts_store.set_password(changes, added, hashed, now_ms, must_change=must)
        if tell and logins.mail_login is not None:
            logins.mail_login(connection, added)
        return show(connection, added, None if chosen else password)

    return write


async def change(
    logins: Logins,
    presence: Presence,
    owner_id: int | None,
    account_id: int,
    cells: dict[str, Any],
    versions: frozenset[int] | None,
) -> Shown:
    """Change an account of one of these versions (None: whichever). A disabled one is out at once."""
    values = row_values(ENTITY, cells)

    def write(changes: Changes) -> Shown:
        connection = changes.connection
        old = rules.find(connection, presence, owner_id, account_id)
        if versions is not None and old.version not in versions:
            raise ApiProblem("stale", (problem("", "changed_meanwhile"),))
        changed = changes.update(_normal(msgspec.structs.replace(old, **values)))
        rules.refuse_unless_manageable(connection, presence, changed)
        rules.refuse_without_operator(changes, owner_id)
        if changed.disabled or changed.role != old.role:
            sessions.end_all_sessions(connection, changed.id)
        return show(connection, changed)

    return await logins.backend.write(presence.principal, write)


async def remove(logins: Logins, presence: Presence, owner_id: int | None, account_id: int) -> None:
    """Remove an account with its sessions, tokens and second factors."""

    def write(changes: Changes) -> None:
        changes.remove(rules.find(changes.connection, presence, owner_id, account_id))
        rules.refuse_without_operator(changes, owner_id)

    await logins.backend.write(presence.principal, write)


async def prepare_reset(
    logins: Logins, presence: Presence, owner_id: int | None, account_id: int, chosen: str | None, *, send_mail: bool
) -> Callable[[Changes], Shown]:
    """What sets a password that its owner must change. All sessions of the account end."""

    def look(connection: Connection) -> tuple[Account, tuple[str, ...]]:
        account = rules.find(connection, presence, owner_id, account_id)
        return account, known_of(connection, account)

    account, known = await logins.backend.read(look)
    password = chosen or generate_password(known)
    hashed = await hash_password(logins, account, password)
    now_ms = logins.wall_ms()

    def write(changes: Changes) -> Shown:
        held = rules.find(changes.connection, presence, owner_id, account_id)
        held = accounts_store.set_password(changes, held, hashed, now_ms, must_change=True)
        if send_mail:
            _mail(logins, changes.connection, held)
        return show(changes.connection, held, None if chosen else password)

    return write


async def remove_second_factors(logins: Logins, presence: Presence, owner_id: int | None, account_id: int) -> None:
    """Take authenticator app, recovery codes and passkeys away, and end all sessions."""

    def write(changes: Changes) -> None:
        connection = changes.connection
        account = rules.find(connection, presence, owner_id, account_id)
        second_factors.remove_totp(connection, account.id)
        for passkey in second_factors.list_passkeys(connection, account.id):
            second_factors.remove_passkey(connection, account.id, passkey.id)
        sessions.end_all_sessions(connection, account.id)
        changes.record("second_factors_removed", account)

    await logins.backend.write(presence.principal, write)


def show(connection: Connection, account: Account, password: str | None = None) -> Shown:
    """An account with what its owner types to log in."""
    cells = {**to_json(account), "login_name": accounts_store.login_of(connection, account)}
    return Shown(account, cells, password)


def mail_login(logins: Logins, changes: Changes, presence: Presence, owner_id: int | None, account_id: int) -> None:
    """Queue the mail that says how to log in."""
    account = rules.find(changes.connection, presence, owner_id, account_id)
    _mail(logins, changes.connection, account)
    changes.record("login_mailed", account)


def _mail(logins: Logins, connection: Connection, account: Account) -> None:
    """Raises the problem when no mail can be sent, or there is no address to send it to."""
    if logins.mail_login is None:
        raise ApiProblem("conflict", (problem("", "no_mail_server"),))
    if logins.mail_login(connection, account) is None:
        raise ApiProblem("conflict", (problem("email", "missing"),))


def _normal(account: Account) -> Account:
    return msgspec.structs.replace(account, email=account.email.lower(), login=account.login.lower())
