"""The audit trail and change feed: what every write leaves behind."""

from __future__ import annotations

import pytest
from audit_trail import trail
from msgspec.structs import replace
from row_maker import RowMaker

from kiestoon.company.model import Company, Device, Location, User
from kiestoon.store.database import Database
from kiestoon.store.errors import ConflictError, InvalidRowError
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.write import changing

SECRET = "abcdefghijklmnopqrst"


@pytest.fixture
def company(database: Database, vault: Vault) -> Company:
    with changing(database, vault, acting_user="test") as changes:
        return changes.add(Company(id=0, name="Acme", domain="acme.example"))


def add(database: Database, vault: Vault, company: Company, *extensions: str) -> None:
    with changing(database, vault, acting_user="test") as changes:
        for extension in extensions:
            changes.add(User(id=0, company_id=company.id, extension=extension, name="X"))


def test_each_action_is_noted_with_what_was_and_what_is(database: Database, vault: Vault, company: Company) -> None:
    since = trail(database)[-1].id
    with changing(database, vault, acting_user="admin", acting_for="Ann", now_ms=7) as changes:
        ann = changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
        anne = changes.update(replace(ann, name="Anne", ring_s=20))
        changes.remove(anne)
    added, updated, removed = trail(database, since)
    for entry, action in ((added, "added"), (updated, "updated"), (removed, "removed")):
        assert (entry.action, entry.table_name, entry.row_id, entry.company_id) == (action, "users", ann.id, company.id)
        assert (entry.acting_user, entry.acting_for, entry.at_ms) == ("admin", "Ann", 7)
    assert (added.details["name"], added.before) == ("Ann", None)
    assert (updated.details["name"], updated.details["ring_s"]) == ("Anne", 20)
    assert updated.before == {"name": "Ann", "ring_s": 60, "version": 1}
    assert (removed.details["name"], removed.before) == ("Anne", None)


def test_ids_of_the_feed_only_grow_and_what_was_refused_is_not_in_it(
    database: Database, vault: Vault, company: Company
) -> None:
    for extension in ("101", "102"):
        add(database, vault, company, extension)
        with pytest.raises(InvalidRowError):
            add(database, vault, company, "103", extension)
    ids = [entry.id for entry in trail(database)]
    assert ids == sorted(set(ids))
    assert [entry.details["name"] for entry in trail(database)] == ["Acme", "X", "X"]


def test_passwords_are_in_no_entry(database: Database, vault: Vault, company: Company) -> None:
    with changing(database, vault, acting_user="test") as changes:
        device = changes.add(Device(id=0, company_id=company.id, username="ann", secret=SECRET))
        changes.remove(changes.update(replace(device, secret=new_secret())))
    for entry in trail(database):
        assert "secret" not in entry.details
        assert "secret" not in (entry.before or {})


def test_what_goes_with_a_company_is_noted_row_by_row(database: Database, vault: Vault, company: Company) -> None:
    with changing(database, vault, acting_user="test") as changes:
        other = changes.add(Company(id=0, name="Other", domain="other.example"))
        changes.add(Location(id=0, company_id=other.id, name="There"))
        maker = RowMaker(changes, company)
        for table in ("reach_cells", "plan_mappings", "group_members", "devices", "forwards"):
            maker.make(table)
    before = trail(database)
    made = {(entry.table_name, entry.row_id) for entry in before if entry.company_id == company.id}
    with changing(database, vault, acting_user="test") as changes:
        changes.remove(company)
    gone = trail(database, before[-1].id)
    assert {(entry.table_name, entry.row_id) for entry in gone} == made
    assert {(entry.action, entry.company_id) for entry in gone} == {("removed", company.id)}
    assert gone[-1].table_name == "companies"


def test_a_row_that_lost_a_link_has_a_new_version(database: Database, vault: Vault, company: Company) -> None:
    """Whoever had read it before must not write the link back."""
    with changing(database, vault, acting_user="test") as changes:
        ann = changes.add(User(id=0, company_id=company.id, extension="101", name="Ann"))
        phone = changes.add(Device(id=0, company_id=company.id, username="ann", secret=SECRET, user_id=ann.id))
        changes.remove(ann)
    with pytest.raises(ConflictError, match="somebody else"), changing(database, vault, acting_user="x") as changes:
        changes.update(replace(phone, name="Desk"))
