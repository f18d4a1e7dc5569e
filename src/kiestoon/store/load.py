"""Reading configuration rows: everything at start, one company after a change, lists for the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, func, select

from kiestoon.company.model import LOADED, Company, CompanyRows, Row, Trunk
from kiestoon.store import tables
from kiestoon.store.cells import columns_of, row_reader, secret_place
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES

__all__ = ["TABLES", "Configuration", "secret_place"]

RowT = TypeVar("RowT", bound=Row)
_BATCH = 1000


class Configuration(msgspec.Struct, frozen=True):
    """Everything the call path needs. ``last_change`` is the id of the last change that is contained."""

    companies: tuple[CompanyRows, ...]
    shared_trunks: tuple[Trunk, ...]
    last_change: int


def load_all(database: Database, vault: Vault) -> Configuration:
    """Load every company, decrypted. 10,000 devices take a fraction of a second."""
    with database.read() as connection:
        last_change = _last_change(connection)
        grouped: dict[str, defaultdict[int | None, list[Any]]] = {}
        for entity in LOADED:
            rows: defaultdict[int | None, list[Any]] = defaultdict(list)
            for row in iterate_rows(connection, entity.row, vault=vault):
                rows[row.company_id].append(row)  # type: ignore[attr-defined]  # all that belongs to a company has it
            grouped[entity.table] = rows
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
            entity.table: tuple(iterate_rows(connection, entity.row, vault=vault, company_id=company_id))
            for entity in LOADED
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
        query = select(*columns).where(tables.changes.c.id > since)
        rows = connection.execute(query, execution_options=INSTALLATION).all()
    last = max((row[0] for row in rows), default=since)
    return last, frozenset(row[1] for row in rows)


def _last_change(connection: Connection) -> int:
    query = select(func.max(tables.changes.c.id))
    return connection.execute(query, execution_options=INSTALLATION).scalar() or 0


def iterate_rows(
    connection: Connection,
    row_type: type[RowT],
    *,
    vault: Vault | None = None,
    company_id: int | None = None,
    row_id: int | None = None,
) -> Iterator[RowT]:
    """Rows of one table, by id. Without a vault secrets are left out. Without a company: the whole installation's."""
    table = TABLES[row_type]
    query = select(*columns_of(row_type)).order_by(table.c.id)
    if company_id is not None:
        query = query.where(table.c.company_id == company_id)
    if row_id is not None:
        query = query.where(table.c.id == row_id)
    read = row_reader(row_type, vault)
    for values in connection.execute(query, execution_options={"yield_per": _BATCH, **INSTALLATION}):
        yield read(values)
