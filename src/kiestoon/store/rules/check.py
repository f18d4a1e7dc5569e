"""All rules over one row, and the sentence that says which it broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from kiestoon.company.model import BY_ROW, ENTITIES, Company, Entity, NumberScheme, Row
from kiestoon.store.columns import fields_of
from kiestoon.store.errors import ConflictError, InvalidRowError
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.generic import check_extension, check_references, check_unique, check_values
from kiestoon.store.rules.peek import Peek, describe, named
from kiestoon.store.rules.registry import CHECKS
from kiestoon.store.tables import TABLES

_CONFLICTS = frozenset(
    {
        "main_scheme",
        "extension_taken",
        "taken",
        "code_clash",
        "overlap",
        "in_use",
        "changed_meanwhile",
        "gone",
        "service_not_assigned",
        "licences_used",
        "licences_used_at",
        "licences_below_use",
        "pack_elsewhere",
        "pack_stays_behind",
        "logged_in_here",
        "phone_bound",
        "logged_in_elsewhere",
    }
)
_NAMED_USERS = 3


def check_row(connection: Connection, row: Row) -> None:
    """Raise ``InvalidRowError`` when the row breaks a rule of its own or points into another company."""
    problems = tuple(_problems(connection, row))
    if problems:
        raise refusal(row, problems)


def _problems(connection: Connection, row: Row) -> Iterator[Problem]:
    wrong = list(check_values(row))
    yield from wrong
    if wrong:
        return  # the rules below may count on values of the right kind
    peek = Peek(connection, company_of(row))
    for check in CHECKS.get(type(row), ()):
        yield from check(row, peek)
    if BY_ROW[type(row)].has_extension:
        yield from check_extension(row, peek)
    yield from check_references(row, peek)
    yield from check_unique(row, peek)


def company_of(row: Row) -> int | None:
    """Whose row it is; None for the installation's own."""
    return (row.id or None) if isinstance(row, Company) else getattr(row, "company_id", None)


def refusal(row: Row, problems: tuple[Problem, ...], verb: str = "written") -> InvalidRowError:
    """The error for a row with these problems, told by the first of them."""
    first = problems[0]
    kind = ConflictError if first.code in _CONFLICTS else InvalidRowError
    return kind(f"The {describe(row)} was not {verb}: {first.text()}", first.advice(), problems)


def check_removal(connection: Connection, row: Row) -> None:
    """Raise ``ConflictError`` naming what still uses the row."""
    if isinstance(row, NumberScheme) and row.is_main:
        raise refusal(row, (problem("", "main_scheme"),), "removed")
    if isinstance(row, Company):
        return
    users = list(_users_of(connection, row))
    if users:
        english, dutch = named(*users[:_NAMED_USERS], peek=Peek(connection, company_of(row)))
        more = len(users) - _NAMED_USERS
        if more > 0:
            english, dutch = f"{english} and {more} more", f"{dutch} en nog {more}"
        raise refusal(row, (problem("", "in_use", users=(english, dutch)),), "removed")


def _users_of(connection: Connection, row: Row) -> Iterator[Row]:
    """Rows that refer to this one and would be left without it."""
    peek = Peek(connection, company_of(row))
    number = getattr(row, "extension", "") if BY_ROW[type(row)].has_extension else ""
    for entity in ENTITIES:
        for column, value in _holding(entity, row, number):
            yield from (user for user in peek.find(entity.row, **{column: value}) if user != row)


def _holding(entity: Entity, row: Row, number: str) -> Iterable[tuple[str, int | str]]:
    """Columns of an entity that keep the row from going, and what they hold then."""
    table = TABLES[type(row)].name
    for field in fields_of(entity):
        meta = field.meta
        if meta.get("refers") == table and meta["gone"] == "restrict":
            yield field.name, row.id
        elif number and meta.get("extension") == "restrict":
            yield field.name, number
        elif number and field.shape == "destination":
            yield f"{field.name}_extension", number
