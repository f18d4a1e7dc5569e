"""What people see of their own services: what is not assigned is hidden (V 4.2, V 6.1). Administrators see all rows."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from kiestoon.api.principal import Principal
from kiestoon.company.in_force import TOUCHED, row_in_force
from kiestoon.company.model import BY_ROW, Entity, Row, User
from kiestoon.company.services import Services
from kiestoon.store.rules import Peek
from kiestoon.store.rules.services import Held

View = Callable[[Row], "Row | None"]


def own_view(connection: Connection, entity: Entity, principal: Principal, company_id: int | None) -> View:
    """How somebody sees rows of a type: as they are in force, None for what is not. Others see them as they are."""
    if principal.role != "user" or entity.table not in TOUCHED:
        return _as_it_is
    peek = Peek(connection, company_id)
    person = peek.get(User, principal.user_id)
    if person is None:
        return _as_it_is
    lacking = Held(person, peek).lacking()
    if not lacking:
        return _as_it_is
    services = Services({person.extension: lacking}, restricts=True)

    def view(row: Row) -> Row | None:
        if BY_ROW[type(row)].table == "users" and row.id != person.id:
            return row
        return row_in_force(row, services, {person.id: person.extension})

    return view


def _as_it_is(row: Row) -> Row | None:
    return row
