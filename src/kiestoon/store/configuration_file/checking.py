"""What can be told of a document before anything is written: repeated rows, unknown names, values out of bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import NODEFAULT

from kiestoon.company.model import BY_TABLE
from kiestoon.store.configuration_file.document import Document, Entry
from kiestoon.store.configuration_file.shapes import SECTIONS, Part
from kiestoon.store.configuration_file.troubles import RefusedFileError, Trouble
from kiestoon.store.configuration_file.values import Plain, extension_in, from_plain
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.generic import check_values

_PLACEHOLDER = 1


def check_document(document: Document) -> None:
    """Raise ``RefusedFileError`` with everything that is wrong in itself."""
    troubles = [*_repeated(document), *_unknown(document), *_values(document)]
    if troubles:
        raise RefusedFileError(troubles)


def own_extensions(document: Document) -> frozenset[str]:
    """Every internal number the document gives to somebody."""
    return frozenset(
        entry.values["extension"]
        for entry in document
        if entry.shape.entity.has_extension and entry.values.get("extension")
    )


def _repeated(document: Document) -> Iterator[Trouble]:
    for table in SECTIONS:
        first: dict[tuple[Plain, ...], Entry] = {}
        for entry in sorted(document.sections[table], key=lambda entry: entry.line):
            entity = entry.shape.entity
            named = entity.has_extension and entry.identity[0] == ""
            if named or not (entity.unique or entity.has_extension):
                continue  # nothing forbids two of the kind
            other = first.setdefault(entry.identity[:-1], entry)
            if other is not entry:
                yield _trouble(entry, problem(entity.nouns[0], "same_row", value=other.line))


def _unknown(document: Document) -> Iterator[Trouble]:
    labels = {table: {entry.label for entry in document.sections[table]} for table in SECTIONS}
    extensions = own_extensions(document)
    for entry in document:
        for part in entry.shape.parts.values():
            value = entry.values.get(part.name)
            if value is None:
                continue
            if part.refers and value not in labels[part.refers]:
                noun = BY_TABLE[part.refers].nouns[0]
                yield _trouble(entry, problem(part.name, "unknown_name", table=noun, value=value))
            number = extension_in(value, part.field)
            if number and number not in extensions:
                yield _trouble(entry, problem(part.name, "unknown_extension", value=number))


def _values(document: Document) -> Iterator[Trouble]:
    for entry in document:
        values = {part.field.name: _sample(entry, part) for part in entry.shape.parts.values()}
        if "company_id" in entry.shape.entity.row.__struct_fields__:
            values["company_id"] = _PLACEHOLDER
        if entry.shape.has_secret:
            values["secret"] = entry.secret
        for found in check_values(entry.shape.entity.row(id=_PLACEHOLDER, **values)):
            yield _trouble(entry, found)


def _sample(entry: Entry, part: Part) -> Any:
    if part.name not in entry.values:
        return None if part.default is NODEFAULT else part.default
    return _PLACEHOLDER if part.refers else from_plain(entry.values[part.name], part.field)


def _trouble(entry: Entry, found: Problem) -> Trouble:
    return Trouble(entry.line_of(found.field), f"{entry.shape.table} {entry.shown}".strip(), found)
