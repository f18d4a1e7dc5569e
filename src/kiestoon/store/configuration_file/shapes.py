"""How each type of row stands in the file: names of fields, what identifies a row, what it refers to."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT

from kiestoon.company.model import BY_TABLE, ENTITIES, Entity
from kiestoon.store.columns import Field, fields_of

HIDDEN: Final = frozenset({"id", "version", "company_id"})
OF_THE_MOMENT: Final = frozenset({("devices", "logged_in_user_id"), ("devices", "known_address")})
"""What people change by telephone from hour to hour: not in the file, and left as it is when one is applied."""
ORDERED: Final[dict[str, tuple[str, ...]]] = {
    "rules": ("extension", "location"),
    "time_routes": ("routing",),
    "call_classes": ("user",),
    "reach_statuses": ("user",),
    "plan_holidays": ("scheme",),
}
"""Tables in which the first row that fits wins, with what the order is counted within. The order is that of the ids."""
_NEEDED: Final = {("plan_mappings", "extension"), ("plan_holidays", "holiday_id")}
"""References that may be empty by their type, but not by the rules."""


class Part(msgspec.Struct, frozen=True):
    """One field in the file. ``default`` NODEFAULT: it must be given. ``refers``: the table it names a row of."""

    name: str
    field: Field
    default: Any
    refers: str = ""
    gone: str = ""

    @property
    def is_extension(self) -> bool:
        """Whether it names somebody's internal number."""
        return self.field.meta.get("extension") in {"restrict", "cascade"}


class Shape(msgspec.Struct, frozen=True):
    """A type of row. ``identity``: the parts that tell one row from the others of the company. ``moment``: what is not
    in the file, and stays as it is."""

    entity: Entity
    parts: dict[str, Part]
    identity: tuple[str, ...]
    has_secret: bool = False
    moment: tuple[Part, ...] = ()

    @property
    def table(self) -> str:
        return self.entity.table


@cache
def shape_of(table: str) -> Shape:
    """The shape of a table's rows."""
    entity = BY_TABLE[table]
    defaults = {field.name: _default(field) for field in msgspec.structs.fields(entity.row)}
    parts, moment = {}, []
    names = {}
    for field in fields_of(entity):
        if field.name in HIDDEN or field.shape == "secret":
            continue
        refers = field.meta.get("refers", "")
        name = field.name.removesuffix("_id") if refers else field.name
        gone = field.meta.get("gone", "") or {"cascade": "cascade", "restrict": "restrict"}.get(
            field.meta.get("extension", ""), ""
        )
        part = Part(name, field, defaults[field.name], refers, gone)
        if (table, field.name) in OF_THE_MOMENT:
            moment.append(part)
            continue
        parts[name] = part
        names[field.name] = name
    has_secret = any(field.shape == "secret" for field in fields_of(entity))
    return Shape(entity, parts, tuple(names[field] for field in _identity(entity)), has_secret, tuple(moment))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default


def _identity(entity: Entity) -> tuple[str, ...]:
    """The key, or the set of unique fields around it where the key alone does not tell rows apart."""
    if entity.table == "companies":
        return ("domain",)
    if any(set(fields) <= set(entity.key) for fields in entity.unique):
        return entity.key
    return next((fields for fields in entity.unique if set(entity.key) <= set(fields)), entity.key)


def is_clearable(shape: Shape, part: Part) -> bool:
    """Whether the row can do without this reference for a while."""
    if (shape.table, part.field.name) in _NEEDED:
        return False
    return part.field.shape == "destination" or part.default is not NODEFAULT


SECTIONS: Final[tuple[str, ...]] = tuple(
    entity.table for entity in ENTITIES if entity.exported and entity.table != "companies"
)
"""The lists in the file. Each comes after those that tell its rows apart, and after what its rows need."""
