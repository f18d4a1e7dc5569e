"""Lists: filters, search, order and pages, from a request's query parameters to one SQL statement.

Pages are found by cursor: the next one begins behind the last row's sort value and id, so that rows that come and go
meanwhile neither repeat nor hide others, and the thousandth page costs what the first one does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect
from sqlalchemy import Boolean, Column, ColumnElement, Integer, Select, and_, case, false, func, or_, select

from kiestoon.api.permissions import PUBLIC
from kiestoon.api.problems import ApiProblem
from kiestoon.api.resources.reach import Condition, Reach
from kiestoon.api.schemas import MAX_ID
from kiestoon.company.model import Entity
from kiestoon.store.cells import columns_of
from kiestoon.store.columns import Field, fields_of
from kiestoon.store.problems import Problem, problem
from kiestoon.store.tables import TABLES

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
_MAX_TEXT = 255
_SEARCHED: Final = (
    "name",
    "extension",
    "number",
    "e164",
    "username",
    "email",
    "account",
    "domain",
    "mobile_number",
    "login",
    "first_name",
    "last_name",
)
_OWN_PARAMETERS: Final = frozenset({"limit", "cursor", "sort", "q"})


class ListQuery(msgspec.Struct, frozen=True):
    """What a list was asked for. ``filters``: by field the values of which one must fit (None = not set)."""

    filters: dict[str, tuple[Any, ...]]
    search: str = ""
    sort: str = "id"
    descending: bool = False
    limit: int = DEFAULT_LIMIT
    after: tuple[Any, int] | None = None

    @property
    def order(self) -> str:
        return f"-{self.sort}" if self.descending else self.sort


@cache
def filterable(entity: Entity) -> dict[str, Field]:
    """The fields a list can be filtered and sorted by."""
    return {
        field.name: field
        for field in fields_of(entity)
        if field.shape in {"plain", "extension", "empty_is_null"} and field.name != "company_id"
    }


@cache
def searched(entity: Entity) -> tuple[str, ...]:
    """The fields ``q`` looks in."""
    return tuple(name for name in _SEARCHED if name in filterable(entity))


def parse_query(entity: Entity, parameters: Iterable[tuple[str, str]]) -> ListQuery:
    """Read the query parameters of a list. Raises ``ApiProblem`` naming every parameter that is wrong."""
    fields = filterable(entity)
    wrong: list[Problem] = []
    filters: dict[str, tuple[Any, ...]] = {}
    own: dict[str, str] = {}
    for name, text in parameters:
        if name in _OWN_PARAMETERS:
            own[name] = text
        elif name not in fields:
            wrong.append(problem(name, "unknown_field"))
        else:
            try:
                filters[name] = (*filters.get(name, ()), _value(fields[name], text))
            except ValueError:
                wrong.append(problem(name, "wrong_form", value=text[:80], example=_example(fields[name])))
    limit = own.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 5 and 1 <= int(limit) <= MAX_LIMIT):
        wrong.append(problem("limit", "out_of_range", value=limit[:20], low=1, high=MAX_LIMIT))
    order = own.get("sort", "id")
    if order.removeprefix("-") not in fields:
        wrong.append(problem("sort", "not_a_choice", value=order[:80], choices=", ".join(fields)))
    search = own.get("q", "").strip()
    if len(search) > _MAX_TEXT or "\0" in search:
        wrong.append(problem("q", "too_long", limit=_MAX_TEXT))
    if wrong:
        raise ApiProblem("invalid", wrong)
    after = _parse_cursor(own["cursor"], order) if "cursor" in own else None
    sort = order.removeprefix("-")
    return ListQuery(filters, search, sort, order.startswith("-"), int(limit), after)


def _value(field: Field, text: str) -> Any:
    """A parameter as the column's value; raises ValueError."""
    if text == "null" and (field.optional or field.shape != "plain"):
        return None
    if isinstance(field.kind, inspect.BoolType):
        return {"true": True, "false": False}[text] if text in {"true", "false"} else _refuse()
    if isinstance(field.kind, inspect.IntType):
        number = int(text) if len(text) < 20 and text.isascii() else _refuse()
        return number if abs(number) <= MAX_ID or field.meta.get("big") else _refuse()
    if len(text) > _MAX_TEXT or "\0" in text:
        _refuse()
    return None if text == "" and field.shape != "plain" else text


