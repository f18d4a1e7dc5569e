"""What becomes of a row when the row it refers to is taken away: as annotated, for every reference there is."""

from __future__ import annotations

from typing import Any

import pytest
from row_maker import RowMaker, row_of
from sqlalchemy import select

from kiestoon.company.model import ENTITIES, Company, Destination
from kiestoon.store import tables
from kiestoon.store.columns import fields_of
from kiestoon.store.database import Database
from kiestoon.store.errors import ConflictError
from kiestoon.store.keys import Vault
from kiestoon.store.rules.peek import Peek, describe
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.write import Changes, changing

REFERENCES = [
    (entity.table, field.name, field.meta.get("refers") or "extension", field.meta.get("gone") or extension)
    for entity in ENTITIES
    for field in fields_of(entity)
    if (extension := {"destination": "restrict"}.get(field.shape) or field.meta.get("extension")) != "own"
    and (extension or (field.meta.get("refers") and field.name != "company_id"))
]
"""(table, field, what it refers to, what happens to the row when that goes)."""


@pytest.fixture
def company(database: Database, vault: Vault) -> Company:
    with changing(database, vault, acting_user="test") as changes:
        return changes.add(Company(id=0, name="Acme", domain="acme.example"))


def test_every_table_that_refers_to_others_is_among_them() -> None:
    assert len(REFERENCES) > 90
    assert {gone for *_, gone in REFERENCES} == {"restrict", "cascade", "clear"}


@pytest.mark.parametrize(("table", "field", "refers", "gone"), REFERENCES)
def test_a_reference_holds_as_it_says(
    database: Database, vault: Vault, company: Company, table: str, field: str, refers: str, gone: str
) -> None:
    with changing(database, vault, acting_user="test") as changes:
        maker = RowMaker(changes, company)
        target = maker.make("users" if refers == "extension" else refers)
        row = maker.make(table, **{field: value_of(table, field, refers, target)})
        if gone == "restrict":
            with pytest.raises(ConflictError) as refused:
                changes.remove(target)
            assert describe(row, peek=Peek(changes.connection, company.id)) in str(refused.value)
            assert refused.value.problems[0].code == "in_use"
            return
        changes.remove(target)
        left = row_of(changes, company, table, row.id)
        (action, before) = noted(changes, table, row.id)
        if gone == "cascade":
            assert (left, action) == (None, "removed")
        else:
            assert left is not None
            assert (getattr(left, field), getattr(left, "version", 0), action) == (None, 2, "updated")
            assert before == {field: target.id, "version": 1}


def value_of(table: str, field: str, refers: str, target: Any) -> Any:
    if refers != "extension":
        return target.id
    types = {each.name: each for entity in ENTITIES if entity.table == table for each in fields_of(entity)}
    return Destination("extension", target.extension) if types[field].shape == "destination" else target.extension


def noted(changes: Changes, table: str, row_id: int) -> tuple[str, Any]:
    """The latest entry about a row."""
    feed = tables.changes
    query = select(feed.c.action, feed.c.before).where(feed.c.table_name == table, feed.c.row_id == row_id)
    found = changes.connection.execute(query.order_by(feed.c.id.desc()), execution_options=INSTALLATION)
    action, before = found.first() or ("", None)
    return action, before
