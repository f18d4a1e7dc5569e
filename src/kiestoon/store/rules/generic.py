"""Rules that follow from a row's annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import msgspec
from msgspec import inspect

from kiestoon.company.model import BY_ROW, Company, Row, meta_of
from kiestoon.company.numbers import emergency_number
from kiestoon.store.columns import Field, fields_of
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.codes import check_not_a_code
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.targets import check_targets

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # lone surrogates cannot be stored as UTF-8
_LARGEST = {False: 2**31 - 1, True: 2**63 - 1}  # what the columns hold (see columns): on PostgreSQL for all
_E164 = re.compile(r"\+[1-9][0-9]{3,14}\Z")
_EXTENSION = re.compile(r"[0-9]{1,15}\Z")
_SHORT = re.compile(r"(?=.{2,32}\Z)[*#][0-9*#]+\Z")
_PATTERN = re.compile(r"(?=.{1,32}\Z)\+?[0-9?]*\*?\Z")


@cache
def _fields(row_type: type[Row]) -> tuple[Field, ...]:
    return fields_of(BY_ROW[row_type])


@cache
def _timezones() -> frozenset[str]:
    """Known once: looking them up reads a whole folder."""
    return frozenset(available_timezones())


def check_values(row: Row) -> Iterator[Problem]:
    """What can be told from the row alone."""
    for field in _fields(type(row)):
        value = getattr(row, field.name)
        for text in _texts(value):
            if _CONTROL.search(text):
                yield problem(field.name, "control_characters")
        told = [*_check_form(field, value), *_check_storage(field, value)]
        yield from told or _check_annotation(field, value, _annotations(type(row))[field.name])


def _check_storage(field: Field, value: Any) -> Iterator[Problem]:
    if isinstance(value, int) and abs(value) > _LARGEST[bool(field.meta.get("big"))]:
        yield problem(field.name, "out_of_storage", value=value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))


def _check_form(field: Field, value: Any) -> Iterator[Problem]:
    """The same as the annotations say, in words a person can act on."""
    meta = meta_of(field.kind.item_type) if isinstance(field.kind, inspect.VarTupleType) else field.meta
    if isinstance(value, tuple) and meta.get("pattern") and "" in value:
        yield problem(field.name, "empty_entry")  # it would fit nobody
    values = value if isinstance(value, tuple) else (value,)
    for part in values:
        if not part or not isinstance(part, str):
            continue
        if meta.get("e164") and not _E164.match(part):
            yield problem(field.name, "not_international", value=part)
        elif meta.get("extension") and not _EXTENSION.match(part):
            yield problem(field.name, "not_a_number", value=part)
        elif meta.get("pattern") and not _PATTERN.match(part) and not (meta.get("short_ways") and _SHORT.match(part)):
            yield problem(field.name, "bad_pattern", value=part)
        elif meta.get("timezone") and part not in (known := _timezones()) and known:
            yield problem(field.name, "unknown_timezone", value=part)


@cache
def _annotations(row_type: type[Row]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(row_type)}


def _check_annotation(field: Field, value: Any, annotation: Any) -> Iterator[Problem]:
    """What the annotation demands, said as a person would."""
    try:
        msgspec.convert(msgspec.to_builtins(value), annotation)
        return
    except msgspec.ValidationError as error:
        detail = str(error).partition(" - at ")[0]
    kind, name = field.kind, field.name
    if isinstance(kind, inspect.IntType) and isinstance(value, int) and (kind.ge is not None or kind.le is not None):
        yield problem(name, "out_of_range", value=value, low=kind.ge or 0, high=kind.le if kind.le is not None else "…")
    elif isinstance(kind, inspect.LiteralType):
        yield problem(name, "not_a_choice", value=value, choices=", ".join(map(str, kind.values)))
    elif isinstance(kind, inspect.StrType) and isinstance(value, str):
        yield from _check_text(field, kind, value, detail)
    else:
        yield problem(name, "invalid", detail=detail)


def _check_text(field: Field, kind: inspect.StrType, value: str, detail: str) -> Iterator[Problem]:
    if kind.max_length is not None and len(value) > kind.max_length:
        yield problem(field.name, "too_long", limit=kind.max_length)
    elif not value:
        yield problem(field.name, "missing")
    elif field.examples:
        yield problem(field.name, "wrong_form", value=value, example=field.examples[0])
    else:
        yield problem(field.name, "invalid", detail=detail)


def check_references(row: Row, peek: Peek) -> Iterator[Problem]:
    """Rows point to rows of their own company only."""
    yield from check_targets(row, peek)
    for field in _fields(type(row)):
        value = getattr(row, field.name)
        if value is None or value == "":
            continue
        target = field.meta.get("refers")
        if target == "companies":
            if peek.company() is None:
                yield problem(field.name, "unknown_reference", value=value)
        elif target is not None:
            if not peek.exists(target, value):
                yield problem(field.name, "unknown_reference", value=value)
        elif field.meta.get("extension") in {"restrict", "cascade"} and peek.extension_owner(value) is None:
            yield problem(field.name, "unknown_extension", value=value)


def check_extension(row: Row, peek: Peek) -> Iterator[Problem]:
    """An internal number of its own: the company's length, nobody else's, no emergency number, no code (ORG-7)."""
    number = getattr(row, "extension", "")
    company = peek.company()
    if not number or company is None or not _EXTENSION.match(number):
        return
    if emergency_number(number, company.country):
        yield problem("extension", "emergency_extension", value=number)
    elif len(number) != company.extension_digits:
        yield problem("extension", "extension_length", value=number, digits=company.extension_digits)
    owner = peek.extension_owner(number)
    if owner is not None and (type(owner) is not type(row) or owner.id != row.id):
        yield problem("extension", "extension_taken", value=number, other=named(owner))
    yield from check_not_a_code(number, company, peek)


def check_unique(row: Row, peek: Peek) -> Iterator[Problem]:
    """Nobody else has the same; the database refuses it too, but cannot say whose it is."""
    entity = BY_ROW[type(row)]
    for names in entity.unique:
        wanted = {name: getattr(row, name) for name in names}
        if any(value is None or value == "" for value in wanted.values()) and len(names) == 1:
            continue
        cells = {name: _cell(row, name, value) for name, value in wanted.items()}
        if entity.installation_wide:
            other = peek.anywhere(type(row), **cells)
        else:
            other = next((found for found in peek.find(type(row), **cells) if found.id != row.id), None)
        if other is not None and other.id != row.id:
            own = not entity.installation_wide or isinstance(row, Company)
            shown = named(other) if own else ("another", "een ander")
            yield problem(names[-1], "taken", other=shown)


def _cell(row: Row, name: str, value: Any) -> Any:
    shape = next(field.shape for field in _fields(type(row)) if field.name == name)
    return value or None if shape in {"extension", "empty_is_null"} else value
