"""Many users at once, from JSON or CSV, with a report for each line (ORG-5)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

import msgspec
from msgspec import inspect
from pydantic import BaseModel, Field, create_model
from sqlalchemy import select

from kiestoon.api.problems import ApiProblem, of_row, shown, unsupported_media_type
from kiestoon.api.resources.requests import checked, parse_json
from kiestoon.api.resources.rows import Writer, phone_of
from kiestoon.api.schemas import create_model_of, hints
from kiestoon.company.model import BY_TABLE, User
from kiestoon.store.columns import Field as StoredField
from kiestoon.store.columns import fields_of
from kiestoon.store.errors import InvalidRowError
from kiestoon.store.field_names import field_name
from kiestoon.store.problems import Problem, problem
from kiestoon.store.tables import TABLES

MAX_LINES: Final = 500  # they hold the write lock together for a second or two
MAX_BYTES: Final = 2 * 1024 * 1024
Mode = Literal["all", "each"]
USERS: Final = BY_TABLE["users"]
_PLACES: Final = {"location": "locations", "department": "departments"}
_YES: Final = frozenset({"true", "yes", "1", "ja", "waar"})
_NO: Final = frozenset({"false", "no", "0", "nee", "onwaar"})


class Line(msgspec.Struct, frozen=True):
    """One user to be: the line's number, its fields, or what is wrong with the line itself."""

    number: int
    data: Any
    problems: tuple[Problem, ...] = ()


class Done(msgspec.Struct, frozen=True):
    """What became of a line."""

    number: int
    row: User | None = None
    phone: Mapping[str, str] | None = None
    problems: tuple[Problem, ...] = ()

    def json(self, language: str) -> dict[str, Any]:
        return {
            "line": self.number,
            "id": self.row.id if self.row else None,
            "extension": self.row.extension if self.row else None,
            "phone": self.phone,
            "errors": [shown(found, language) for found in self.problems],
        }


@cache
def line_model() -> type[BaseModel]:
    """A user with, if wanted, a phone."""
    phone = Field(False, description="Add a phone; its login and password are in the report, this once.")
    return create_model(
        "UserLine",
        __base__=create_model_of(USERS),
        phone=(bool, phone),
        phone_name=(str, Field("", max_length=80, description="What the phone is called.")),
    )


def read_lines(body: bytes, media_type: str) -> list[Line]:
    """The lines of a body. Raises ``ApiProblem``."""
    if media_type == "application/json":
        data = parse_json(body)
        if not isinstance(data, list):
            raise ApiProblem("invalid", [problem("", "not_a_list")])
        lines = [Line(number, entry) for number, entry in enumerate(data, start=1)]
    elif media_type == "text/csv":
        lines = list(_read_csv(body))
    else:
        raise unsupported_media_type(media_type, "application/json", "text/csv")
    if len(lines) > MAX_LINES:
        raise ApiProblem("invalid", [problem("", "too_many", limit=MAX_LINES)])
    return lines


def create_users(writer: Writer, lines: list[Line], mode: Mode, language: str) -> dict[str, Any]:
    """Create them: with "all" every line or none, with "each" those that are right. The report."""
    places = {name: _places(writer, table) for name, table in _PLACES.items()}
    done = [_create(writer, line, places) for line in lines]
    refused = [one for one in done if one.problems]
    report = [one.json(language) for one in done]
    if refused and mode == "all":
        errors = [msgspec.structs.replace(found, place=str(one.number)) for one in refused for found in one.problems]
        kept = [entry | {"id": None, "phone": None} for entry in report]
        raise ApiProblem("invalid", errors, members={"added": 0, "refused": len(refused), "lines": kept})
    return {"added": len(done) - len(refused), "refused": len(refused), "lines": report}


