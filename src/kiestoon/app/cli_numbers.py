"""``kiestoon number list|add|remove`` and ``kiestoon menu list|add``: what is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import as_cells, show
from kiestoon.app.cli_rows import AsJson, OfCompany, add, find, list_of, remove
from kiestoon.company.model import Menu, Number, User
from kiestoon.operator_error import OperatorError

number_app = typer.Typer(help="Outside numbers and the extension each reaches.")
menu_app = typer.Typer(help="Menus: a spoken welcome, then callers key in an extension.")


@number_app.command("list")
def list_numbers(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Outside numbers."""
    parties: tuple[User | Menu, ...] = (*list_of(context, User, company), *list_of(context, Menu, company))
    reached = {(row.company_id, row.extension): row.name for row in parties}
    cells = as_cells(list_of(context, Number, company))
    for row in cells:
        row["reaches"] = reached.get((row["company_id"], row["extension"]), "nobody")
    columns = {"id": "id", "e164": "number", "extension": "extension", "reaches": "reaches"}
    show(cells, columns, as_json=as_json, empty="No numbers yet.")


@number_app.command("add")
def add_number(context: typer.Context, number: str, extension: str, company: OfCompany = "") -> None:
    """Add an outside number (as +31…) and the extension it reaches."""
    own = context_of(context)
    added = add(own, Number(id=0, company_id=own.company(company).id, e164=number, extension=extension))
    typer.echo(f"Calls to {added.e164} now reach extension {added.extension}.")


@number_app.command("remove")
def remove_number(context: typer.Context, number: str) -> None:
    """Take an outside number away; calls to it are refused from then on."""
    own = context_of(context)
    remove(own, find(own, Number, None, e164=number))
    typer.echo(f"Removed {number}.")


@menu_app.command("list")
def list_menus(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Menus and where callers go who key in nothing."""
    columns = {
        "id": "id",
        "extension": "extension",
        "name": "name",
        "greeting": "greeting",
        "timeout_s": "waits s",
        "fallback_extension": "else to",
    }
    show(as_cells(list_of(context, Menu, company)), columns, as_json=as_json, empty="No menus yet.")


@menu_app.command("add")
def add_menu(
    context: typer.Context,
    extension: str,
    name: str,
    company: OfCompany = "",
    greeting: Annotated[
        Path | None, typer.Option(help="Audio file with the welcome; without, a general one is spoken.")
    ] = None,
    timeout_s: Annotated[int, typer.Option(min=1, max=60, help="Seconds to wait for a key.")] = 6,
    fallback: Annotated[str, typer.Option(help="Extension for callers who key in nothing.")] = "",
) -> None:
    """Add a menu."""
    own = context_of(context)
    row = Menu(
        id=0,
        company_id=own.company(company).id,
        extension=extension,
        name=name,
        greeting=_playable(greeting) if greeting is not None else "",
        timeout_s=timeout_s,
        fallback_extension=fallback,
    )
    added = add(own, row)
    typer.echo(f"Added menu {added.name} on extension {added.extension}.")


def _playable(path: Path) -> str:
    """The file's absolute path, once it is known that it can be played."""
    from kiestoon.media.audio.player import UnplayableFile, preload  # noqa: PLC0415 - half a second others don't need

    path = path.absolute()
    try:
        preload(path, 8000)
    except UnplayableFile as problem:
        raise OperatorError(f"{path} cannot be played ({problem})", "Give a WAV, FLAC, Ogg or MP3 file") from None
    return str(path)
