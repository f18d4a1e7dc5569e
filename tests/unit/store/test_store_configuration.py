"""Writing configuration (rules, audit trail) and loading it for the call path."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import select, text

from kiestoon.company.model import Company, Department, Device, Location, Menu, Number, Row, Trunk, User
from kiestoon.store import tables
from kiestoon.store.database import Database
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.load import (
    changed_companies,
    find_company,
    list_rows,
    load_all,
    load_company,
    load_shared_trunks,
)
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.write import changing

SECRET = "abcdefghijklmnopqrst"


def add(database: Database, vault: Vault, row: Row) -> Any:
    with changing(database, vault, acting_user="test", now_ms=1000) as changes:
        return changes.add(row)


@pytest.fixture
def company(database: Database, vault: Vault) -> Company:
    added: Company = add(database, vault, Company(id=0, name="Acme", domain="acme.example"))
    return added


def test_everything_written_is_loaded_again(database: Database, vault: Vault, company: Company) -> None:
    own = {"company_id": company.id}
    location = add(database, vault, Location(id=0, name="Here", area_code="020", **own))
    department = add(database, vault, Department(id=0, name="Sales", location_id=location.id, **own))
    user = add(database, vault, User(id=0, extension="101", name="Ann", department_id=department.id, **own))
    device = add(database, vault, Device(id=0, username="ann", secret=SECRET, user_id=user.id, **own))
    number = add(database, vault, Number(id=0, e164="+31205550100", extension="101", **own))
    menu = add(database, vault, Menu(id=0, extension="100", name="Welcome", **own))
    line = add(database, vault, Trunk(id=0, name="own", kind="peer", host="h", sources=("192.0.2.0/24",), **own))
    shared = add(
        database, vault, Trunk(id=0, name="all", kind="register", host="h", username="u", secret=SECRET, priority=5)
    )
    loaded = load_all(database, vault)
    rows = loaded.companies[0]
    assert rows.company == company
    assert (rows.locations, rows.departments, rows.users) == ((location,), (department,), (user,))
    assert (rows.devices, rows.numbers, rows.menus, rows.trunks) == ((device,), (number,), (menu,), (line,))
    assert rows.devices[0].secret == SECRET
    assert loaded.shared_trunks == (shared,) == load_shared_trunks(database, vault)
    assert load_company(database, vault, company.id) == rows
    assert load_company(database, vault, 99) is None


def test_secrets_are_encrypted_in_the_database_and_absent_from_lists(
    database: Database, vault: Vault, company: Company
) -> None:
    add(database, vault, Device(id=0, company_id=company.id, username="ann", secret=SECRET))
    with database.read() as connection:
        query = select(tables.devices.c.secret).where(tables.devices.c.company_id == company.id)
        stored = connection.execute(query).scalar_one()
        trail = connection.execute(text("SELECT details FROM changes")).scalars().all()
    assert SECRET.encode() not in stored
    assert not any(SECRET in entry for entry in trail)
    assert list_rows(database, Device)[0].secret == ""


def test_rows_do_not_show_their_secrets() -> None:
    row = Device(id=1, company_id=1, username="ann", secret=SECRET)
    assert SECRET not in repr(row)
    assert "ann" in repr(row)


def test_each_write_leaves_who_did_what_to_which_company(database: Database, vault: Vault, company: Company) -> None:
    with changing(database, vault, acting_user="kees", now_ms=5) as changes:
        user = changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
        changes.update(msgspec.structs.replace(user, name="Anna"))
        changes.remove(user)
    with database.read() as connection:
        rows = connection.execute(
            select(tables.changes).where(tables.changes.c.acting_user == "kees"), execution_options=INSTALLATION
        ).all()
    assert [(row.action, row.table_name, row.row_id, row.company_id, row.at_ms) for row in rows] == [
        ("added", "users", user.id, company.id, 5),
        ("updated", "users", user.id, company.id, 5),
        ("removed", "users", user.id, company.id, 5),
    ]
    assert rows[1].details["name"] == "Anna"


def test_the_change_feed_names_the_companies_touched_since(database: Database, vault: Vault, company: Company) -> None:
    since = load_all(database, vault).last_change
    assert changed_companies(database, since) == (since, frozenset())
    other = add(database, vault, Company(id=0, name="Other", domain="other.example"))
    add(database, vault, Trunk(id=0, name="all", kind="peer", host="h", sources=("192.0.2.1",)))
    last, touched = changed_companies(database, since)
    assert touched == {other.id, None}
    assert last == since + 2


def test_a_failed_change_leaves_nothing(database: Database, vault: Vault, company: Company) -> None:
    before = load_all(database, vault)

    def add_two() -> None:
        with changing(database, vault, acting_user="test") as changes:
            changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
            changes.add(User(id=0, company_id=company.id, extension="101", name="Bob"))

    with pytest.raises(InvalidRowError):
        add_two()
    assert load_all(database, vault) == before


def test_removing_a_company_removes_what_belongs_to_it(database: Database, vault: Vault, company: Company) -> None:
    add(database, vault, User(id=0, company_id=company.id, extension="101", name="Ann"))
    with changing(database, vault, acting_user="test") as changes:
        changes.remove(company)
    assert list_rows(database, User) == []


BAD_ROWS: dict[str, Row] = {
    "not a domain": Company(id=0, name="X", domain="not a domain"),
    "access code": Company(id=0, name="X", domain="x.example", access_code="#"),
    "international number": User(id=0, company_id=1, extension="1", name="X", caller_number="0201234567"),
    "extension": User(id=0, company_id=1, extension="12a", name="X"),
    "control characters": User(id=0, company_id=1, extension="12", name="X\r\nEvil: header"),
    "does not exist in this company": User(id=0, company_id=1, extension="121", name="X", location_id=77),
    "username": Device(id=0, company_id=1, username="a b", secret=SECRET),
    "too short": Device(id=0, company_id=1, username="a", secret="1234"),
    "Use 1 to 5": Device(id=0, company_id=1, username="a", secret=SECRET, call_limit=9),
    "Choose from company, off": Device(id=0, company_id=1, username="a", secret=SECRET, encryption="perhaps"),  # type: ignore[arg-type]
    "no source address": Trunk(id=0, name="t", kind="peer", host="h"),
    "not an address or range": Trunk(id=0, name="t", kind="peer", host="h", sources=("example.org",)),
    "password is missing": Trunk(id=0, name="t", kind="register", host="h", username="u"),
    "E.164|international": Number(id=0, company_id=1, e164="0201234567", extension="1"),
    "company 99 does not exist": User(id=0, company_id=99, extension="12", name="X"),
}


@pytest.mark.parametrize("message", BAD_ROWS)
def test_rows_that_break_a_rule_are_refused_with_the_reason(
    database: Database, vault: Vault, company: Company, message: str
) -> None:
    with pytest.raises(InvalidRowError, match=message):
        add(database, vault, BAD_ROWS[message])


def test_users_and_menus_share_one_numbering_plan(database: Database, vault: Vault, company: Company) -> None:
    add(database, vault, User(id=0, company_id=company.id, extension="100", name="Ann"))
    with pytest.raises(InvalidRowError, match="belongs to user 'Ann' already"):
        add(database, vault, Menu(id=0, company_id=company.id, extension="100", name="Welcome"))


def test_rows_may_not_point_into_another_company(database: Database, vault: Vault, company: Company) -> None:
    other = add(database, vault, Company(id=0, name="Other", domain="other.example"))
    place = add(database, vault, Location(id=0, company_id=other.id, name="There"))
    with pytest.raises(InvalidRowError, match="does not exist in this company"):
        add(database, vault, User(id=0, company_id=company.id, extension="101", name="X", location_id=place.id))


def test_a_company_is_found_as_somebody_would_type_it(database: Database, vault: Vault, company: Company) -> None:
    for name in ("acme", "ACME.example", str(company.id)):
        assert find_company(database, name) == company
    assert find_company(database, "nobody") is None


def test_rows_share_equal_values_in_memory(database: Database, vault: Vault, company: Company) -> None:
    """SQLite hands out a new string for each cell; ten thousand devices must not hold ten thousand "optional"s."""
    with changing(database, vault, acting_user="test") as changes:
        for number in range(2):
            changes.add(Device(id=0, company_id=company.id, username=f"d{number}", secret=new_secret()))
    one, two = load_all(database, vault).companies[0].devices
    assert one.encryption is two.encryption
    assert one.secret != two.secret


async def test_the_async_engine_reads_the_same_rows(database: Database, vault: Vault, company: Company) -> None:
    engine = database.async_engine()
    async with engine.connect() as connection:
        names = (await connection.execute(select(tables.companies.c.name))).scalars().all()
    await engine.dispose()
    assert names == ["Acme"]
