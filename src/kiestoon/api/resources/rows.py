"""Reading and writing rows on somebody's behalf, inside a transaction: fields, reach and references.

Everything here is synchronous and runs in a worker thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from kiestoon.api.permissions import PERMISSIONS, PUBLIC, changeable
from kiestoon.api.principal import Principal
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.own_view import own_view
from kiestoon.api.resources.queries import ListQuery, build_select, cursor_of
from kiestoon.api.resources.reach import Condition, Reach
from kiestoon.api.resources.shown_numbers import foreign_numbers
from kiestoon.api.schemas import MAX_ID, READ_ONLY, row_fields, row_values, to_json
from kiestoon.company.model import BY_TABLE, Device, Entity, NumberPlan, NumberScheme, PackAssignment, Row, User
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.columns import fields_of
from kiestoon.store.keys import Vault, new_secret
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules import Peek
from kiestoon.store.rules.licences import misplaced_packs
from kiestoon.store.rules.places import OWNERS
from kiestoon.store.rules.services import new_owner_problems
from kiestoon.store.tables import TABLES
from kiestoon.store.write import Changes

_SUFFIX: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_MAX_POSITION: Final = 99
KEPT: Final = READ_ONLY | {"secret", "position", "logged_in_user_id", "known_address"}
"""What PUT leaves as it is when it is absent."""


class Found(msgspec.Struct, frozen=True):
    """A row as somebody sees it: ``whole``, or its public fields only."""

    row: Row
    whole: bool

    def json(self, entity: Entity) -> dict[str, Any]:
        return to_json(self.row, None if self.whole else PUBLIC[entity.table])


class Writer:
    """One principal writing rows of one company in one transaction."""

    def __init__(self, changes: Changes, vault: Vault, principal: Principal, company_id: int | None) -> None:
        self.changes = changes
        self.connection = changes.connection
        self.company_id = company_id
        self.reach = Reach(principal, company_id)
        self._vault = vault
        self._principal = principal

    def create(self, entity: Entity, given: Mapping[str, Any]) -> Row:
        """Write a new row; what can be made up is. Raises ``InvalidRowError`` and ``ApiProblem``."""
        values = _values(entity, given)
        self._check_fields(entity, values, None)
        values |= _made_up(self.connection, entity, values, self.company_id)
        if entity.table != "companies":
            values["company_id"] = self.company_id
        added = self.changes.add(entity.row(id=0, **values))
        self._check_services(added)
        self._check_numbers(added, None)
        self._check_reach(entity, added)
        self._check_references(entity, added, values)
        return added

    def change(self, entity: Entity, old: Row, given: Mapping[str, Any], *, whole: bool) -> Row:
        """Write new values of a row (see ``current``): these, or (``whole``) all, the absent ones to their defaults."""
        values = _values(entity, given)
        self._check_fields(entity, values, old)
        if whole:
            values = self._defaults(entity) | values
        new = msgspec.structs.replace(old, **values)
        if new == old:
            return old
        changed = self.changes.update(new)
        self._check_services(changed, old)
        self._check_numbers(changed, old)
        self._check_reach(entity, changed)
        self._check_references(entity, changed, {name: 0 for name in values if getattr(old, name) != values[name]})
        return changed

    def remove(self, row: Row) -> None:
        """Delete a row (see ``current``). Raises ``ConflictError`` naming what uses it."""
        self.changes.remove(row)
        self._check_services(row, row)

    def current(self, entity: Entity, row_id: int, versions: frozenset[int] | None) -> Row:
        """A row that may be changed, with its secret. 404, 403 or 412 otherwise."""
        row = self._find(entity, row_id, self.reach.writable(entity))
        if row is None:
            visible = self._find(entity, row_id, self.reach.visible(entity)) is not None
            raise ApiProblem("forbidden" if visible else "not_found")
        if versions is not None and row.version not in versions:
            raise ApiProblem("stale", [problem("", "changed_meanwhile")])
        return row

    def _find(self, entity: Entity, row_id: int, condition: Condition) -> Row | None:
        table = TABLES[entity.row]
        query = select(*columns_of(entity.row)).where(table.c.id == row_id, self.reach.of_company(entity), condition)
        values = self.connection.execute(query).first()
        row = None if values is None else row_reader(entity.row, self._vault)(values)
        view = own_view(self.connection, entity, self._principal, self.company_id)
        return None if row is None or view(row) is None else row

    # --- what the writer may do ------------------------------------------------------------------------------------

    def _check_fields(self, entity: Entity, values: Mapping[str, Any], old: Row | None) -> None:
        """Some fields of some rows are not everybody's; what they have already may be repeated."""
        allowed = changeable(self._principal, entity.table)
        if allowed is None:
            return
        now = (
            {name: field.default for name, field in row_fields(entity.row).items()}
            if old is None
            else msgspec.structs.asdict(old)
        )
        beyond = sorted(name for name in values.keys() - allowed if values[name] != now[name])
        if beyond:
            raise ApiProblem("forbidden", [problem(name, "not_yours") for name in beyond])

    def _defaults(self, entity: Entity) -> dict[str, Any]:
        """What a row has where nothing is said, as far as the writer may set it."""
        allowed = changeable(self._principal, entity.table)
        return {
            name: field.default
            for name, field in row_fields(entity.row).items()
            if not field.required and name not in KEPT and (allowed is None or name in allowed)
        }

    def _check_numbers(self, row: Row, old: Row | None) -> None:
        """Nobody shows the numbers of others to who is called."""
        foreign = list(foreign_numbers(self.connection, row, old))
        if foreign:
            raise ApiProblem("invalid", foreign)

    def _check_services(self, row: Row, old: Row | None = None) -> None:
        """What somebody new cannot have yet is not set up yet either; no pack is where it is not available."""
        peek = Peek(self.connection, self.company_id)
        missing: Iterable[Problem] = ()
        if isinstance(row, OWNERS) and old is None:
            missing = new_owner_problems(row, peek)
        elif isinstance(row, PackAssignment) and {row.location_id, getattr(old, "location_id", None)} != {None}:
            missing = misplaced_packs(peek, row.pack_id)
        if found := tuple(missing):
            raise ApiProblem("conflict", found)

    def _check_reach(self, entity: Entity, row: Row) -> None:
        """The row as it is now must be the writer's to write; the transaction is rolled back otherwise."""
        condition = self.reach.writable(entity)
        table = TABLES[entity.row]
        # A company that has just been made is in the reach of whoever may make companies.
        own = table.c.id == row.id if entity.table == "companies" else self.reach.of_company(entity)
        query = select(table.c.id).where(table.c.id == row.id, own, condition)
        if self.connection.execute(query).first() is None:
            raise ApiProblem("forbidden", [problem(self._place_of(entity), "beyond_reach")])

    def _place_of(self, entity: Entity) -> str:
        """The field that would have to lead into the writer's part."""
        belongs = PERMISSIONS[entity.table].belongs
        own = f"{self._principal.role}_id"
        return own if own in belongs else next((column for column in belongs if column != "id"), "")

    def _check_references(self, entity: Entity, row: Row, names: Mapping[str, Any]) -> None:
        """Nobody refers to what is not seen: another's schedules exist for nobody else."""
        unknown: list[Problem] = []
        for field in fields_of(entity):
            target, value = field.meta.get("refers"), getattr(row, field.name)
            if field.name not in names or target in {None, "companies"} or value is None:
                continue
            other = BY_TABLE[target]
            if self._find(other, value, self.reach.visible(other)) is None:
                unknown.append(problem(field.name, "unknown_reference", value=value))
        if unknown:
            raise ApiProblem("invalid", unknown)


