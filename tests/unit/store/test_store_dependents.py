"""What is counted as going with a row, and as staying without it."""

from __future__ import annotations

from kiestoon.company.model import Company, Department, Device, Location, Number, Row, User
from kiestoon.store.database import Database
from kiestoon.store.dependents import Dependents, count_dependents
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.write import Changes, changing


def dependents(database: Database, row: Row) -> Dependents:
    with database.read() as connection:
        return count_dependents(connection, row)


def add_company(changes: Changes, name: str) -> tuple[Company, Location, Department, User]:
    company = changes.add(Company(id=0, name=name, domain=f"{name}.example"))
    location = changes.add(Location(id=0, company_id=company.id, name="Here"))
    board = changes.add(Department(id=0, company_id=company.id, name="Board", location_id=location.id))
    changes.add(Department(id=0, company_id=company.id, name="Clerks", parent_id=board.id))
    ann = changes.add(
        User(id=0, company_id=company.id, extension="101", name="Ann", location_id=location.id, department_id=board.id)
    )
    for username in ("desk", "mobile"):
        phone = Device(id=0, company_id=company.id, username=username, secret=new_secret(), user_id=ann.id)
        changes.add(phone)
    return company, location, board, ann


def test_only_a_rows_own_dependents_count(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        company, location, board, ann = add_company(changes, "acme")
        add_company(changes, "other")
    everything = {"locations": 1, "departments": 2, "users": 1, "devices": 2}
    assert dependents(database, company) == Dependents(gone=everything, left={})
    assert dependents(database, ann) == Dependents(gone={}, left={"devices": 2})


def test_a_row_without_dependents_takes_nothing_along(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        company = changes.add(Company(id=0, name="acme", domain="acme.example"))
        number = changes.add(Number(id=0, company_id=company.id, e164="+31205550100"))
    assert dependents(database, number) == Dependents(gone={}, left={})


def test_a_removed_rows_id_never_comes_back(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        changes.add(Company(id=0, name="a", domain="a.example"))
        last = changes.add(Company(id=0, name="b", domain="b.example"))
        changes.remove(last)
    with changing(database, vault, acting_user="test") as changes:
        added = [changes.add(Company(id=0, name=name, domain=f"{name}.example")).id for name in ("c", "d")]
    assert added == [last.id + 1, last.id + 2]
