"""What the API reads and writes, as pydantic models derived from the rows' annotations (``company.model``).

For each type of row three models: ``UserRead``, ``UserCreate`` and ``UserChange`` (every field optional). A secret is
never read; ``id``, ``version`` and ``company_id`` are never written. Models are made when they are first needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import NODEFAULT, inspect
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from kiestoon.company.model import Destination, Entity, Guest, HolidayDay, Row, WeekBlock, meta_of
from kiestoon.company.numbers import as_kept
from kiestoon.store.columns import Field as StoredField
from kiestoon.store.columns import fields_of

READ_ONLY: Final = frozenset({"id", "version", "company_id"})
MAX_ID: Final = 2**31 - 1  # the SQL type of ids
_MAX_BIG: Final = 2**53  # what JavaScript can count to; 285,616 years in milliseconds
_FILLED_IN: Final = {("devices", "secret"), ("number_plans", "position"), ("number_schemes", "position")}
"""Fields that are made up when they are absent."""
_REWRITTEN: Final = frozenset({"e164", "pattern"})
"""What people write in their own ways."""
_STRICT: Final = ConfigDict(extra="forbid", strict=True)
_SAMPLES: Final = {
    "name": "Reception",
    "email": "sam.jansen@example.org",
    "contact_email": "office@example.org",
    "notify_email": "sam.jansen@example.org",
    "timezone": "Europe/Amsterdam",
    "host": "sip.example.net",
    "sources": ["192.0.2.0/24"],
    "match": "020",
    "account": "K-1024",
    "fallback_extension": "201",
    "colour": "#0b5c6b",
    "dynamic_numbers": ["+31201234567"],
    "blocklist": ["+3185*"],
    "patterns": ["+3185*"],
    "numbers": ["+31612345678"],
    "domains": ["example.org"],
    "feature": "forward_always_on",
    "services": ["voicemail"],
    "prefixes": ["+3120"],
    "start": 540,
    "end": 1020,
    "first": "2026-12-25",
    "last": "2026-12-26",
}


_VALUE_SAMPLES: Final[dict[type, dict[str, Any]]] = {
    WeekBlock: {"day": 0, "start": 540, "end": 1020},
    HolidayDay: {"name": "Christmas", "first": "2026-12-25", "last": "2026-12-26", "recurs": True},
    Guest: {"name": "Kim Smit", "email": "kim@client.example", "number": "00612345678", "call": True},
}


@cache
def read_model(entity: Entity) -> type[BaseModel]:
    """What is answered."""
    parts = {field.name: _part(entity, field, "read") for field in fields_of(entity) if field.shape != "secret"}
    return _model(entity, "Read", parts, ConfigDict(extra="forbid"))


@cache
def create_model_of(entity: Entity) -> type[BaseModel]:
    """What POST and PUT take: a whole row; what is absent has its default."""
    parts = {field.name: _part(entity, field, "create") for field in _written(entity)}
    return _model(entity, "Create", parts, _STRICT)


@cache
def change_model(entity: Entity) -> type[BaseModel]:
    """What PATCH takes: the fields that change."""
    parts = {field.name: _part(entity, field, "change") for field in _written(entity)}
    return _model(entity, "Change", parts, _STRICT)


def validate(model: type[BaseModel], data: Any) -> dict[str, Any]:
    """The given fields, checked against the model. Raises pydantic's ``ValidationError``, which lists everything."""
    return model.model_validate(data).model_dump(exclude_unset=True)


@cache
def hints(entity: Entity) -> Mapping[str, Mapping[str, object]]:
    """For each field what a sentence about it may need: the limits of a number, an example."""
    found: dict[str, dict[str, object]] = {}
    for field in fields_of(entity):
        hint: dict[str, object] = {}
        if isinstance(field.kind, inspect.IntType):
            low, high = _limits(field)
            hint = {"low": low, "high": high}
        elif field.examples or field.name in _SAMPLES:
            shown = example_of(entity, field)
            hint = {"example": shown[0] if isinstance(shown, list) else shown}
        if hint:
            found[field.name] = hint
    return found


# --- rows and JSON -------------------------------------------------------------------------------------------------


def row_values(entity: Entity, given: Mapping[str, Any]) -> dict[str, Any]:
    """Checked JSON as the values of a row's fields."""
    kinds = _annotations(entity.row)
    blocks = _block_fields(entity.row)
    return {
        name: msgspec.convert(_plain_blocks(value) if name in blocks else value, kinds[name])
        for name, value in given.items()
    }


