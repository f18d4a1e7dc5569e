"""Layouts of the database: what migrations make, and what becomes of the rows of an older one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, create_engine, event, inspect, select, text

from kiestoon.company.model import Company, Department, Device, Location, Menu, Number, Trunk, User
from kiestoon.store import schema
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.keys import Vault, create_vault
from kiestoon.store.load import list_rows, load_all
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import call_parties, metadata
from kiestoon.store.write import changing

FIRST: dict[str, dict[str, Any]] = {
    "companies": {
        "country": "NL", "language": "nl", "area_code": "020", "access_code": "0", "extension_digits": 3,
        "emergency_number": "+31205550100", "encryption": "optional", "music_path": "", "max_calls": 0, "active": True,
    },
    "locations": {"area_code": "020", "timezone": "Europe/Amsterdam"},
    "departments": {"location_id": None, "parent_id": None},
    "users": {
        "email": "", "location_id": None, "department_id": None, "caller_number": "", "hide_number": False,
        "emergency_number": "", "call_waiting": True, "ring_s": 60, "language": "",
    },
    "devices": {
        "name": "", "encryption": "company", "dtmf": "rfc4733", "area_code": "", "call_limit": 2, "language": "",
        "country": "", "emergency_number": "", "active": True,
    },
    "trunks": {
        "kind": "peer", "host": "h", "port": 0, "transport": "udp", "username": "", "secret": None, "domain": "",
        "sources": ["192.0.2.0/24"], "priority": 10, "max_calls": 0, "trusted": True, "srtp": "off",
        "number_format": "plus", "expires_s": 600, "active": True,
    },
    "numbers": {"location_id": None},
    "menus": {"greeting": "", "timeout_s": 6, "fallback_extension": ""},
    "changes": {"at_ms": 1, "acting_user": "cli", "details": {}},
    "call_records": {
        "direction": "in", "answered_ms": 0, "closed_ms": 9, "caller_number": "", "caller_display": "", "dialled": "",
        "final_party": "", "outcome": "busy", "ended_by": "", "cause": 0, "sip_status": 0, "legs": [],
    },
}  # fmt: skip
"""Values of the first layout's columns where a row does not say otherwise."""


