"""No statement over companies' rows runs without a company (an error of ours must not become a leak)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import and_, delete, exists, false, func, insert, literal, not_, or_, select, true, union, update

import kiestoon
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.scope import INSTALLATION, UnscopedQueryError
from kiestoon.store.tables import companies, devices, metadata, numbers, trunks, users

OWNED = [table for table in metadata.sorted_tables if "company_id" in table.c]
alias, boss = users.alias("colleague"), users.alias("boss")
mine, yours = users.c.company_id == 1, devices.c.company_id == 1
joined = users.join(devices, devices.c.user_id == users.c.id)
in_one_company = users.join(devices, and_(devices.c.user_id == users.c.id, devices.c.company_id == users.c.company_id))
phones = select(devices.c.user_id)
people = select(users.c.id).cte("people")

UNSCOPED: dict[str, Any] = {
    "an alias": select(alias.c.id),
    "another alias than the bound one": select(alias.c.id, boss.c.id).where(alias.c.company_id == 1),
    "a join": select(users.c.id).select_from(joined),
    "a join of which one side is bound": select(users.c.id).select_from(joined).where(mine),
    "a join in which both follow one another": select(users.c.id).select_from(in_one_company),
    "an outer join bound by its condition": select(users.c.id).select_from(
        users.outerjoin(devices, and_(devices.c.user_id == users.c.id, yours, mine))
    ),
    "two tables side by side": select(users.c.id, devices.c.id).where(mine),
    "a subquery in the condition": select(users.c.id).where(mine, users.c.id.in_(phones)),
    "a subquery in FROM": select(phones.subquery().c.user_id),
    "a scalar subquery": select(phones.limit(1).scalar_subquery()),
    "exists": select(users.c.id).where(mine, exists().where(devices.c.user_id == users.c.id)),
    "a CTE": select(people.c.id),
    "a union": union(select(users.c.id).where(mine), phones),
    "an aggregate": select(func.count()).select_from(users),
    "the column alone": select(users.c.company_id).where(users.c.id == 1),
    "a comparison with itself": select(users.c.id).where(users.c.company_id == users.c.company_id),
    "a comparison with another column": select(users.c.id).where(users.c.company_id == users.c.id),
    "of whichever companies there are": select(users.c.id).where(users.c.company_id.in_(select(companies.c.id))),
    "not this company": select(users.c.id).where(users.c.company_id != 1),
    "this company or anything": select(users.c.id).where(or_(mine, true())),
    "a condition everybody fulfils": select(users.c.id).where(true()),
    "not what nobody fulfils": select(users.c.id).where(not_(false())),
    "this company or an id": select(users.c.id).where(or_(mine, users.c.id == 1)),
    "update with a subquery": update(users).where(mine, users.c.id.in_(phones)).values(name="x"),
    "update of what is set from others": update(users)
    .where(mine)
    .values(name=select(devices.c.name).limit(1).scalar_subquery()),
    "delete with a subquery": delete(users).where(mine, users.c.id.in_(phones)),
    "insert from a select": insert(users).from_select(["company_id", "id"], select(literal(1), devices.c.id)),
    "insert from a select without whose": insert(users).from_select(["id"], select(devices.c.id).where(yours)),
}
SCOPED: dict[str, Any] = {
    "nothing at all": select(users.c.id).where(mine, or_(false(), false())),
    "an alias": select(alias.c.id).where(alias.c.company_id == 1),
    "a join, both bound": select(users.c.id).select_from(joined).where(mine, yours),
    "a join, one following the other": select(users.c.id).select_from(in_one_company).where(mine),
    "one of several": select(users.c.id).where(users.c.company_id.in_([1, 2])),
    "the installation's own and the company's": select(trunks.c.id).where(
        or_(trunks.c.company_id == 1, trunks.c.company_id.is_(None))
    ),
    "a subquery": select(users.c.id).where(mine, users.c.id.in_(phones.where(yours))),
    "exists that follows": select(users.c.id).where(
        mine, exists().where(devices.c.user_id == users.c.id, devices.c.company_id == users.c.company_id)
    ),
    "update": update(users).where(mine, users.c.id == 1).values(name="x"),
    "delete": delete(numbers).where(numbers.c.company_id == 1),
    "meant for everybody": select(users.c.id).execution_options(**INSTALLATION),
}


@pytest.mark.filterwarnings("ignore:Column 'extensions.company_id' is marked")
@pytest.mark.parametrize("table", OWNED, ids=[table.name for table in OWNED])
@pytest.mark.parametrize("kind", ["select", "update", "delete", "insert", "insert many"])
def test_every_table_with_companies_rows_is_guarded(database: Database, vault: Vault, table: Any, kind: str) -> None:
    key = next(iter(table.primary_key.columns), next(iter(table.c)))
    other = next(column for column in table.c if column.name != "company_id")
    statements = {
        "select": select(table).where(key == 1) if key.name != "company_id" else select(table),
        "update": update(table).values({other.name: None}),
        "delete": delete(table),
        "insert": insert(table).values({other.name: 1}),
        "insert many": insert(table),
    }
    values = [{other.name: 1}, {other.name: 2}] if kind == "insert many" else None
    with database.read() as connection, pytest.raises(UnscopedQueryError, match=table.name):
        connection.execute(statements[kind], values)


@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
@pytest.mark.parametrize("name", UNSCOPED)
def test_a_statement_that_could_see_others_rows_raises(database: Database, vault: Vault, name: str) -> None:
    for _ in range(2):  # also when it is known already
        with database.read() as connection, pytest.raises(UnscopedQueryError):
            connection.execute(UNSCOPED[name])


@pytest.mark.parametrize("name", SCOPED)
def test_a_statement_that_says_whose_rows_runs(database: Database, vault: Vault, name: str) -> None:
    with database.write() as connection:
        connection.execute(SCOPED[name])


def test_a_statement_meant_for_everybody_makes_no_other_so(database: Database, vault: Vault) -> None:
    with database.read() as connection:
        connection.execute(select(users.c.id), execution_options=INSTALLATION)
        with pytest.raises(UnscopedQueryError):
            connection.execute(select(users.c.id))


def test_no_statement_is_a_text() -> None:
    """What is in a text cannot be guarded. Migrations run alone and see everything."""
    source = Path(str(kiestoon.__file__)).parent
    found = [
        f"{path.relative_to(source)}: {line.strip()}"
        for path in source.rglob("*.py")
        if "migrations" not in path.parts and "sqlalchemy" in (text := path.read_text())
        for line in text.splitlines()
        if re.search(r"(?<![\w.])(sa\.)?(text|literal_column|TextClause)\(|import .*\b(text|literal_column)\b.*", line)
        and ("sqlalchemy" in line or "execute" in line)
    ]
    assert found == []
    raw = [path.name for path in source.rglob("*.py") if "exec_driver_sql(" in path.read_text()]
    assert raw == ["database.py"]  # BEGIN