def _plain_blocks(value: Any) -> Any:
    return value and [[block["day"], block["start"], block["end"]] for block in value]


def to_json(row: Row, fields: frozenset[str] | None = None) -> dict[str, Any]:
    """A row as it is answered; only these ``fields`` of it, when given. Never its secret."""
    shown: dict[str, Any] = {}
    for name in row.__struct_fields__:
        if name == "secret" or (fields is not None and name not in fields):
            continue
        value = getattr(row, name)
        if type(value) is tuple and value and type(value[0]) is WeekBlock:
            value = [{"day": block.day, "start": block.start, "end": block.end} for block in value]
        shown[name] = value
    return shown


@cache
def row_fields(row_type: type[Row]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """A row's fields by name; msgspec would evaluate the annotations of all of them anew each time."""
    return {field.name: field for field in msgspec.structs.fields(row_type)}


@cache
def _annotations(row_type: type[Row]) -> dict[str, Any]:
    return {name: field.type for name, field in row_fields(row_type).items()}


@cache
def _block_fields(row_type: type[Row]) -> frozenset[str]:
    return frozenset(
        field.name
        for field in inspect.type_info(row_type).fields  # type: ignore[attr-defined]
        if _holds_blocks(field.type)
    )


def _holds_blocks(kind: inspect.Type) -> bool:
    return (
        isinstance(kind, inspect.VarTupleType)
        and isinstance(kind.item_type, inspect.StructType)
        and kind.item_type.cls is WeekBlock
    )


# --- models --------------------------------------------------------------------------------------------------------


def _written(entity: Entity) -> list[StoredField]:
    return [field for field in fields_of(entity) if field.name not in READ_ONLY]


def _model(entity: Entity, suffix: str, parts: dict[str, Any], config: ConfigDict) -> type[BaseModel]:
    doc = clean_text((entity.row.__doc__ or "").strip())
    made: type[BaseModel] = create_model(f"{entity.row.__name__}{suffix}", __config__=config, __doc__=doc, **parts)
    return made


def _part(entity: Entity, field: StoredField, use: Literal["read", "create", "change"]) -> tuple[Any, Any]:
    """A field of a model: its annotation and default."""
    own = row_fields(entity.row)[field.name]
    annotation = _annotation(field.kind, field) if field.name not in {"id", "version"} else Annotated[int, Field(ge=1)]
    if field.optional:
        annotation = annotation | None
    more: dict[str, Any] = {"description": _description(entity, field.name), "examples": [example_of(entity, field)]}
    if field.shape == "secret":
        more["json_schema_extra"] = {"writeOnly": True}
    if use == "read":
        # The public view of a row leaves fields out, so that none but these is always there.
        return annotation, Field(**more) if field.name in READ_ONLY else Field(default_factory=_absent, **more)
    required = own.required and (entity.table, field.name) not in _FILLED_IN
    if use == "create" and required:
        return annotation, Field(**more)
    if own.default is NODEFAULT or use == "change":
        return annotation, Field(default_factory=_absent, **more)
    return annotation, Field(msgspec.to_builtins(own.default), validate_default=False, **more)


def _absent() -> None:
    """The value of a field that was not given; never looked at, and no default that a schema would show."""


def _annotation(kind: inspect.Type, field: StoredField) -> Any:
    said = {**field.meta, **meta_of(kind)}
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.BoolType):
        return bool
    if isinstance(kind, inspect.IntType):
        low, high = _limits(field)
        return Annotated[int, Field(ge=low, le=high)]
    if isinstance(kind, inspect.LiteralType):
        return Literal[tuple(kind.values)]
    if isinstance(kind, inspect.StrType):
        limits = Field(min_length=kind.min_length, max_length=kind.max_length or 255, pattern=kind.pattern)
        return Annotated[str, _as_kept(said), limits] if said.keys() & _REWRITTEN else Annotated[str, limits]
    if isinstance(kind, inspect.VarTupleType):
        return Annotated[list[_annotation(kind.item_type, field)], Field(max_length=kind.max_length or 500)]  # type: ignore[misc]  # made while running
    if isinstance(kind, inspect.StructType):
        return _value_model(kind.cls)
    raise TypeError(f"{field.name}: no schema for {kind}")


