"""``kiestoon location list|add`` and ``kiestoon department list|add``: how a company is divided."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import CliContext, context_of
from kiestoon.app.cli_output import as_cells, show
from kiestoon.app.cli_rows import AsJson, OfCompany, add, find, list_of
from kiestoon.company.model import Department, Location

location_app = typer.Typer(help="Locations of a company: the area code completes numbers and tells emergency centres.")
department_app = typer.Typer(help="Departments of a company.")


@location_app.command("list")
def list_locations(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Locations."""
    columns = {"id": "id", "name": "name", "area_code": "area code", "timezone": "time zone"}
    show(as_cells(list_of(context, Location, company)), columns, as_json=as_json, empty="No locations yet.")


@location_app.command("add")
def add_location(
    context: typer.Context,
    name: str,
    company: OfCompany = "",
    area_code: Annotated[str, typer.Option(help="Completes local numbers, e.g. 020; the company's if empty.")] = "",
    timezone: Annotated[str, typer.Option(help="As in Europe/Amsterdam.")] = "Europe/Amsterdam",
) -> None:
    """Add a location."""
    own = context_of(context)
    company_id = own.company(company).id
    added = add(own, Location(id=0, company_id=company_id, name=name, area_code=area_code, timezone=timezone))
    typer.echo(f"Added location {added.name}.")


@department_app.command("list")
def list_departments(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Departments."""
    places = {row.id: row.name for row in list_of(context, Location, company)}
    rows = list_of(context, Department, company)
    names = {row.id: row.name for row in rows}
    cells = as_cells(rows)
    for row in cells:
        row["location"], row["part_of"] = places.get(row["location_id"], ""), names.get(row["parent_id"], "")
    columns = {"id": "id", "name": "name", "location": "location", "part_of": "part of"}
    show(cells, columns, as_json=as_json, empty="No departments yet.")


@department_app.command("add")
def add_department(
    context: typer.Context,
    name: str,
    company: OfCompany = "",
    location: Annotated[str, typer.Option(help="Where it is.")] = "",
    part_of: Annotated[str, typer.Option(help="The department it belongs to.")] = "",
) -> None:
    """Add a department."""
    own = context_of(context)
    company_id = own.company(company).id
    row = Department(
        id=0,
        company_id=company_id,
        name=name,
        location_id=location_id(own, company_id, location),
        parent_id=department_id(own, company_id, part_of),
    )
    typer.echo(f"Added department {add(own, row).name}.")


def location_id(own: CliContext, company_id: int, name: str) -> int | None:
    """The location named, None for ""; raises ``OperatorError``."""
    return find(own, Location, company_id, name=name).id if name else None


def department_id(own: CliContext, company_id: int, name: str) -> int | None:
    """The department named, None for ""; raises ``OperatorError``."""
    return find(own, Department, company_id, name=name).id if name else None