def _refuse() -> Any:
    raise ValueError


def _example(field: Field) -> str:
    if isinstance(field.kind, inspect.BoolType):
        return "true"
    return "1" if isinstance(field.kind, inspect.IntType) else "…"


# --- cursors -------------------------------------------------------------------------------------------------------


def cursor_of(query: ListQuery, value: Any, row_id: int) -> str:
    """Where the next page begins: behind this row."""
    return base64.urlsafe_b64encode(msgspec.json.encode((query.order, value, row_id))).decode().rstrip("=")


def _parse_cursor(text: str, order: str) -> tuple[Any, int]:
    try:
        data = base64.b64decode(text[:1000] + "=" * (-len(text[:1000]) % 4), altchars=b"-_", validate=True)
        own, value, row_id = msgspec.json.decode(data, type=tuple[str, str | int | bool, int])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise ApiProblem("bad_request", [problem("cursor", "bad_cursor")]) from None
    fits = own == order and abs(row_id) <= MAX_ID and (not isinstance(value, int) or abs(value) < 2**63)
    if not fits:
        raise ApiProblem("bad_request", [problem("cursor", "bad_cursor")])
    return value, row_id


# --- SQL -----------------------------------------------------------------------------------------------------------


def build_select(entity: Entity, query: ListQuery, reach: Reach) -> Select[Any]:
    """The statement: the row's columns, then whether it is seen whole, then its sort value. One row more than asked."""
    table = TABLES[entity.row]
    full = reach.full(entity)
    sorted_by = _sort_value(table.c[query.sort])
    conditions = [reach.of_company(entity), reach.visible(entity), *_conditions(entity, query, full)]
    order = [sorted_by.desc(), table.c.id.desc()] if query.descending else [sorted_by, table.c.id]
    return (
        select(*columns_of(entity.row), full.label("seen_whole"), sorted_by.label("sorted_by"))
        .where(*conditions)
        .order_by(*order)
        .limit(query.limit + 1)
    )


def _conditions(entity: Entity, query: ListQuery, full: Condition) -> Iterator[Condition]:
    table = TABLES[entity.row]
    public = PUBLIC.get(entity.table, frozenset())
    if {*query.filters, query.sort} - public - {"id"}:
        yield full  # what somebody does not see must not be found out by filtering or sorting
    for name, values in query.filters.items():
        cell = table.c[name]
        given = [value for value in values if value is not None]
        yield or_(cell.in_(given) if given else false(), cell.is_(None) if None in values else false())
    if query.search:
        yield or_(*_matches(entity, query.search, full))
    if query.after is not None:
        yield _behind(query, _sort_value(table.c[query.sort]), table.c.id, query.after)


def _matches(entity: Entity, search: str, full: Condition) -> Iterator[Condition]:
    table = TABLES[entity.row]
    public = PUBLIC.get(entity.table, frozenset())
    yield false()
    for name in searched(entity):
        found = table.c[name].icontains(search, autoescape=True)
        yield found if name in public else and_(full, found)
    if entity.table == "companies" and search.isascii() and search.isdecimal() and len(search) < 10:
        yield table.c.id == int(search)


def _sort_value(cell: Column[Any]) -> ColumnElement[Any]:
    """NULLs sort as the empty value on every database."""
    if isinstance(cell.type, Boolean):
        return case((cell.is_(True), 1), else_=0)
    if not cell.nullable:
        return cell
    return func.coalesce(cell, 0 if isinstance(cell.type, Integer) else "")


def _behind(query: ListQuery, sorted_by: ColumnElement[Any], row_id: Column[int], after: tuple[Any, int]) -> Condition:
    value, last_id = after
    if isinstance(value, str) != isinstance(sorted_by.type.python_type(), str):
        raise ApiProblem("bad_request", [problem("cursor", "bad_cursor")])
    if query.sort == "id":
        return row_id < last_id if query.descending else row_id > last_id
    if query.descending:
        return or_(sorted_by < value, and_(sorted_by == value, row_id < last_id))
    return or_(sorted_by > value, and_(sorted_by == value, row_id > last_id))
