"""How far an administrator's account reaches over people and other accounts (V 2.3-2.5)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from kiestoon.api.principal import ROLES
from kiestoon.company.model import Account, Department, User
from kiestoon.store.load import iterate_rows
from kiestoon.store.rules import Peek
from kiestoon.store.rules.places import located

_RANK: Final = {role: rank for rank, role in enumerate(ROLES)}


def may_act_as(connection: Connection, account: Account, person: User) -> bool:
    """Whether an administrator may step into a person's view."""
    return account.role != "user" and reaches(connection, account, person)


def reaches(connection: Connection, account: Account, person: User) -> bool:
    """Whether a person belongs to what the account administers."""
    if account.role == "operator":
        return True
    if account.company_id != person.company_id:
        return False
    if account.role == "company":
        return True
    if account.role == "location":
        place = located(person, Peek(connection, person.company_id))
        return place is not None and place == account.location_id
    if account.role == "department":
        return person.department_id is not None and person.department_id in departments_of(connection, account)
    return person.id == account.user_id


def departments_of(connection: Connection, account: Account) -> frozenset[int]:
    """A department administrator's department, with those inside it."""
    if account.company_id is None or account.department_id is None:
        return frozenset()
    rows = list(iterate_rows(connection, Department, company_id=account.company_id))
    inside = {account.department_id}
    for _ in rows:
        more = {row.id for row in rows if row.parent_id in inside} - inside
        if not more:
            break
        inside |= more
    return frozenset(inside)


def may_manage(connection: Connection, manager: Account, target: Account) -> bool:
    """Whether an administrator may create, change or remove this account: an equal's or a lower one,
    within reach."""
    if manager.role == "user" or _RANK[target.role] < _RANK[manager.role]:
        return False
    if manager.role == "operator":
        return True
    if manager.company_id is None or manager.company_id != target.company_id:
        return False
    if manager.role == "company":
        return True
    if target.role == "user":
        person = next(iterate_rows(connection, User, row_id=target.user_id), None) if target.user_id else None
        return person is not None and reaches(connection, manager, person)
    if manager.role == "location":
        place = target.location_id
        if target.role == "department":
            own = next(iterate_rows(connection, Department, row_id=target.department_id or 0), None)
            place = own.location_id if own is not None and own.company_id == manager.company_id else None
        return place is not None and place == manager.location_id
    return target.role == "department" and target.department_id in departments_of(connection, manager)
