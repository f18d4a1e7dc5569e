"""``kiestoon location|department list|add|change|remove``: how a company is divided."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import OfCompany, add, add_list, change, find_in, given, link_ids
from kiestoon.company.model import Department, Location

location_app = typer.Typer(help="Locations of a company: the area code completes numbers and tells emergency centres.")
department_app = typer.Typer(help="Departments of a company.")
_NAMED = typer.Argument(help="Its name, or # and its id.")
_AREA_CODE = typer.Option(help="Completes local numbers, e.g. 020; the company's if empty.")
_TIMEZONE = typer.Option(help="As in Europe/Amsterdam.")
_LOCATION = typer.Option(help="Where it is.")
_PART_OF = typer.Option(help="The department it belongs to.")

add_list(
    location_app,
    Location,
    "Locations.",
    {"id": "id", "name": "name", "area_code": "area code", "timezone": "time zone"},
)
add_list(
    department_app,
    Department,
    "Departments.",
    {"id": "id", "name": "name", "location": "location", "part_of": "part of"},
)


@location_app.command("add")
def add_location(
    context: typer.Context,
    name: str,
    company: OfCompany = "",
    area_code: Annotated[str, _AREA_CODE] = "",
    timezone: Annotated[str, _TIMEZONE] = "Europe/Amsterdam",
) -> None:
    """Add a location."""
    own = context_of(context)
    company_id = own.company(company).id
    added = add(own, Location(id=0, company_id=company_id, name=name, area_code=area_code, timezone=timezone))
    typer.echo(f"Added location {added.name}.")


@location_app.command("change")
def change_location(
    context: typer.Context,
    location: Annotated[str, _NAMED],
    company: OfCompany = "",
    name: str | None = None,
    area_code: Annotated[str | None, _AREA_CODE] = None,
    timezone: Annotated[str | None, _TIMEZONE] = None,
) -> None:
    """Change a location in what is given."""
    own, row = find_in(context, Location, company, name=location)
    changed = change(own, row, given(name=name, area_code=area_code, timezone=timezone))
    typer.echo(f"Changed location {changed.name}.")


@location_app.command("remove")
def remove_location(
    context: typer.Context, location: Annotated[str, _NAMED], company: OfCompany = "", yes: Yes = False
) -> None:
    """Take a location away. Who was there has none then: the company's area code counts."""
    own, row = find_in(context, Location, company, name=location)
    remove(own, row, f"location {row.name}", yes=yes)


@department_app.command("add")
def add_department(
    context: typer.Context,
    name: str,
    company: OfCompany = "",
    location: Annotated[str, _LOCATION] = "",
    part_of: Annotated[str, _PART_OF] = "",
) -> None:
    """Add a department."""
    own = context_of(context)
    company_id = own.company(company).id
    links = link_ids(own, company_id, location=location, part_of=part_of)
    typer.echo(f"Added department {add(own, Department(id=0, company_id=company_id, name=name, **links)).name}.")


@department_app.command("change")
def change_department(
    context: typer.Context,
    department: Annotated[str, _NAMED],
    company: OfCompany = "",
    name: str | None = None,
    location: Annotated[str | None, _LOCATION] = None,
    part_of: Annotated[str | None, _PART_OF] = None,
) -> None:
    """Change a department in what is given; "" takes it out of its location, or out of the department it belongs to."""
    own, row = find_in(context, Department, company, name=department)
    links = link_ids(own, row.company_id, location=location, part_of=part_of)
    typer.echo(f"Changed department {change(own, row, given(name=name) | links).name}.")


@department_app.command("remove")
def remove_department(
    context: typer.Context, department: Annotated[str, _NAMED], company: OfCompany = "", yes: Yes = False
) -> None:
    """Take a department away. Its people stay, and the departments in it."""
    own, row = find_in(context, Department, company, name=department)
    remove(own, row, f"department {row.name}", yes=yes)
