"""What leads to an extension: outside numbers and menus name it, and follow a person or menu that gets another one."""

from __future__ import annotations

import typer

from kiestoon.app.cli_context import CliContext
from kiestoon.company.model import Menu, Number


def leading_to(own: CliContext, company_id: int, extension: str) -> list[Number | Menu]:
    """Numbers that reach an extension, and menus that put their silent callers through to it."""
    from kiestoon.store.load import list_rows  # noqa: PLC0415 - SQLAlchemy only where it is needed

    numbers = list_rows(own.checked_database(), Number, company_id)
    menus = list_rows(own.database, Menu, company_id)
    return [
        *(number for number in numbers if number.extension == extension),
        *(menu for menu in menus if menu.fallback_extension == extension and menu.extension != extension),
    ]


def names_of(rows: list[Number | Menu]) -> list[str]:
    """Each as an operator names it."""
    return [row.e164 if isinstance(row, Number) else f"menu {row.name}" for row in rows]


def say_followers(followers: list[Number | Menu], old: str, new: str) -> None:
    """Tell which numbers and menus have followed a person or menu from one extension to another."""
    if followers and old != new:
        typer.echo(f"Now leading to {new}: {', '.join(names_of(followers))}.")
