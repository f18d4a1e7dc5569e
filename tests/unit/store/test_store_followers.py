"""Rows that follow an extension to its new number: each with an entry in the trail and a new version (ORG-10)."""

from __future__ import annotations

from typing import Any

import pytest
from audit_trail import trail
from msgspec.structs import replace
from organisation_house import House
from row_maker import row_of

from kiestoon.company import model as m
from kiestoon.store.database import Database
from kiestoon.store.errors import ConflictError
from kiestoon.store.keys import Vault
from kiestoon.store.write import changing


def refer(house: House) -> dict[str, Any]:
    """A row of each kind that refers to extension 101."""
    to = m.Destination("extension", "101")
    box = m.Destination("voicemail", "101")
    return {
        "numbers": house.add(m.Number, e164="+31205550101", extension="101"),
        "menus": house.add(m.Menu, extension="310", name="Welcome", fallback_extension="101"),
        "forwards": house.add(m.Forward, extension="102", case="busy", to=to),
        "group_extensions": house.add(
            m.GroupExtension, extension="311", name="All", forward_busy=to, forward_always=box
        ),
        "hunt_members": house.add(m.HuntMember, hunt_group_id=house.hunt.id, extension="101"),
        "rules": house.add(m.Rule, service="notification", name="Mail", extension="101"),
        "call_classes": house.add(m.CallClass, user_id=house.bob.id, name="Team", extensions=("103", "101")),
        "service_assignments": house.hand("101", "reach"),
    }


def test_each_row_that_follows_is_noted_with_what_it_was(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        house = House(changes)
        rows = refer(house)
    since = trail(database)[-1].id
    with changing(database, vault, acting_user="admin") as changes:
        changes.update(replace(house.ann, extension="109"))
        now = {
            table: row_of(changes, m.Company(id=house.company_id, name="", domain=""), table, row.id)
            for table, row in rows.items()
        }
    entries = {entry.table_name: entry for entry in trail(database, since)}
    assert entries.keys() == {"users", *rows}
    for table, row in rows.items():
        entry = entries[table]
        assert (entry.action, entry.row_id, entry.acting_user) == ("updated", row.id, "admin")
        assert now[table].version == row.version + 1
        assert entry.before["version"] == row.version
        assert '"101"' not in str(entry.details).replace("'", '"'), table
        assert '"109"' in str(entry.details).replace("'", '"'), table
    assert entries["forwards"].before["to"] == {"kind": "extension", "target": "101"}
    assert now["call_classes"].extensions == ("103", "109")
    assert now["group_extensions"].forward_always == m.Destination("voicemail", "109")


def test_an_extension_that_refers_to_itself_follows_itself(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        house = House(changes)
        group = house.add(m.GroupExtension, extension="311", name="All")
        group = house.change(group, forward_busy=m.Destination("voicemail", "311"))
        changed = house.change(group, extension="312")
        assert changed.forward_busy == m.Destination("voicemail", "312")
        company = m.Company(id=house.company_id, name="", domain="")
        assert row_of(changes, company, "group_extensions", group.id) == changed


def test_whoever_has_read_a_row_before_it_followed_must_read_it_again(database: Database, vault: Vault) -> None:
    with changing(database, vault, acting_user="test") as changes:
        house = House(changes)
        forward = refer(house)["forwards"]
        house.change(house.ann, extension="109")
    with pytest.raises(ConflictError, match="somebody else"), changing(database, vault, acting_user="x") as changes:
        changes.update(replace(forward, rings=6))
