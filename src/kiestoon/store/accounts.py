"""Accounts of the web: finding them, and their passwords. Rows are written by ``write.Changes`` like all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.sql.elements import ColumnElement

from kiestoon.company.model import Account
from kiestoon.store.account_tables import account_passwords, accounts, sessions
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import companies
from kiestoon.store.write import Changes

KEPT_PASSWORDS = 5
"""How many passwords, the present one included, count as recently used (V 8.2)."""


def get_account(connection: Connection, account_id: int) -> Account | None:
    """An account by its id."""
    return next(_read(connection, accounts.c.id == account_id), None)


def find_account(connection: Connection, login: str) -> Account | None:
    """Whom somebody means who types this into the login form; capitals do not matter.

    ``id@domain`` of a company, an operator's plain id, or an e-mail address. Who had an address first, has it: nobody
    can take it from another by writing it into an account of theirs.
    """
    wanted = login.strip().lower()
    if not wanted.isprintable():
        return None
    name, at, domain = wanted.partition("@")
    if not at:
        return next(_read(connection, accounts.c.company_id.is_(None) & (accounts.c.login == wanted)), None)
    own = select(companies.c.id).where(companies.c.domain == domain).scalar_subquery()
    found = next(_read(connection, (accounts.c.company_id == own) & (accounts.c.login == name)), None)
    return found or next(_read(connection, accounts.c.email == wanted), None)


def list_accounts(connection: Connection, company_id: int | None) -> list[Account]:
    """A company's accounts by id; None: the operators."""
    return list(_read(connection, accounts.c.company_id == company_id))


def account_of_user(connection: Connection, company_id: int, user_id: int) -> Account | None:
    """The login of a person with an extension."""
    return next(_read(connection, (accounts.c.company_id == company_id) & (accounts.c.user_id == user_id)), None)


def login_of(connection: Connection, account: Account) -> str:
    """What the account's owner types to log in."""
    if account.company_id is None:
        return account.login
    return f"{account.login}@{domain_of(connection, account.company_id)}"


def domain_of(connection: Connection, company_id: int) -> str:
    """A company's domain."""
    domain: str = connection.execute(select(companies.c.domain).where(companies.c.id == company_id)).scalar_one()
    return domain


def _read(connection: Connection, condition: ColumnElement[bool]) -> Iterator[Account]:
    query = select(*columns_of(Account)).where(condition).order_by(accounts.c.id)
    read = row_reader(Account, None)
    return (read(values) for values in connection.execute(query, execution_options=INSTALLATION))


# --- passwords -----------------------------------------------------------------------------------------------------


def password_hash(connection: Connection, account_id: int) -> str | None:
    """The hash in force; None while the account has no password."""
    return next(iter(recent_hashes(connection, account_id)), None)


def recent_hashes(connection: Connection, account_id: int) -> list[str]:
    """The hashes that count as recent, newest first."""
    table = account_passwords
    query = select(table.c.hash).where(table.c.account_id == account_id).order_by(table.c.id.desc())
    return list(connection.execute(query.limit(KEPT_PASSWORDS)).scalars())


def set_password(changes: Changes, account: Account, hashed: str, at_ms: int, *, must_change: bool = False) -> Account:
    """Put a password in force and end every session of the account; the trail says so, without the hash."""
    connection = changes.connection
    table = account_passwords
    connection.execute(insert(table).values(account_id=account.id, hash=hashed, at_ms=at_ms))
    kept = select(table.c.id).where(table.c.account_id == account.id).order_by(table.c.id.desc()).limit(KEPT_PASSWORDS)
    ids = list(connection.execute(kept).scalars())
    connection.execute(delete(table).where(table.c.account_id == account.id, table.c.id.not_in(ids)))
    connection.execute(delete(sessions).where(sessions.c.account_id == account.id))
    changes.record("password_set", account, must_change=must_change)
    if account.must_change_password != must_change:
        account = changes.update(msgspec.structs.replace(account, must_change_password=must_change))
    return account


def renew_hash(connection: Connection, account_id: int, old: str, new: str) -> None:
    """The same password hashed with today's parameters, unless it was changed meanwhile."""
    table = account_passwords
    condition: Any = (table.c.account_id == account_id) & (table.c.hash == old)
    connection.execute(table.update().where(condition).values(hash=new))
