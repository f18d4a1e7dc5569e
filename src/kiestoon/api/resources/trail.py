"""The part of the activity log that an administrator of a location or department sees (V 17.2): what is within reach.

A row that is there is looked up; one that is gone is known by what the log says of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.sql.selectable import Select

from kiestoon.api.permissions import access
from kiestoon.api.principal import Principal
from kiestoon.api.resources.reach import Condition, Reach
from kiestoon.company.model import BELONGING, BY_TABLE, Account
from kiestoon.store.tables import TABLES, changes

_ACCOUNTS = TABLES[Account]


def trail_within(principal: Principal, company_id: int | None) -> Condition | None:
    """The entries somebody sees; None = all of the company."""
    if principal.role in {"operator", "company"}:
        return None
    reach = Reach(principal, company_id)
    gone = and_(changes.c.action == "removed", or_(*_told(reach, changes.c.details)))
    return or_(*_present(principal, reach), gone, _of_accounts(reach))


def _present(principal: Principal, reach: Reach) -> Iterator[Condition]:
    for entity in BELONGING:
        if access(principal, entity.table) in {"-", "public"}:
            continue
        yield and_(changes.c.table_name == entity.table, changes.c.row_id.in_(_ids(reach, entity.table)))


def _told(reach: Reach, details: Any) -> Iterator[Condition]:
    """Whether an entry's values say that the row belonged to what is within reach."""
    places = {"location_id": "locations", "department_id": "departments", "user_id": "users"}
    for field, name in places.items():
        yield details[field].as_integer().in_(_ids(reach, name))
    for entity in BELONGING:
        if entity.has_extension:
            table = TABLES[entity.row]
            numbers = select(table.c.extension).where(reach.of_company(entity), reach.full(entity))
            yield details["extension"].as_string().in_(numbers)


def _of_accounts(reach: Reach) -> Condition:
    """Logins of the people and administrators there."""
    columns = (
        (_ACCOUNTS.c.location_id, "locations"),
        (_ACCOUNTS.c.department_id, "departments"),
        (_ACCOUNTS.c.user_id, "users"),
    )
    there = or_(*(column.in_(_ids(reach, table)) for column, table in columns))
    mine = select(_ACCOUNTS.c.id).where(_ACCOUNTS.c.company_id == reach.company_id, there)
    return and_(changes.c.table_name == "accounts", changes.c.row_id.in_(mine))


def _ids(reach: Reach, name: str) -> Select[Any]:
    entity = BY_TABLE[name]
    table = TABLES[entity.row]
    return select(table.c.id).where(reach.of_company(entity), reach.full(entity))
