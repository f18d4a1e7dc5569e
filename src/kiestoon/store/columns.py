"""SQL columns and constraints from the annotations of a row (``company.model``).

Portable types only: text, integers, JSON. A ``Destination`` becomes three columns, so that an extension in it is a
foreign key. References to extensions are by number: ``extensions`` lists every internal number of a company with what
it belongs to, and a renumbering cascades. "NO ACTION" is judged when the statement is done, unlike
RESTRICT, so that a company can go with all it holds.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.sql.schema import SchemaItem

from kiestoon.company.model import Destination, Entity, meta_of

_GONE: Final = {"restrict": "NO ACTION", "cascade": "CASCADE", "clear": "SET NULL"}
_ON_GONE_EXTENSION: Final = {"own": "NO ACTION", "restrict": "NO ACTION", "cascade": "CASCADE"}
DESTINATION_PARTS: Final = ("kind", "extension", "number")


class Field(msgspec.Struct, frozen=True):
    """One field of a row, as the store sees it. ``shape`` says how it is written: see ``cells``."""

    name: str
    shape: str  # "plain", "secret", "extension", "empty_is_null", "json", "destination"
    kind: inspect.Type
    optional: bool
    meta: dict[str, Any]
    examples: tuple[Any, ...] = ()
    default: Any = None


@cache
def fields_of(entity: Entity) -> tuple[Field, ...]:
    """Every field of an entity's rows."""
    return tuple(_field(field) for field in inspect.type_info(entity.row).fields)  # type: ignore[attr-defined]


def _field(field: inspect.Field) -> Field:
    meta = meta_of(field.type)
    kind, optional = _bare(field.type)
    if isinstance(kind, inspect.StructType) and kind.cls is Destination:
        shape = "destination"
    elif isinstance(kind, inspect.VarTupleType | inspect.StructType):
        shape = "json"
    elif meta.get("secret"):
        shape = "secret"
    elif meta.get("extension"):
        shape = "extension"
    elif meta.get("empty_is_null"):
        shape = "empty_is_null"
    else:
        shape = "plain"
    return Field(field.name, shape, kind, optional, meta, _examples(field.type), field.default)


def _examples(kind: inspect.Type) -> tuple[Any, ...]:
    if isinstance(kind, inspect.Metadata):
        own = (kind.extra_json_schema or {}).get("examples", ())
        return tuple(own) or _examples(kind.type)
    if isinstance(kind, inspect.UnionType):
        return next((found for found in map(_examples, kind.types) if found), ())
    return ()


def _bare(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """The type without annotations and None, and whether None is allowed."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        parts = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
        return _bare(parts[0])[0], True
    return kind, False


def build_table(metadata: MetaData, entity: Entity) -> Table:
    """The table of an entity."""
    columns: list[SchemaItem] = []
    constraints: list[SchemaItem] = []
    for field in fields_of(entity):
        columns.extend(_columns(field))
        constraints.extend(_extension_keys(field, entity))
    for names in entity.unique:
        whole = names if entity.installation_wide else ("company_id", *names)
        constraints.append(UniqueConstraint(*whole))
    if entity.has_extension:
        constraints.append(UniqueConstraint("company_id", "extension"))
    # Ids are never used again: records and the audit trail of what is gone must not become somebody else's.
    return Table(entity.table, metadata, *columns, *constraints, sqlite_autoincrement=True)


def _columns(field: Field) -> list[Column[Any]]:
    name = field.name
    if name == "id":
        return [Column("id", Integer, primary_key=True)]
    if field.shape == "destination":
        return [
            Column(f"{name}_kind", String(16), nullable=field.optional),
            Column(f"{name}_extension", String(15), nullable=True),
            Column(f"{name}_number", String(40), nullable=field.optional),
        ]
    if field.shape == "secret":
        return [Column(name, LargeBinary, nullable=True)]
    added = _sql_default(field) if field.meta.get("added") else None
    if field.shape == "json":
        return [Column(name, JSON, nullable=field.optional, server_default=added)]
    nullable = field.optional or field.shape in {"extension", "empty_is_null"}
    keys: list[ForeignKey] = []
    if "refers" in field.meta:
        keys.append(ForeignKey(f"{field.meta['refers']}.id", ondelete=_GONE[field.meta["gone"]]))
    return [Column(name, _sql_type(field), *keys, nullable=nullable, index=bool(keys), server_default=added)]


def _sql_default(field: Field) -> Any:
    """A column that came with a later layout has its row's default in SQL too: for the rows that were there."""
    if isinstance(field.default, bool):
        return true() if field.default else false()
    return "[]" if field.default == () else str(field.default)


def _sql_type(field: Field) -> Any:
    kind = field.kind
    if isinstance(kind, inspect.BoolType):
        return Boolean()
    if isinstance(kind, inspect.IntType):
        return BigInteger() if field.meta.get("big") else Integer()
    if isinstance(kind, inspect.LiteralType):
        return Integer() if isinstance(kind.values[0], int) else String(24)
    return String(_longest(field))


def _longest(field: Field) -> int:
    kind = field.kind
    return kind.max_length if isinstance(kind, inspect.StrType) and kind.max_length else 255


def _extension_keys(field: Field, entity: Entity) -> list[SchemaItem]:
    if field.shape == "destination":
        name = f"{field.name}_extension"
        checks: list[SchemaItem] = [
            CheckConstraint(
                f"({field.name}_kind <> 'extension') OR ({name} IS NOT NULL)", name=f"{entity.table}_{field.name}"
            )
        ]
        return [*checks, _extension_key(name, "NO ACTION")]
    if field.shape == "extension":
        return [_extension_key(field.name, _ON_GONE_EXTENSION[field.meta["extension"]])]
    return []


def _extension_key(column: str, gone: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["company_id", column],
        ["extensions.company_id", "extensions.number"],
        onupdate="CASCADE",
        ondelete=gone,
    )
