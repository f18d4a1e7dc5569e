"""Which accounts somebody sees and changes, and what must always be left."""

from __future__ import annotations

from sqlalchemy import Connection

from kiestoon.api.login.authentication import Presence
from kiestoon.api.login.reach import may_manage
from kiestoon.api.permissions import may_do
from kiestoon.api.problems import ApiProblem
from kiestoon.company.model import Account
from kiestoon.store.accounts import get_account, list_accounts
from kiestoon.store.problems import problem
from kiestoon.store.write import Changes

OPERATION = "manage_accounts"
TABLE = "accounts"


def demand(presence: Presence, company_id: int | None, *, reading: bool) -> None:
    """403 unless somebody administers accounts; 404 for another company's."""
    if not may_do(presence.principal, OPERATION, TABLE, reading=reading):
        raise ApiProblem("forbidden")
    own = presence.account
    if own.role != "operator" and own.company_id != company_id:
        raise ApiProblem("not_found")


def visible(connection: Connection, presence: Presence, company_id: int | None) -> list[Account]:
    """The accounts somebody may manage."""
    held = list_accounts(connection, company_id)
    return [account for account in held if may_manage(connection, presence.account, account)]


def find(connection: Connection, presence: Presence, company_id: int | None, account_id: int) -> Account:
    """One of them; 404 for any other."""
    account = get_account(connection, account_id)
    if account is None or account.company_id != company_id or not may_manage(connection, presence.account, account):
        raise ApiProblem("not_found")
    return account


def refuse_unless_manageable(connection: Connection, presence: Presence, account: Account) -> None:
    """403 when an account would have a role or a place beyond one's own."""
    if not may_manage(connection, presence.account, account):
        raise ApiProblem("forbidden", (problem("role", "not_yours"),))


def refuse_without_operator(changes: Changes, company_id: int | None) -> None:
    """409 when nobody would be left to administer the installation."""
    if company_id is None and not any(not account.disabled for account in list_accounts(changes.connection, None)):
        raise ApiProblem("conflict", (problem("", "last_operator"),))