def fetch_list(
    connection: Connection, entity: Entity, query: ListQuery, reach: Reach
) -> tuple[list[dict[str, Any]], str | None]:
    """One page, and the cursor of the next."""
    selected = connection.execute(build_select(entity, query, reach)).all()
    page = selected[: query.limit]
    read, view = row_reader(entity.row, None), own_view(connection, entity, reach.principal, reach.company_id)
    rows = [(read(values), bool(values[-2])) for values in page]
    items = [Found(seen, whole).json(entity) for row, whole in rows if (seen := view(row)) is not None]
    more = len(selected) > query.limit
    return items, cursor_of(query, page[-1][-1], rows[-1][0].id) if more else None


def fetch_one(connection: Connection, entity: Entity, row_id: int, reach: Reach) -> Found:
    """A row as somebody sees it; 404 when it is not seen at all."""
    table = TABLES[entity.row]
    query = select(*columns_of(entity.row), reach.full(entity).label("seen_whole")).where(
        table.c.id == row_id, reach.of_company(entity), reach.visible(entity)
    )
    values = connection.execute(query).first() if 0 < row_id <= MAX_ID else None
    view = own_view(connection, entity, reach.principal, reach.company_id)
    row = view(row_reader(entity.row, None)(values)) if values is not None else None
    if row is None or values is None:
        raise ApiProblem("not_found")
    return Found(row, bool(values[-1]))


def _values(entity: Entity, given: Mapping[str, Any]) -> dict[str, Any]:
    """Checked JSON as the row's values. The row's own annotations have the last word: their patterns are Python's."""
    wrong: list[Problem] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values |= row_values(entity, {name: value})
        except msgspec.ValidationError as error:
            wrong.append(problem(name, "invalid", detail=str(error)))
    if wrong:
        raise ApiProblem("invalid", wrong)
    return values


# --- made up -------------------------------------------------------------------------------------------------------


def _made_up(
    connection: Connection, entity: Entity, values: Mapping[str, Any], company_id: int | None
) -> dict[str, Any]:
    """Values for what was left out and can be chosen: a password, the next number of a plan."""
    if entity.row is Device and "secret" not in values:
        return {"secret": new_secret()}
    if entity.row in {NumberPlan, NumberScheme} and "position" not in values:
        table = TABLES[entity.row]
        query = select(table.c.position).where(table.c.company_id == company_id)
        if entity.row is NumberPlan:
            query = query.where(table.c.scheme_id == values.get("scheme_id"))
        taken = set(connection.execute(query).scalars())
        free = next((number for number in range(1, _MAX_POSITION + 1) if number not in taken), None)
        if free is None:
            raise ApiProblem("invalid", [problem("position", "too_many", limit=_MAX_POSITION)])
        return {"position": free}
    return {}


def phone_of(user: User, company_id: int, name: str = "") -> Device:
    """A new phone for somebody: a login that says whose it is, and a password."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(4))
    return Device(
        id=0,
        company_id=company_id,
        username=f"{user.extension}-{suffix}",
        secret=new_secret(),
        name=name or user.name,
        user_id=user.id,
    )
