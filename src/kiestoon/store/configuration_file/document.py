"""A company's configuration as a document of plain values: what a file says, or what the database holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import NODEFAULT

from kiestoon.company.model import CompanyRows, Row
from kiestoon.store.configuration_file.shapes import ORDERED, SECTIONS, Shape, shape_of
from kiestoon.store.configuration_file.values import Plain, to_plain

Identity = tuple[Plain, ...]


class Entry(msgspec.Struct, eq=False):
    """One row. ``values`` leaves defaults out. ``line`` and ``lines`` (by field) are where the file says it, from 1.

    ``row`` is the database's row, ``secret`` what the file gives. ``Document`` fills in ``identity`` and ``label``.
    """

    shape: Shape
    values: dict[str, Plain]
    line: int = 0
    lines: dict[str, int] = {}
    row: Row | None = None
    secret: str = ""
    identity: Identity = ()
    label: str = ""

    def line_of(self, field: str) -> int:
        """Where the file says a field (by the file's name or the row's)."""
        return self.lines.get(field) or self.lines.get(field.removesuffix("_id")) or self.line

    @property
    def shown(self) -> str:
        """The row as a person would name it."""
        name = self.values.get("name", "")
        return f"{self.label} ({name})" if name and name not in self.label else self.label


class Document(msgspec.Struct, eq=False):
    """The company's own entry and those of every section, in the order of an export."""

    company: Entry
    sections: dict[str, list[Entry]]

    def settle(self) -> None:
        """Put the sections in order and give every entry its identity and label."""
        self.company.identity = (self.company.values.get("domain", ""),)
        self.company.label = self.company.values.get("name", "")
        for table in SECTIONS:
            self.sections[table] = _settled(shape_of(table), self.sections.get(table, []))

    def __iter__(self) -> Iterator[Entry]:
        yield self.company
        for table in SECTIONS:
            yield from self.sections[table]


def document_of(rows: CompanyRows) -> Document:
    """The document of what the database holds."""
    labels: dict[str, dict[int, str]] = {}
    document = Document(_entry(shape_of("companies"), rows.company, labels), {})
    document.company.identity = (rows.company.domain,)
    document.company.label = rows.company.name
    for table in SECTIONS:
        shape = shape_of(table)
        entries = _settled(shape, [_entry(shape, row, labels) for row in getattr(rows, table)])
        labels[table] = {entry.row.id: entry.label for entry in entries if entry.row is not None}
        document.sections[table] = entries
    _name_parents(document, labels["departments"])
    return document


def _name_parents(document: Document, labels: dict[int, str]) -> None:
    """Departments refer to one another: their labels are known only when all of them are."""
    for entry in document.sections["departments"]:
        parent_id = getattr(entry.row, "parent_id", None)
        if parent_id is not None:
            entry.values["parent"] = labels[parent_id]


def _entry(shape: Shape, row: Row, labels: dict[str, dict[int, str]]) -> Entry:
    values: dict[str, Plain] = {}
    for part in shape.parts.values():
        value = getattr(row, part.field.name)
        if part.default is not NODEFAULT and value == part.default:
            continue
        known = labels.get(part.refers, {})
        values[part.name] = to_plain(value, part.field, lambda row_id, known=known: known.get(row_id, ""))  # type: ignore[misc]
    return Entry(shape, values, row=row)


def _settled(shape: Shape, entries: list[Entry]) -> list[Entry]:
    """Sorted, with identities and labels. Rows that nothing tells apart are counted in their order."""
    within = ORDERED.get(shape.table)
    names = within if within is not None else shape.identity
    entries = sorted(entries, key=lambda entry: tuple(_sortable(entry.values.get(name)) for name in names))
    counts: dict[Identity, int] = {}
    taken: set[str] = set()
    for entry in entries:
        own = _identity(shape, entry.values)
        counts[own] = counts.get(own, 0) + 1
        entry.identity = (*own, counts[own])
        entry.label = _unique(_label(own), taken)
    return entries


def _sortable(value: Plain) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value or ""))


def _identity(shape: Shape, values: dict[str, Plain]) -> Identity:
    parts = tuple(_given(shape, values, name) for name in shape.identity)
    if shape.entity.has_extension and shape.identity[0] == "extension":
        return (parts[0],) if parts[0] else ("", *parts[1:])
    return parts


def _given(shape: Shape, values: dict[str, Plain], name: str) -> Plain:
    default: Any = shape.parts[name].default
    value = values.get(name, None if default is NODEFAULT else default)
    return "" if value is None else value


def _label(identity: Identity) -> str:
    return " / ".join(str(part) for part in identity if part != "")


def _unique(label: str, taken: set[str]) -> str:
    number, unique = 1, label
    while unique in taken:
        number += 1
        unique = f"{label} #{number}"
    taken.add(unique)
    return unique
