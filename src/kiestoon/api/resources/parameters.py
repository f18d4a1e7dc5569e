"""What a list can be asked for, as parameters of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import Query

from kiestoon.api.resources.queries import DEFAULT_LIMIT, MAX_LIMIT, filterable, searched
from kiestoon.api.schemas import read_model
from kiestoon.company.model import Entity, Row

Json = dict[str, Any]
RowT = TypeVar("RowT", bound=Row)

IdCursor: TypeAlias = Annotated[str | None, Query(pattern="^[0-9]{1,10}$")]
"""Where the page before ended, in lists by id."""
PageSize: TypeAlias = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


def page_by_id(rows: Sequence[RowT], cursor: str | None, limit: int) -> tuple[list[RowT], str | None]:
    """One page of rows that are in the order of their ids, and the cursor of the next (None: there is none)."""
    following = [row for row in rows if cursor is None or row.id > int(cursor)]
    page = following[:limit]
    return page, str(page[-1].id) if len(following) > limit else None


def list_parameters(entity: Entity) -> list[Json]:
    """Page, order, search, and a filter for every plain field."""
    fields = filterable(entity)
    order = [sign + name for name in fields for sign in ("", "-")]
    found = [
        _query(
            "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}, "Page size."
        ),
        _query("cursor", {"type": "string"}, "`next` of the page before."),
        _query("sort", {"type": "string", "enum": order, "default": "id"}, "Field to sort by; - backwards."),
    ]
    if searched(entity):
        text = f"Search in {', '.join(searched(entity))}."
        found.append(_query("q", {"type": "string", "maxLength": 255}, text))
    properties = read_model(entity).model_json_schema()["properties"]
    for name in fields:
        schema = {key: properties[name][key] for key in ("type", "enum", "const") if key in properties[name]}
        if "anyOf" in properties[name]:
            kinds = [kind.get("type", "string") for kind in properties[name]["anyOf"] if kind.get("type") != "null"]
            schema = {"type": ["string", *kinds] if kinds != ["string"] else "string"}
        found.append(_query(name, schema or {"type": "string"}, f"Only those with this {name.replace('_', ' ')}."))
    return found


def _query(name: str, schema: Json, text: str) -> Json:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
