"""Statuses whose time is over (REACH-10)."""

from __future__ import annotations

import pytest

from kiestoon.company.model import Company, Presence, User
from kiestoon.store import presence
from kiestoon.store.activity import Wanted, list_activity
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import list_rows
from kiestoon.store.presence import end_statuses
from kiestoon.store.write import changing

NOW = 1_000_000


def set_up(database: Database, vault: Vault, *until: int) -> None:
    """One person for each."""
    with changing(database, vault, acting_user="test") as changes:
        for company in (1, 2):
            changes.add(Company(id=0, name=f"C{company}", domain=f"c{company}.example"))
        for number, until_ms in enumerate(until):
            company = 1 + number % 2
            person = changes.add(User(id=0, company_id=company, extension=str(101 + number), name=f"P{number}"))
            changes.add(Presence(id=0, company_id=company, user_id=person.id, status="lunch", until_ms=until_ms,
                                 return_ms=5, note="Back soon"))  # fmt: skip


def test_those_whose_time_is_over_are_at_the_office_again(database: Database, vault: Vault) -> None:
    set_up(database, vault, NOW - 1, NOW, NOW + 1, 0)
    assert end_statuses(database, vault, NOW) == 2
    rows = list_rows(database, Presence)
    assert [(row.status, row.until_ms, row.note) for row in rows[:2]] == [("office", 0, "")] * 2
    assert [row.status for row in rows[2:]] == ["lunch", "lunch"]
    assert end_statuses(database, vault, NOW) == 0


def test_it_is_in_the_activity_log_of_each_company(database: Database, vault: Vault) -> None:
    set_up(database, vault, 1, 2)
    end_statuses(database, vault, NOW)
    with database.read() as connection:
        for company in (1, 2):
            (entry,) = list_activity(connection, Wanted(company_id=company, acting_user="kiestoon"), 10)
            assert (entry.table, entry.fields["status"]) == ("presences", ("lunch", "office"))


def test_many_are_ended_in_portions(database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MOST", 2)
    set_up(database, vault, 1, 2, 3)
    assert [end_statuses(database, vault, NOW) for _ in range(3)] == [2, 1, 0]
