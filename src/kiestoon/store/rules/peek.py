"""Looking at a company's other rows while one is being checked."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Connection, select

from kiestoon.company.model import BY_ROW, BY_TABLE, Company, Row
from kiestoon.store import tables
from kiestoon.store.cells import columns_of, row_reader
from kiestoon.store.columns import fields_of
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES

RowT = TypeVar("RowT", bound=Row)


class Peek:
    """The rows of one company, inside the transaction that writes. Secrets are left out."""

    def __init__(self, connection: Connection, company_id: int | None) -> None:
        self.connection = connection
        self.company_id = company_id
        self._company: Company | None = None

    def company(self) -> Company | None:
        """The company itself."""
        if self._company is None and self.company_id is not None:
            self._company = next(iter(self.find(Company, id=self.company_id)), None)
        return self._company

    def get(self, row_type: type[RowT], row_id: int | None) -> RowT | None:
        """A row of the company by its id."""
        return None if row_id is None else next(iter(self.find(row_type, id=row_id)), None)

    def exists(self, table_name: str, row_id: int) -> bool:
        """Whether the company has this row."""
        table = TABLES[BY_TABLE[table_name].row]
        query = select(table.c.id).where(table.c.id == row_id, table.c.company_id == self.company_id)
        return self.connection.execute(query).first() is not None

    def find(self, row_type: type[RowT], **equal: Any) -> list[RowT]:
        """The company's rows whose columns have these values; None matches NULL, a list each of its values."""
        table = TABLES[row_type]
        query = select(*columns_of(row_type)).order_by(table.c.id)
        if "company_id" in table.c:
            query = query.where(table.c.company_id == self.company_id)
        for name, value in equal.items():
            column = table.c[name]
            if isinstance(value, list):
                query = query.where(column.in_(value))
            else:
                query = query.where(column.is_(None) if value is None else column == value)
        read = row_reader(row_type, None)
        return [read(values) for values in self.connection.execute(query)]

    def extension_owner(self, number: str) -> Row | None:
        """What an internal number belongs to."""
        table = tables.extensions
        found = self.connection.execute(
            select(table.c.table_name).where(table.c.company_id == self.company_id, table.c.number == number)
        ).scalar()
        if found is None:
            return None
        return next(iter(self.find(BY_TABLE[found].row, extension=number)), None)

    def extensions(self) -> list[str]:
        """Every internal number in use, in order (ORG-7)."""
        table = tables.extensions
        query = select(table.c.number).where(table.c.company_id == self.company_id).order_by(table.c.number)
        return list(self.connection.execute(query).scalars())

    def name_of(self, table: str, row_id: int | None) -> tuple[str, str]:
        """A row's description in English and Dutch, for a sentence."""
        row = self.get(BY_TABLE[table].row, row_id)
        return named(row) if row is not None else (f"{table} {row_id}", f"{table} {row_id}")

    def anywhere(self, row_type: type[RowT], **equal: Any) -> RowT | None:
        """A row of any company, for what must be unique on the installation."""
        table = TABLES[row_type]
        query = select(*columns_of(row_type)).limit(1)
        for name, value in equal.items():
            query = query.where(table.c[name] == value)
        values = self.connection.execute(query, execution_options=INSTALLATION).first()
        return None if values is None else row_reader(row_type, None)(values)


def describe(row: Row, language: str = "en", peek: Peek | None = None) -> str:
    """The row as one would name it in a message: its noun and what people know it by.

    With ``peek`` a row that is known by what it belongs to is named after that: "number mapping 'Day / +31201234567'".
    """
    noun = BY_ROW[type(row)].nouns[1 if language.startswith("nl") else 0]
    return f"{noun} '{label_of(row, peek) or row.id}'"


def label_of(row: Row, peek: Peek | None = None) -> str:
    """What people know a row by, without its noun."""
    name: str = getattr(row, "name", "")
    if name:
        return name
    entity = BY_ROW[type(row)]
    fields = {field.name: field for field in fields_of(entity)}
    parts: list[str] = []
    for key in entity.key:
        value, target = getattr(row, key), fields[key].meta.get("refers")
        if value and target and peek is not None:
            other = peek.get(BY_TABLE[target].row, value)
            parts.append(label_of(other, peek) if other is not None else str(value))
        elif value:
            parts.append(str(value))
    return " / ".join(parts if peek is not None else parts[:1])


def named(*rows: Row, peek: Peek | None = None) -> tuple[str, str]:
    """Rows as one would list them in a sentence, in English and Dutch: the parameter of a problem."""
    english, dutch = (", ".join(describe(row, language, peek) for row in rows) for language in ("en", "nl"))
    return english, dutch