def _create(writer: Writer, line: Line, places: Mapping[str, Mapping[str, int]]) -> Done:
    if line.problems:
        return Done(line.number, problems=line.problems)
    try:
        data = _with_places(line.data, places)
        given = checked(line_model(), data, hints(USERS))
        wants_phone, phone_name = given.pop("phone", False), given.pop("phone_name", "")
        with writer.connection.begin_nested():
            row = writer.create(USERS, given)
            assert isinstance(row, User)  # noqa: S101 - what users are
            phone = _add_phone(writer, row, phone_name) if wants_phone else None
    except InvalidRowError as error:
        return Done(line.number, problems=of_row(error).errors)
    except ApiProblem as error:
        return Done(line.number, problems=error.errors)
    return Done(line.number, row, phone)


def _add_phone(writer: Writer, row: User, name: str) -> dict[str, str]:
    phone = writer.changes.add(phone_of(row, row.company_id, name))
    return {"username": phone.username, "secret": phone.secret}


def _places(writer: Writer, table_name: str) -> dict[str, int]:
    """Names in lower case to ids; a name two places have stands for none."""
    entity = BY_TABLE[table_name]
    table = TABLES[entity.row]
    query = select(table.c.name, table.c.id).where(writer.reach.of_company(entity), writer.reach.visible(entity))
    found: dict[str, int] = {}
    for name, row_id in writer.connection.execute(query):
        found[name.lower()] = 0 if name.lower() in found else row_id
    return found


def _with_places(data: Any, places: Mapping[str, Mapping[str, int]]) -> Any:
    """Locations and departments may be named."""
    if not isinstance(data, dict):
        return data
    given = dict(data)
    for name, known in places.items():
        named = given.pop(name, None)
        if not named:
            continue
        row_id = known.get(str(named).lower())
        if not row_id:
            raise ApiProblem("invalid", [problem(name, "unknown_reference", value=str(named)[:80])])
        given[f"{name}_id"] = row_id
    return given


# --- CSV (RFC 4180; semicolons as Excel writes them in much of Europe) ---------------------------------------------


def _read_csv(body: bytes) -> Iterator[Line]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ApiProblem("invalid", [problem("", "not_csv", detail=f"byte {error.start} is not UTF-8")]) from None
    header, _, _ = text.partition("\n")
    separator = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        headings = _headings()
        names = [headings.get(name.strip().lower(), name.strip().lower()) for name in next(reader, [])]
        if not names:
            raise ApiProblem("invalid", [problem("", "not_csv", detail="it is empty")])
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _line(reader.line_num, names, cells)
    except csv.Error as error:
        detail = f"line {reader.line_num}: {error}"
        raise ApiProblem("invalid", [problem("", "not_csv", detail=detail)]) from None


@cache
def _headings() -> Mapping[str, str]:
    """What columns may be called beside the fields' own names: what fields are called in sentences."""
    fields = line_model().model_fields.keys() | _PLACES.keys()
    return {
        heading: name
        for name in sorted(fields, reverse=True)
        for dutch in (False, True)
        if (heading := field_name(name, dutch=dutch).lower()) not in fields
    }


def _line(number: int, names: list[str], cells: list[str]) -> Line:
    if len(cells) > len(names):
        return Line(number, {}, (problem("", "beyond_lines", value=number),))
    fields = {field.name: field for field in fields_of(USERS)}
    return Line(
        number,
        {
            name: _cell(fields.get(name), name, cell.strip())
            for name, cell in zip(names, cells, strict=False)
            if cell.strip()
        },
    )


def _cell(field: StoredField | None, name: str, text: str) -> Any:
    """A cell as JSON would have it; one that does not fit stays text, and the model says what is wrong."""
    if name == "phone" or (field is not None and isinstance(field.kind, inspect.BoolType)):
        lower = text.lower()
        return True if lower in _YES else False if lower in _NO else text
    if field is None:
        return text
    if isinstance(field.kind, inspect.VarTupleType):
        return text.split()
    if isinstance(field.kind, inspect.IntType) and text.isascii() and text.isdecimal() and len(text) < 12:
        return int(text)
    return text
