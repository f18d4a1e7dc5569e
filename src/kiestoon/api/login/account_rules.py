"""Which accounts somebody sees and changes, and what must always be left."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true

from kiestoon.api.login.authentication import Presence
from kiestoon.api.login.reach import may_manage
from kiestoon.api.permissions import may_do
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.queries import ListQuery
from kiestoon.api.resources.reach import Reach
from kiestoon.api.resources.requests import check_company
from kiestoon.api.resources.rows import fetch_list
from kiestoon.company.model import BY_ROW, BY_TABLE, Account, Entity
from kiestoon.store.account_tables import accounts
from kiestoon.store.accounts import domain_of, get_account, list_accounts
from kiestoon.store.problems import problem
from kiestoon.store.tables import TABLES
from kiestoon.store.write import Changes

_PLACES = {"location": "location_id", "department": "department_id", "user": "user_id"}
"""By role the column that leads to what an account administers, or whose it is."""


def demand(presence: Presence, company_id: int | None, *, reading: bool) -> None:
    """403 unless somebody administers such accounts; 404 for another company's."""
    principal = presence.principal
    if company_id is not None and principal.role != "operator" and principal.company_id != company_id:
        raise ApiProblem("not_found")
    operation = "manage_accounts" if company_id is not None else "manage_operators"
    if not may_do(principal, operation, "accounts", reading=reading):
        raise ApiProblem("forbidden")


class _Manageable(Reach):
    """The accounts somebody may manage: ``login.reach.may_manage`` as a condition."""

    def full(self, entity: Entity) -> ColumnElement[bool]:
        if self.principal.role in {"operator", "company"}:
            return true()
        return or_(false(), *(and_(accounts.c.role == role, self._leads_inside(role)) for role in _PLACES))

    def visible(self, entity: Entity) -> ColumnElement[bool]:
        return self.full(entity)

    def _leads_inside(self, role: str) -> ColumnElement[bool]:
        column = _PLACES[role]
        target = BY_TABLE[column.removesuffix("_id") + "s"]
        table = TABLES[target.row]
        within = select(table.c.id).where(self.of_company(target), self._within(target))
        return accounts.c[column].in_(within)


def page_of(
    connection: Connection, presence: Presence, company_id: int | None, query: ListQuery
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the accounts somebody may manage, with what their owners type to log in, and the next page's cursor."""
    check_company(connection, company_id)
    items, following = fetch_list(connection, BY_ROW[Account], query, _Manageable(presence.principal, company_id))
    behind = f"@{domain_of(connection, company_id)}" if company_id is not None else ""
    return [{**item, "login_name": item["login"] + behind} for item in items], following


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
