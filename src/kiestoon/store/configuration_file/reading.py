"""A file to a document. The file is anybody's: nothing in it is executed, expanded or guessed.

YAML is read as nodes, and each scalar by the type of its field: ``area_code: 020`` is the text 020, whatever YAML would
make of it. Aliases are refused (a small file could stand for gigabytes), as are deep nesting and repeated keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml
from msgspec import NODEFAULT, inspect

from kiestoon.company.model import HolidayDay, WeekBlock
from kiestoon.company.numbers import as_kept
from kiestoon.store.configuration_file.document import Document, Entry
from kiestoon.store.configuration_file.shapes import SECTIONS, Part, Shape, shape_of
from kiestoon.store.configuration_file.troubles import RefusedFileError, Trouble
from kiestoon.store.configuration_file.values import (
    BLOCK_EXAMPLE,
    DESTINATION_EXAMPLE,
    Plain,
    element_meta,
    element_type,
    is_of,
    parse_block,
    to_plain,
)
from kiestoon.store.problems import Problem, problem

FORMAT: Final = "1"
MAX_BYTES: Final = 8 * 1024 * 1024
_MAX_DEPTH: Final = 8
_MAX_TROUBLES: Final = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS: Final = {"extension", "number", "voicemail"}


def read_document(text: str | bytes) -> Document:
    """Read a file. Raises ``RefusedFileError`` with everything that is wrong with its form."""
    return _Reader().read(text)


class _Reader:
    def __init__(self) -> None:
        self.troubles: list[Trouble] = []
        self.place = ""

    def read(self, text: str | bytes) -> Document:
        root = _compose(text)
        if not isinstance(root, yaml.MappingNode):
            raise RefusedFileError([Trouble(1, "", problem("", "not_company_file"))])
        sections: dict[str, list[Entry]] = {}
        company: Entry | None = None
        version = ""
        for name, node, line in self._pairs(root):
            if name == "kiestoon" and isinstance(node, yaml.ScalarNode):
                version = node.value
            elif name == "company":
                company = self._entry(shape_of("companies"), node, "company")
                self.place = ""
            elif name in SECTIONS:
                sections[name] = list(self._section(name, node))
                self.place = ""
            else:
                self._wrong(line, problem(name, "unknown_field"))
        self.place = ""
        if version != FORMAT:
            raise RefusedFileError([Trouble(1, "", problem("kiestoon", "not_company_file"))])
        if company is None:
            self._wrong(1, problem("company", "missing"))
        if self.troubles or company is None:
            raise RefusedFileError(self.troubles[:_MAX_TROUBLES])
        document = Document(company, sections)
        document.settle()
        return document

    def _section(self, table: str, node: yaml.Node) -> Iterator[Entry]:
        self.place = table
        if _is_null(node):
            return
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(_line(node), problem(table, "not_a_list"))
            return
        for number, item in enumerate(node.value, 1):
            entry = self._entry(shape_of(table), item, f"{table}[{number}]")
            if entry is not None:
                yield entry

    def _entry(self, shape: Shape, node: yaml.Node, place: str) -> Entry | None:
        self.place = place
        if not isinstance(node, yaml.MappingNode):
            self._wrong(_line(node), problem("", "not_an_object"))
            return None
        entry = Entry(shape, {}, _line(node), {})
        for name, value, line in self._pairs(node):
            part = shape.parts.get(name)
            entry.lines[name] = line
            if name == "secret" and shape.has_secret and isinstance(value, yaml.ScalarNode):
                entry.secret = value.value
            elif part is None:
                self._wrong(line, problem(name[:40], "unknown_field"))
            elif not _is_null(value):
                self._keep(entry, part, self._value(part, value, line))
        for part in shape.parts.values():
            if part.default is NODEFAULT and part.name not in entry.values and not self._complained(entry, part):
                self._wrong(entry.line, problem(part.name, "missing"))
        return entry

    def _keep(self, entry: Entry, part: Part, value: Plain) -> None:
        if value is None:
            return
        # References have no default but None: what is given counts.
        if part.default is NODEFAULT or part.refers or value != to_plain(part.default, part.field, str):
            entry.values[part.name] = value

    def _complained(self, entry: Entry, part: Part) -> bool:
        line = entry.lines.get(part.name)
        return line is not None and any(trouble.problem.field == part.name for trouble in self.troubles[-50:])

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, int]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in seen:
                self._wrong(_line(key), problem(name[:40], "twice"))
            seen.add(name)
            yield name, value, _line(key)

    # --- values ----------------------------------------------------------------------------------------------------

    def _value(self, part: Part, node: yaml.Node, line: int) -> Plain:
        """The plain value; None after a complaint."""
        field = part.field
        if field.shape == "destination":
            return self._destination(part.name, node, line)
        if isinstance(field.kind, inspect.VarTupleType):
            return self._list(part, node, line)
        if not isinstance(node, yaml.ScalarNode):
            return self._wrong(line, problem(part.name, "not_text"))
        text = as_kept(node.value, field.meta)
        return self._scalar(part.name, inspect.StrType() if part.refers else field.kind, text, line)

    def _scalar(self, name: str, kind: inspect.Type, text: str, line: int) -> Plain:
        if isinstance(kind, inspect.BoolType):
            found = {"true": True, "false": False}.get(text.lower())
            return self._wrong(line, problem(name, "not_yes_or_no")) if found is None else found
        if isinstance(kind, inspect.IntType):
            digits = text.removeprefix("-")
            if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
                return self._wrong(line, problem(name, "not_whole_number"))
            return int(text)
        if isinstance(kind, inspect.LiteralType):
            choices = {str(value): value for value in kind.values}
            if text not in choices:
                return self._wrong(line, problem(name, "not_a_choice", value=text[:40], choices=", ".join(choices)))
            return choices[text]
        return text

    def _list(self, part: Part, node: yaml.Node, line: int) -> Plain:
        if not isinstance(node, yaml.SequenceNode):
            return self._wrong(line, problem(part.name, "not_a_list"))
        days = is_of(part.field, HolidayDay)
        found = [self._day(part.name, item) if days else self._element(part, item) for item in node.value]
        return None if None in found else found

    def _element(self, part: Part, node: yaml.Node) -> Plain:
        line = _line(node)
        if not isinstance(node, yaml.ScalarNode):
            return self._wrong(line, problem(part.name, "not_text"))
        if not is_of(part.field, WeekBlock):
            text = as_kept(node.value, element_meta(part.field))
            return self._scalar(part.name, element_type(part.field), text, line)
        if parse_block(node.value) is None:
            wrong = problem(part.name, "wrong_form", value=node.value[:40], example=BLOCK_EXAMPLE)
            return self._wrong(line, wrong)
        return node.value

    def _day(self, name: str, node: yaml.Node) -> Plain:
        if not isinstance(node, yaml.MappingNode):
            return self._wrong(_line(node), problem(name, "not_an_object"))
        kinds = {field.name: field for field in inspect.type_info(HolidayDay).fields}  # type: ignore[attr-defined]
        day: dict[str, Plain] = {}
        for key, value, line in self._pairs(node):
            if key not in kinds or not isinstance(value, yaml.ScalarNode):
                return self._wrong(line, problem(f"{name}.{key[:40]}", "unknown_field"))
            kind = kinds[key].type
            while isinstance(kind, inspect.Metadata):
                kind = kind.type
            found = self._scalar(f"{name}.{key}", kind, value.value, line)
            if found is None:
                return None
            if found != kinds[key].default:
                day[key] = found
        return day if "name" in day else self._wrong(_line(node), problem(f"{name}.name", "missing"))

    def _destination(self, name: str, node: yaml.Node, line: int) -> Plain:
        if isinstance(node, yaml.ScalarNode) and node.value in {"none", "busy", "voicemail", "mobile", "external"}:
            return node.value
        if isinstance(node, yaml.MappingNode):
            pairs = list(self._pairs(node))
            if len(pairs) == 1 and pairs[0][0] in _KINDS and isinstance(pairs[0][1], yaml.ScalarNode):
                kind, target, _ = pairs[0]
                if target.value:
                    return {kind: target.value}
        shown = str(getattr(node, "value", ""))[:40] if isinstance(node, yaml.ScalarNode) else "…"
        return self._wrong(line, problem(name, "wrong_form", value=shown, example=DESTINATION_EXAMPLE))

    def _wrong(self, line: int, found: Problem) -> None:
        if len(self.troubles) <= _MAX_TROUBLES:
            self.troubles.append(Trouble(line, self.place, found))


def _compose(text: str | bytes) -> yaml.Node | None:
    if len(text) > MAX_BYTES:
        raise RefusedFileError([Trouble(0, "", problem("", "too_long", limit=MAX_BYTES))])
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        _check_events(text)
        root: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError:
        raise RefusedFileError([Trouble(0, "", problem("", "not_yaml", detail="it is not UTF-8"))]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        detail = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable")
        line = mark.line + 1 if mark is not None else 0
        raise RefusedFileError([Trouble(line, "", problem("", "not_yaml", detail=detail))]) from None
    return root


def _check_events(text: str) -> None:
    """Before anything is built: how deep it goes, and that it does not repeat itself."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RefusedFileError([Trouble(line, "", problem("", "yaml_alias"))])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise RefusedFileError([Trouble(line, "", problem("", "yaml_depth"))])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in {"", "~", "null"}
