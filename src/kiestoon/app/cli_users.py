"""``kiestoon user list|add|remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import as_cells, show
from kiestoon.app.cli_places import department_id, location_id
from kiestoon.app.cli_rows import AsJson, OfCompany, add, find, list_of, remove
from kiestoon.company.model import Department, Device, Location, User

user_app = typer.Typer(help="People with an extension.")


@user_app.command("list")
def list_users(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """People and their extensions."""
    cells = as_cells(list_of(context, User, company))
    places = {row.id: row.name for row in list_of(context, Location, company)}
    departments = {row.id: row.name for row in list_of(context, Department, company)}
    for cell in cells:
        cell["location"] = places.get(cell["location_id"], "")
        cell["department"] = departments.get(cell["department_id"], "")
    columns = {
        "id": "id",
        "extension": "extension",
        "name": "name",
        "caller_number": "shows",
        "department": "department",
        "location": "location",
        "email": "email",
    }
    show(cells, columns, as_json=as_json, empty="No people yet.")


@user_app.command("add")
def add_user(
    context: typer.Context,
    extension: str,
    name: str,
    company: OfCompany = "",
    email: str = "",
    caller_number: Annotated[str, typer.Option(help="Number shown to the outside, as +31…")] = "",
    hide_number: Annotated[bool, typer.Option("--hide-number", help="Withhold the number from the outside.")] = False,
    emergency_number: Annotated[str, typer.Option(help="Shown by emergency calls in place of the caller number.")] = "",
    ring_s: Annotated[int, typer.Option(min=5, max=600, help="Seconds the phones ring.")] = 60,
    no_call_waiting: Annotated[bool, typer.Option("--no-call-waiting", help="Busy during a call.")] = False,
    language: Annotated[str, typer.Option(help="What is spoken, if not the company's language.")] = "",
    location: Annotated[str, typer.Option(help="Where the person sits.")] = "",
    department: Annotated[str, typer.Option(help="Whom the person works with.")] = "",
) -> None:
    """Add a person."""
    own = context_of(context)
    company_id = own.company(company).id
    row = User(
        id=0,
        company_id=company_id,
        extension=extension,
        name=name,
        email=email,
        caller_number=caller_number,
        hide_number=hide_number,
        emergency_number=emergency_number,
        ring_s=ring_s,
        call_waiting=not no_call_waiting,
        language=language,
        location_id=location_id(own, company_id, location),
        department_id=department_id(own, company_id, department),
    )
    added = add(own, row)
    typer.echo(f"Added {added.name} on extension {added.extension}.")


@user_app.command("remove")
def remove_user(context: typer.Context, extension: str, company: OfCompany = "") -> None:
    """Take a person away. Phones stay: nobody is logged in on them then, they reach emergency numbers only."""
    own = context_of(context)
    user = find(own, User, own.company(company).id, extension=extension)
    phones = [device.username for device in list_of(context, Device, company) if device.user_id == user.id]
    remove(own, user)
    typer.echo(f"Removed {user.name} on extension {extension}.")
    if phones:
        typer.echo(f"Nobody is logged in any more on: {', '.join(phones)}.")