class FirstLayout:
    """A database as the first version wrote it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        schema.upgrade(database, "0001")

    def put(self, table: str, *rows: dict[str, Any]) -> None:
        with self.database.write() as connection:
            made = Table(table, MetaData(), autoload_with=connection)
            values = [{**FIRST[table], **row} for row in rows]
            connection.execute(made.insert(), values)
            if connection.dialect.name == "postgresql" and "id" in made.c:
                ids = [row["id"] for row in rows]
                connection.execute(text(f"SELECT setval('{table}_id_seq', {max(ids)})"))

    def put_company(self, vault: Vault) -> None:
        self.put("companies", {"id": 1, "name": "Acme", "domain": "acme.example"})
        self.put("locations", {"id": 1, "company_id": 1, "name": "Here"}, {"id": 4, "company_id": 1, "name": "Here"})
        self.put("departments", {"id": 2, "company_id": 1, "name": "Sales", "location_id": 4})
        self.put("departments", {"id": 1, "company_id": 1, "name": "Support", "parent_id": 2})
        self.put(
            "users",
            {"id": 5, "company_id": 1, "extension": "101", "name": "A" * 255, "department_id": 1},
            {"id": 7, "company_id": 1, "extension": "102", "name": "Bob", "location_id": 1},
        )
        secret = vault.encrypt("abcdefghijklmnopqrst", "device 1 ann")
        self.put("devices", {"id": 3, "company_id": 1, "username": "ann", "secret": secret, "user_id": 5})
        self.put("trunks", {"id": 1, "company_id": None, "name": "all"}, {"id": 2, "company_id": 1, "name": "own"})
        self.put(
            "numbers",
            {"id": 1, "company_id": 1, "e164": "+31205550101", "extension": "101"},
            {"id": 2, "company_id": 1, "e164": "+31205550102", "extension": "999"},
        )
        self.put(
            "menus",
            {"id": 1, "company_id": 1, "extension": "100", "name": "Welcome", "fallback_extension": "102"},
            {"id": 2, "company_id": 1, "extension": "109", "name": "Night", "fallback_extension": "998"},
        )
        self.put(
            "changes",
            {"id": 1, "action": "added", "table_name": "companies", "row_id": 1, "company_id": 1},
            {"id": 9, "action": "removed", "table_name": "users", "row_id": 40, "company_id": 1},
        )


@pytest.fixture
def key(tmp_path: Path) -> Vault:
    return create_vault(tmp_path / "first.key")


@pytest.fixture
def first(database: Database) -> FirstLayout:
    return FirstLayout(database)


def test_every_row_of_the_first_layout_survives(first: FirstLayout, key: Vault) -> None:
    first.put_company(key)
    assert schema.migrate(first.database) == ("0001", schema.REVISIONS[-1])
    loaded = load_all(first.database, key)
    rows = loaded.companies[0]
    assert rows.company == Company(
        id=1, name="Acme", domain="acme.example", area_code="020", emergency_number="+31205550100"
    )
    assert rows.users == (
        User(id=5, company_id=1, extension="101", name="A" * 80, department_id=1),
        User(id=7, company_id=1, extension="102", name="Bob", location_id=1),
    )
    assert rows.devices == (Device(id=3, company_id=1, username="ann", secret="abcdefghijklmnopqrst", user_id=5),)
    assert loaded.shared_trunks == (Trunk(id=1, name="all", kind="peer", host="h", sources=("192.0.2.0/24",)),)
    assert [line.name for line in rows.trunks] == ["own"]
    assert rows.menus[0] == Menu(id=1, company_id=1, extension="100", name="Welcome", fallback_extension="102")


def test_a_department_may_be_older_than_the_one_it_is_in(first: FirstLayout, key: Vault) -> None:
    first.put_company(key)
    schema.migrate(first.database)
    parents = {row.id: row.parent_id for row in list_rows(first.database, Department)}
    assert parents == {1: 2, 2: None}


def test_what_nobody_answered_is_cleared(first: FirstLayout, key: Vault) -> None:
    """Numbers and menus could name extensions that do not exist."""
    first.put_company(key)
    schema.migrate(first.database)
    assert [row.extension for row in list_rows(first.database, Number)] == ["101", ""]
    assert [row.fallback_extension for row in list_rows(first.database, Menu)] == ["102", ""]


def test_places_of_one_name_are_told_apart(first: FirstLayout, key: Vault) -> None:
    first.put_company(key)
    schema.migrate(first.database)
    assert [row.name for row in list_rows(first.database, Location)] == ["Here", "Here (2)"]


def test_ids_that_the_audit_trail_knows_are_not_given_again(first: FirstLayout, key: Vault) -> None:
    first.put_company(key)
    schema.migrate(first.database)
    with changing(first.database, key, acting_user="test") as changes:
        assert changes.add(User(id=0, company_id=1, extension="103", name="Cas")).id == 41
        assert changes.add(Location(id=0, company_id=1, name="There")).id == 5
    with first.database.read() as connection:
        feed = connection.execute(text("SELECT id FROM changes ORDER BY id"), execution_options=INSTALLATION)
        assert feed.scalars().all() == [1, 9, 10, 11]


def test_calls_recorded_so_far_belong_to_whom_extensions_and_phones_belong(first: FirstLayout, key: Vault) -> None:
    first.put_company(key)
    reasons = [["menu", {"extension": "100", "name": "Welcome"}], ["extension", {"extension": "102"}], ["no_trunk", {}]]
    first.put(
        "call_records",
        {
            "call_id": "c1",
            "company_id": 1,
            "opened_ms": 5,
            "reasons": reasons,
            "legs": [{"user_id": 5}, {"user_id": 99}],
        },
        {"call_id": "c2", "company_id": 2, "opened_ms": 6, "reasons": reasons},
    )
    schema.migrate(first.database)
    with first.database.read() as connection:
        rows = connection.execute(select(call_parties), execution_options=INSTALLATION).all()
    assert sorted(tuple(row) for row in rows) == [
        ("c1", "menus", 1, 1, 5), ("c1", "users", 5, 1, 5), ("c1", "users", 7, 1, 5),
    ]  # fmt: skip


def test_a_migrated_database_has_the_same_layout_as_a_new_one(first: FirstLayout, key: Vault) -> None:
    first.put_company(key)
    schema.migrate(first.database)
    with first.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_lead_to_exactly_our_tables(
    database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Columns, types, keys with what they do, checks, indexes and whether ids are given again."""
    schema.migrate(database)
    with database.read() as connection:
        migrated = layout(connection)
    url = sqlite_url(tmp_path / "new.db")
    if not database.is_sqlite:
        url = request.getfixturevalue("postgresql").create("new")
    engine = create_engine(url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        made = layout(connection)
    engine.dispose()
    assert made.keys() == migrated.keys() - {"alembic_version"}
    for table, parts in made.items():
        assert parts == migrated[table], table


def layout(connection: Connection) -> dict[str, Any]:
    """What there is to a table, without regard to order."""
    found = inspect(connection)
    return {table: layout_of(connection, found, table) for table in found.get_table_names()}


def layout_of(connection: Connection, found: Any, table: str) -> dict[str, Any]:
    columns = [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(table)]
    parts: dict[str, Any] = {
        "columns": sorted(columns, key=str),
        "primary key": found.get_pk_constraint(table)["constrained_columns"],
        "references": sorted(map(str, found.get_foreign_keys(table))),
        "unique": sorted(map(str, found.get_unique_constraints(table))),
        "checks": sorted(map(str, found.get_check_constraints(table))),
        "indexes": sorted(
            str((i["name"], i["column_names"], i["unique"], {k: str(v) for k, v in i["dialect_options"].items()}))
            for i in found.get_indexes(table)
        ),
    }
    if connection.dialect.name == "sqlite":
        query = text("SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE name = :table")
        parts["ids are never given again"] = connection.execute(query, {"table": table}).scalar()
    return parts


def everything(database: Database) -> dict[str, Any]:
    """Every table with its layout and rows."""
    with database.read() as connection:
        found = inspect(connection)
        return {
            table: (layout_of(connection, found, table), connection.execute(text(f"SELECT * FROM {table}")).all())
            for table in found.get_table_names()
        }


@pytest.mark.parametrize(
    "at", ["DROP TABLE companies", "CREATE TABLE rules", "INSERT INTO menus", "ALTER TABLE changes"]
)
def test_a_migration_that_fails_half_way_has_done_nothing(first: FirstLayout, key: Vault, at: str) -> None:
    first.put_company(key)
    before = everything(first.database)

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.strip().startswith(at):
            raise DatabaseUnavailableError("the disk is full", "make room")

    event.listen(first.database.engine, "before_cursor_execute", fail)
    with pytest.raises(DatabaseUnavailableError, match="disk is full"):
        schema.migrate(first.database)
    event.remove(first.database.engine, "before_cursor_execute", fail)
    assert everything(first.database) == before
    schema.migrate(first.database)
    assert len(list_rows(first.database, User)) == 2


def test_ten_thousand_users_are_migrated(first: FirstLayout) -> None:
    users = range(1, 10_001)
    first.put("companies", {"id": 1, "name": "Acme", "domain": "acme.example", "extension_digits": 5})
    first.put("users", *({"id": n, "company_id": 1, "extension": f"{20_000 + n}", "name": f"U{n}"} for n in users))
    schema.migrate(first.database)
    kept = list_rows(first.database, User)
    assert [(row.id, row.extension) for row in kept] == [(n, f"{20_000 + n}") for n in users]
