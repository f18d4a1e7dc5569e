"""Reading configuration rows: everything at start, one company after a change, lists for the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Table, func, select

from kiestoon.company.model import (
    Company,
    CompanyRows,
    Department,
    Device,
    Location,
    Menu,
    Number,
    Row,
    Trunk,
    User,
)
from kiestoon.store import tables
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault

RowT = TypeVar("RowT", bound=Row)
TABLES: dict[type[Row], Table] = {
    Company: tables.companies,
    Location: tables.locations,
    Department: tables.departments,
    User: tables.users,
    Device: tables.devices,
    Number: tables.numbers,
    Menu: tables.menus,
    Trunk: tables.trunks,
}
_BELONGING: tuple[tuple[str, type[Row]], ...] = (
    ("locations", Location),
    ("departments", Department),
    ("users", User),
    ("devices", Device),
    ("numbers", Number),
    ("menus", Menu),
    ("trunks", Trunk),
)
_BATCH = 1000
# Columns whose values differ from row to row; the values of all others are shared between the rows in memory.
_DISTINCT = frozenset({"id", "username", "secret", "name", "email", "extension", "e164", "user_id", "sources"})


class Configuration(msgspec.Struct, frozen=True):
    """Everything the call path needs. ``last_change`` is the id of the last change that is contained."""

    companies: tuple[CompanyRows, ...]
    shared_trunks: tuple[Trunk, ...]
    last_change: int


def secret_place(row_type: type[Row], cells: Mapping[str, Any]) -> str:
    """What a row's encrypted secret is bound to; whoever changes one of these fields must encrypt again."""
    if row_type is Device:
        return f"device {cells['company_id']} {cells['username']}"
    return f"trunk {cells['name']}"


def load_all(database: Database, vault: Vault) -> Configuration:
    """Load every company, decrypted. 10,000 devices take a fraction of a second."""
    with database.read() as connection:
        last_change = _last_change(connection)
        grouped: dict[str, defaultdict[int | None, list[Any]]] = {}
        for field, row_type in _BELONGING:
            rows: defaultdict[int | None, list[Any]] = defaultdict(list)
            for row in iterate_rows(connection, row_type, vault=vault):
                rows[row.company_id].append(row)  # type: ignore[attr-defined]  # every row in _BELONGING has it
            grouped[field] = rows
        companies = tuple(
            CompanyRows(company=company, **{name: tuple(rows[company.id]) for name, rows in grouped.items()})
            for company in iterate_rows(connection, Company)
        )
    return Configuration(companies, tuple(grouped["trunks"][None]), last_change)


def load_company(database: Database, vault: Vault, company_id: int) -> CompanyRows | None:
    """Load one company, decrypted; None when there is none by this id."""
    with database.read() as connection:
        company = next(iterate_rows(connection, Company, row_id=company_id), None)
        if company is None:
            return None
        belonging: dict[str, Any] = {
            field: tuple(iterate_rows(connection, row_type, vault=vault, company_id=company_id))
            for field, row_type in _BELONGING
        }
    return CompanyRows(company=company, **belonging)


def load_shared_trunks(database: Database, vault: Vault) -> tuple[Trunk, ...]:
    """Load the trunks that belong to no company, decrypted."""
    with database.read() as connection:
        return tuple(row for row in iterate_rows(connection, Trunk, vault=vault) if row.company_id is None)


def list_rows(database: Database, row_type: type[RowT], company_id: int | None = None) -> list[RowT]:
    """Rows for showing: secrets stay encrypted in the database and are "" here."""
    with database.read() as connection:
        return list(iterate_rows(connection, row_type, company_id=company_id))


def find_company(database: Database, name: str) -> Company | None:
    """A company by its domain, name or id, as somebody would type it."""
    wanted = name.strip().lower()
    for company in list_rows(database, Company):
        if wanted in (company.domain.lower(), company.name.lower(), str(company.id)):
            return company
    return None


def changed_companies(database: Database, since: int) -> tuple[int, frozenset[int | None]]:
    """Which companies were written to after change ``since`` (None: the installation's own rows), and the last id."""
    columns = (tables.changes.c.id, tables.changes.c.company_id)
    with database.read() as connection:
        rows = connection.execute(select(*columns).where(tables.changes.c.id > since)).all()
    last = max((row[0] for row in rows), default=since)
    return last, frozenset(row[1] for row in rows)


def _last_change(connection: Connection) -> int:
    return connection.execute(select(func.max(tables.changes.c.id))).scalar() or 0


def iterate_rows(
    connection: Connection,
    row_type: type[RowT],
    *,
    vault: Vault | None = None,
    company_id: int | None = None,
    row_id: int | None = None,
) -> Iterator[RowT]:
    """Rows of one table, by id. Without a vault secrets are left out."""
    table = TABLES[row_type]
    fields = row_type.__struct_fields__
    query = select(*(table.c[name] for name in fields)).order_by(table.c.id)
    if company_id is not None:
        query = query.where(table.c.company_id == company_id)
    if row_id is not None:
        query = query.where(table.c.id == row_id)
    shared: dict[str, str] = {}
    for values in connection.execute(query, execution_options={"yield_per": _BATCH}):
        cells: dict[str, Any] = {}
        for name, value in zip(fields, values, strict=True):
            cells[name] = shared.setdefault(value, value) if type(value) is str and name not in _DISTINCT else value
        if "sources" in cells:
            cells["sources"] = tuple(cells["sources"])
        if "secret" in cells:
            encrypted = cells["secret"]
            cells["secret"] = ""
            if encrypted is not None and vault is not None:
                cells["secret"] = vault.decrypt(encrypted, secret_place(row_type, cells))
        yield row_type(**cells)