def _as_kept(said: dict[str, Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: as_kept(value, said) if isinstance(value, str) else value)


def _limits(field: StoredField) -> tuple[int, int]:
    kind = field.kind
    if "refers" in field.meta:
        return 1, MAX_ID
    low = getattr(kind, "ge", None)
    high = getattr(kind, "le", None)
    most = _MAX_BIG if field.meta.get("big") else MAX_ID
    return (low if low is not None else -MAX_ID), (high if high is not None else most)


@cache
def _value_model(kind: type[msgspec.Struct]) -> type[BaseModel]:
    """A value inside a row: a destination, a block of the week, a day."""
    parts: dict[str, Any] = {}
    for field in inspect.type_info(kind).fields:  # type: ignore[attr-defined]
        stored = StoredField(field.name, "plain", _bare(field.type), False, {})
        annotation = _annotation(field.type, stored)
        parts[field.name] = (annotation, ... if field.default is NODEFAULT else field.default)
    config = ConfigDict(extra="forbid", strict=True)
    if kind is Destination:
        config["json_schema_extra"] = {"examples": [{"kind": "extension", "target": "204"}]}
    doc = clean_text((kind.__doc__ or "").strip())
    made: type[BaseModel] = create_model(kind.__name__, __config__=config, __doc__=doc, **parts)
    return made


def _bare(kind: inspect.Type) -> inspect.Type:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


# --- words ---------------------------------------------------------------------------------------------------------

_SENTENCE = re.compile(r"(?<=[.:;])\s+(?=[A-Z`\"])")


_SOURCE = re.compile(
    r"\s*\((?:(?:[CEGUV] (?:app\. )?[A-Z0-9][\d.]*(?:-[\d.]+)?|[A-Z]{2,5}-\d+)(?:'s base)?[,;]?\s*(?:and )?)+\)"
)
"""Where a docstring says what it goes by: chapters of manuals, features of the catalogue. Nobody else has those."""


def clean_text(text: str) -> str:
    """A docstring as Markdown, in JSON's words, without what it goes by."""
    plain = _SOURCE.sub("", text).replace("``", "`")
    return re.sub(r"[ \t]+", " ", re.sub(r"\bNone\b", "null", plain))


def _description(entity: Entity, name: str) -> str:
    """What the row's docstring says about a field."""
    for part in _SENTENCE.split(re.sub(r"\s+", " ", entity.row.__doc__ or "")):
        if f"``{name}``" in part:
            return clean_text(part)
    return {
        "id": "Given by the exchange, never used again.",
        "version": "Counts the writes to the row; its ETag.",
        "company_id": "The company it belongs to.",
        "extension": "The internal number.",
        "name": "What people call it.",
    }.get(name, name.replace("_", " ").capitalize() + ".")


def example_of(entity: Entity, field: StoredField) -> Any:
    """An example of a field's value."""
    own = row_fields(entity.row)[field.name]
    if field.examples:
        return [field.examples[0]] if field.shape == "json" else field.examples[0]
    if field.shape == "secret":
        return "correct-horse-battery-staple"
    if field.shape == "destination":
        return {"kind": "extension", "target": "204"}
    if own.default is not NODEFAULT and own.default not in ("", ()):
        return msgspec.to_builtins(own.default)
    return _sample(field)


def _sample(field: StoredField) -> Any:
    kind = field.kind
    if isinstance(kind, inspect.VarTupleType):
        return _list_sample(field.name, _bare(kind.item_type))
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.IntType):
        return _SAMPLES.get(field.name, 1 if "refers" in field.meta else max(kind.ge or 0, 1))
    return _SAMPLES.get(field.name, "")


def _list_sample(name: str, item: inspect.Type) -> list[Any]:
    if isinstance(item, inspect.StructType):
        return [_VALUE_SAMPLES[item.cls]]
    if isinstance(item, inspect.LiteralType):
        return [item.values[0]]
    examples = _SAMPLES.get(name, [])
    return list(examples) if isinstance(examples, list) else [examples]


def example(entity: Entity, *, create: bool) -> dict[str, Any]:
    """A whole example: what creates a row, or a row as answered."""
    made: dict[str, Any] = {}
    for field in fields_of(entity):
        if create and field.name in READ_ONLY:
            continue
        own = row_fields(entity.row)[field.name]
        if field.shape == "secret" or (create and not own.required):
            continue
        made[field.name] = example_of(entity, field)
    return made
