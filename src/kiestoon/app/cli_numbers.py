"""``kiestoon number|menu list|add|change|remove``: what is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_extensions import leading_to, say_followers
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import OfCompany, add, add_list, change, find, find_in, given, list_of
from kiestoon.company.model import Menu, Number, User
from kiestoon.company.numbers import plain_number
from kiestoon.operator_error import OperatorError

_OutsideNumber = Annotated[str, typer.Argument(parser=plain_number, metavar="NUMBER")]
number_app = typer.Typer(help="Outside numbers and the extension each reaches.")
menu_app = typer.Typer(help="Menus: a spoken welcome, then callers key in an extension.")
_GREETING = typer.Option(help="Audio file with the welcome; without, a general one is spoken.")
_TIMEOUT_S = typer.Option(min=1, max=60, help="Seconds to wait for a key.")
_FALLBACK = typer.Option(help="Extension for callers who key in nothing.")


def _reached(context: typer.Context, company: str, cells: list[dict[str, Any]]) -> None:
    parties: tuple[User | Menu, ...] = (*list_of(context, User, company), *list_of(context, Menu, company))
    names = {(row.company_id, row.extension): row.name for row in parties}
    for row in cells:
        row["reaches"] = names.get((row["company_id"], row["extension"]), "nobody")


add_list(
    number_app,
    Number,
    "Outside numbers.",
    {"id": "id", "e164": "number", "extension": "extension", "reaches": "reaches"},
    _reached,
)
add_list(
    menu_app,
    Menu,
    "Menus and where callers go who key in nothing.",
    {
        "id": "id",
        "extension": "extension",
        "name": "name",
        "greeting": "greeting",
        "timeout_s": "waits s",
        "fallback_extension": "else to",
    },
)


@number_app.command("add")
def add_number(context: typer.Context, number: _OutsideNumber, extension: str, company: OfCompany = "") -> None:
    """Add an outside number (as +31…) and the extension it reaches."""
    own = context_of(context)
    added = add(own, Number(id=0, company_id=own.company(company).id, e164=number, extension=extension))
    typer.echo(f"Calls to {added.e164} now reach extension {added.extension}.")


@number_app.command("change")
def change_number(context: typer.Context, number: _OutsideNumber, extension: str) -> None:
    """Have an outside number reach another extension of its company."""
    own = context_of(context)
    changed = change(own, find(own, Number, None, e164=number), given(extension=extension))
    typer.echo(f"Calls to {changed.e164} now reach extension {changed.extension}.")


@number_app.command("remove")
def remove_number(context: typer.Context, number: _OutsideNumber, yes: Yes = False) -> None:
    """Take an outside number away; calls to it are refused from then on."""
    own = context_of(context)
    row = find(own, Number, None, e164=number)
    remove(own, row, row.e164, yes=yes)


@menu_app.command("add")
def add_menu(
    context: typer.Context,
    extension: str,
    name: str,
    company: OfCompany = "",
    greeting: Annotated[str, _GREETING] = "",
    timeout_s: Annotated[int, _TIMEOUT_S] = 6,
    fallback: Annotated[str, _FALLBACK] = "",
) -> None:
    """Add a menu."""
    own = context_of(context)
    row = Menu(
        id=0,
        company_id=own.company(company).id,
        extension=extension,
        name=name,
        greeting=greeting and _playable(Path(greeting)),
        timeout_s=timeout_s,
        fallback_extension=fallback,
    )
    added = add(own, row)
    typer.echo(f"Added menu {added.name} on extension {added.extension}.")


@menu_app.command("change")
def change_menu(
    context: typer.Context,
    extension: str,
    company: OfCompany = "",
    new_extension: Annotated[str | None, typer.Option("--extension", help="A new one; its numbers follow.")] = None,
    name: str | None = None,
    greeting: Annotated[str | None, _GREETING] = None,
    timeout_s: Annotated[int | None, _TIMEOUT_S] = None,
    fallback: Annotated[str | None, _FALLBACK] = None,
) -> None:
    """Change a menu in what is given; "" takes its greeting or fallback away."""
    own, menu = find_in(context, Menu, company, extension=extension)
    wanted = given(
        extension=new_extension,
        name=name,
        greeting=greeting and _playable(Path(greeting)),
        timeout_s=timeout_s,
        fallback_extension=fallback,
    )
    followers = leading_to(own, menu.company_id, menu.extension)
    changed = change(own, menu, wanted)
    typer.echo(f"Changed menu {changed.name} on extension {changed.extension}.")
    say_followers(followers, menu.extension, changed.extension)


@menu_app.command("remove")
def remove_menu(context: typer.Context, extension: str, company: OfCompany = "", yes: Yes = False) -> None:
    """Take a menu away. Callers who are in it stay in it."""
    own, menu = find_in(context, Menu, company, extension=extension)
    remove(own, menu, f"menu {menu.name} on extension {menu.extension}", yes=yes)


def _playable(path: Path) -> str:
    """The file's absolute path, once it is known that it can be played."""
    from kiestoon.media.audio.player import UnplayableFile, preload  # noqa: PLC0415 - half a second others don't need

    path = path.absolute()
    try:
        preload(path, 8000)
    except UnplayableFile as problem:
        raise OperatorError(f"{path} cannot be played ({problem})", "Give a WAV, FLAC, Ogg or MP3 file") from None
    return str(path)
