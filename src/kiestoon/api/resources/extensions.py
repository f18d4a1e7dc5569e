"""A company's internal numbers: which are in use and by what, and the next that is free (ORG-7)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Reach
from kiestoon.company.codes import shadows
from kiestoon.company.model import BY_TABLE, Company, FeatureCode
from kiestoon.company.numbers import emergency_number
from kiestoon.store import tables
from kiestoon.store.load import iterate_rows
from kiestoon.store.problems import problem
from kiestoon.store.tables import TABLES


def numbers_in_use(
    connection: Connection, company_id: int, reach: Reach, *, after: str, limit: int, kind: str
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of numbers in order, behind ``after``; of one ``kind`` (a table) only, when given.

    ``name`` and ``id`` are None for those outside the directory and outside the reach of whoever asks.
    """
    table = tables.extensions
    query = select(table.c.number, table.c.table_name).where(table.c.company_id == company_id, table.c.number > after)
    if kind:
        query = query.where(table.c.table_name == kind)
    found = connection.execute(query.order_by(table.c.number).limit(limit + 1)).all()
    page = found[:limit]
    items: dict[str, dict[str, Any]] = {
        number: {"number": number, "type": owner, "id": None, "name": None} for number, owner in page
    }
    for owner in {owner for _, owner in page}:
        _name(connection, owner, [number for number, other in page if other == owner], reach, items)
    return list(items.values()), page[-1].number if len(found) > limit else None


def _name(
    connection: Connection, owner: str, numbers: list[str], reach: Reach, items: dict[str, dict[str, Any]]
) -> None:
    entity = BY_TABLE[owner]
    table = TABLES[entity.row]
    name = table.c.name if "name" in table.c else table.c.extension
    query = select(table.c.extension, table.c.id, name).where(
        reach.of_company(entity), table.c.extension.in_(numbers), reach.visible(entity)
    )
    for number, row_id, shown in connection.execute(query):
        items[number] |= {"id": row_id, "name": shown}


def next_free(connection: Connection, company_id: int, after: str = "") -> str:
    """The lowest free number of the company's length, above ``after`` when given.

    Neither an emergency number nor what would be taken for a feature code, and nothing that begins like the access
    code for an outside line.
    """
    company = next(iterate_rows(connection, Company, row_id=company_id), None)
    if company is None:
        raise ApiProblem("not_found")
    table = tables.extensions
    taken = set(connection.execute(select(table.c.number).where(table.c.company_id == company_id)).scalars())
    codes = list(iterate_rows(connection, FeatureCode, company_id=company_id))
    digits = company.extension_digits
    first = int(after) + 1 if after else 10 ** (digits - 1)
    for candidate in range(first, 10**digits):
        number = str(candidate).zfill(digits)
        if number in taken or (company.access_code and number.startswith(company.access_code)):
            continue
        if not emergency_number(number, company.country) and not any(shadows(code, number, digits) for code in codes):
            return number
    raise ApiProblem("conflict", [problem("", "no_free_extension", digits=digits)])
