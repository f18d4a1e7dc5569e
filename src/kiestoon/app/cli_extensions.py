"""What leads to an extension: outside numbers and menus name it, and follow a person or menu that gets another one."""

from __future__ import annotations

import msgspec
import typer

from kiestoon.app.cli_context import CliContext
from kiestoon.company.model import Menu, Number, User


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


def following(own: CliContext, row: User | Menu, extension: str | None) -> list[Number | Menu]:
    """What leads to a person or menu, leading to their new ``extension``; nothing when that is None or the old one."""
    if extension in (None, row.extension):
        return []
    return [
        msgspec.structs.replace(each, **{"extension" if isinstance(each, Number) else "fallback_extension": extension})
        for each in leading_to(own, row.company_id, row.extension)
    ]


def say_followers(followers: list[Number | Menu], extension: str) -> None:
    """Tell which numbers and menus have followed."""
    if followers:
        typer.echo(f"Now leading to {extension}: {', '.join(names_of(followers))}.")
