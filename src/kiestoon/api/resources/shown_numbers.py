"""Which numbers may be shown to who is called: the company's own, and a person's mobile number (CALL-18).

Providers let through what they know, or stop the call; and nobody is to call in another's name. What emergency calls
fall back to (E 6.10) is among them: the centre calls back there. The rule is the API's:
an operator at the command line, who moves a company here before its numbers, is not held by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from kiestoon.company.model import ENTITIES, Company, Number, Row, User
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules import Peek
from kiestoon.store.tables import TABLES

FIELDS: Final = ("caller_number", "dynamic_numbers", "emergency_number")

_SHOWING: Final = tuple(
    entity.row
    for entity in ENTITIES
    if entity.row is not Company and any(field in entity.row.__struct_fields__ for field in FIELDS)
)


def foreign_numbers(connection: Connection, row: Row, old: Row | None) -> Iterator[Problem]:
    """What is wrong with the numbers a row shows that its old state did not show."""
    company_id = row.id if isinstance(row, Company) else getattr(row, "company_id", None)
    for field in FIELDS:
        wanted = _numbers(row, field) - (_numbers(old, field) if old is not None else set())
        if not wanted:
            continue
        table = TABLES[Number]
        query = select(table.c.e164).where(table.c.company_id == company_id, table.c.e164.in_(wanted))
        if isinstance(row, Company) and field == "emergency_number" and not _has_numbers(connection, row.id):
            continue  # a company is made before its numbers
        foreign = wanted - set(connection.execute(query).scalars()) - {_mobile(connection, row, company_id)}
        for number in sorted(foreign):
            yield problem(field, "not_own_number", value=number)


def foreign_of_company(connection: Connection, company_id: int) -> list[Problem]:
    """The same of all rows of a company, as they are now; the field says whose it is."""
    peek = Peek(connection, company_id)
    rows = [row for row_type in _SHOWING for row in peek.find(row_type)]
    rows += peek.find(Company, id=company_id)
    return [
        msgspec.structs.replace(found, place=f"{TABLES[type(row)].name}.{row.id}")
        for row in rows
        for found in foreign_numbers(connection, row, None)
    ]


def _numbers(row: Row, field: str) -> set[str]:
    value: Any = getattr(row, field, "")
    return set(value if isinstance(value, tuple) else (value,)) - {"", None}


def _has_numbers(connection: Connection, company_id: int) -> bool:
    table = TABLES[Number]
    return connection.execute(select(table.c.id).where(table.c.company_id == company_id).limit(1)).first() is not None


def _mobile(connection: Connection, row: Row, company_id: int | None) -> str:
    user = row if isinstance(row, User) else Peek(connection, company_id).get(User, getattr(row, "user_id", None))
    return user.mobile_number if user is not None else ""
