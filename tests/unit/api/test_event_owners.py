"""Who is told of a changed row whole is exactly who reads it whole over the API."""

from __future__ import annotations

import msgspec
import pytest
from api_organisation import Organisation
from sqlalchemy import select

from kiestoon.api.events.items import detail_of
from kiestoon.api.events.owners import owners_of
from kiestoon.api.permissions import PERMISSIONS
from kiestoon.api.resources.reach import Reach
from kiestoon.company.model import BY_TABLE, User
from kiestoon.store.database import Database
from kiestoon.store.feed import changes_after, last_change
from kiestoon.store.keys import Vault
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES
from kiestoon.store.write import changing


@pytest.mark.parametrize("role", ["operator", "company", "location", "department", "user", "planner"])
def test_events_and_lists_agree_on_every_row(database: Database, organisation: Organisation, role: str) -> None:
    principal = organisation.principals()[role]
    reach = Reach(principal, organisation.company_id)
    compared = set()
    with database.read() as reading:
        connection = reading.execution_options(**INSTALLATION)
        for change in changes_after(connection, 0, 10_000):
            if change.table_name not in PERMISSIONS or change.company_id != organisation.company_id:
                continue
            entity = BY_TABLE[change.table_name]
            table = TABLES[entity.row]
            query = select(table.c.id).where(table.c.id == change.row_id, reach.of_company(entity))
            if connection.execute(query).first() is None:
                continue
            whole = connection.execute(query.where(reach.full(entity))).first() is not None
            visible = connection.execute(query.where(reach.visible(entity))).first() is not None
            told = detail_of(principal, change, owners_of(connection, change))
            assert (told in {"row", "whole"}) == whole, (change.table_name, change.row_id, told)
            assert bool(told) == visible, (change.table_name, change.row_id, told)
            compared.add(change.table_name)
    assert len(compared) > 35


def test_a_row_that_was_moved_away_is_told_to_whom_it_belonged(database: Database, organisation: Organisation) -> None:
    principal = organisation.principals()["location"]
    with database.read() as connection:
        added = next(
            change
            for change in changes_after(connection, 0, 10_000)
            if (change.table_name, change.row_id) == ("users", organisation.own["users"])
        )
        moved = msgspec.structs.replace(
            added,
            details={**added.details, "location_id": None, "department_id": None},
            before={"location_id": added.details["location_id"]},
        )
        assert detail_of(principal, moved, owners_of(connection, moved)) == "row"


def test_who_is_in_a_department_only_is_told_of_at_its_location(
    database: Database, vault: Vault, organisation: Organisation
) -> None:
    with changing(database, vault, acting_user="test") as changes:
        place = {"company_id": organisation.company_id, "department_id": organisation.own["departments"]}
        changes.add(User(id=0, extension="295", name="Indoors", **place))
        (added,) = changes_after(changes.connection, last_change(changes.connection) - 1, 10)
        owners = owners_of(changes.connection, added)
    for role, told in (("location", True), ("department", True), ("user", False)):
        principal = organisation.principals()[role]
        assert (detail_of(principal, added, owners) in {"row", "whole"}) == told, role
    elsewhere = msgspec.structs.replace(
        organisation.principals()["location"], location_id=organisation.other["locations"]
    )
    assert detail_of(elsewhere, added, owners) not in {"row", "whole"}
