"""Rows to database cells and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Column

from kiestoon.company.model import BY_ROW, Destination, Device, IdentityProvider, Row, Webhook
from kiestoon.store.columns import Field, fields_of
from kiestoon.store.keys import Vault
from kiestoon.store.tables import TABLES

RowT = TypeVar("RowT", bound=Row)
# Columns whose values differ from row to row; the values of all others are shared between the rows in memory.
_DISTINCT = frozenset({"id", "username", "secret", "name", "email", "extension", "e164", "user_id"})
_PLACE = ("company_id", "username", "name", "issuer", "client_id")
_NOT_SET = Destination()
_TO_EXTENSION = ("extension", "voicemail")


def secret_place(row_type: type[Row], cells: Mapping[str, Any]) -> str:
    """What a row's encrypted secret is bound to; whoever changes one of these fields must encrypt again."""
    if row_type is Device:
        return f"device {cells['company_id']} {cells['username']}"
    if row_type is IdentityProvider:
        return f"identity provider {cells['company_id']} {cells['issuer']} {cells['client_id']}"
    if row_type is Webhook:
        return f"webhook {cells['company_id']} {cells['name']}"
    return f"trunk {cells['name']}"


def row_to_cells(row: Row, vault: Vault) -> dict[str, Any]:
    """The cells of a row, its secret encrypted; without ``id``."""
    cells: dict[str, Any] = {}
    for field in _fields(type(row)):
        if field.name == "id":
            continue
        value = getattr(row, field.name)
        if field.shape == "destination":
            cells.update(_destination_cells(field.name, value))
        elif field.shape == "secret":
            cells[field.name] = vault.encrypt(value, _place(row)) if value else None
        elif field.shape == "json":
            cells[field.name] = None if value is None else msgspec.to_builtins(value)
        elif field.shape in {"extension", "empty_is_null"}:
            cells[field.name] = value or None
        else:
            cells[field.name] = value
    return cells


def _place(row: Row) -> str:
    return secret_place(type(row), {name: getattr(row, name, None) for name in _PLACE})


def _destination_cells(name: str, value: Destination | None) -> dict[str, Any]:
    if value is None:
        return {f"{name}_kind": None, f"{name}_extension": None, f"{name}_number": None}
    inside = value.kind in _TO_EXTENSION
    return {
        f"{name}_kind": value.kind,
        f"{name}_extension": (value.target or None) if inside else None,
        f"{name}_number": "" if inside else value.target,
    }


@cache
def _fields(row_type: type[Row]) -> tuple[Field, ...]:
    return fields_of(BY_ROW[row_type])


@cache
def columns_of(row_type: type[Row]) -> tuple[Column[Any], ...]:
    """What to select, in the order ``row_reader`` expects."""
    table = TABLES[row_type]
    names: list[str] = []
    for field in _fields(row_type):
        if field.shape == "destination":
            names.extend(f"{field.name}_{part}" for part in ("kind", "extension", "number"))
        else:
            names.append(field.name)
    return tuple(table.c[name] for name in names)


def row_reader(row_type: type[RowT], vault: Vault | None) -> Callable[[Sequence[Any]], RowT]:
    """A function from selected values to a row. Equal texts are shared in memory; without a vault secrets are ""."""
    shared: dict[str, str] = {}
    fields = _fields(row_type)
    json_types = _json_types(row_type)

    def read(values: Sequence[Any]) -> RowT:
        cells: dict[str, Any] = {}
        at = 0
        for field in fields:
            name, shape = field.name, field.shape
            value = values[at]
            at += 1
            if shape == "plain":
                if type(value) is str and name not in _DISTINCT:
                    value = shared.setdefault(value, value)
            elif shape == "destination":
                value = _destination(value, values[at], values[at + 1])
                at += 2
            elif shape == "json":
                value = None if value is None else (msgspec.convert(value, json_types[name]) if value else ())
            elif value is None and not field.optional and shape != "secret":
                value = ""
            cells[name] = value
        if "secret" in cells:
            encrypted = cells["secret"]
            cells["secret"] = ""
            if encrypted is not None and vault is not None:
                cells["secret"] = vault.decrypt(encrypted, secret_place(row_type, cells))
        return row_type(**cells)

    return read


def _destination(kind: str | None, extension: str | None, number: str | None) -> Destination | None:
    if kind is None:
        return None
    if kind == "none":
        return _NOT_SET
    return Destination(kind, (extension or "") if kind in _TO_EXTENSION else (number or ""))  # type: ignore[arg-type]


@cache
def _json_types(row_type: type[Row]) -> dict[str, Any]:
    names = {field.name for field in _fields(row_type) if field.shape == "json"}
    return {field.name: field.type for field in msgspec.structs.fields(row_type) if field.name in names}
