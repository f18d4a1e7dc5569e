"""``kiestoon company list|add``."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import as_cells, show
from kiestoon.app.cli_rows import AsJson, add, list_of
from kiestoon.company.model import Company

company_app = typer.Typer(help="Companies: each has its own SIP domain, people, phones and numbers.")


@company_app.command("list")
def list_companies(context: typer.Context, as_json: AsJson = False) -> None:
    """Every company."""
    columns = {"id": "id", "name": "name", "domain": "domain", "country": "country", "active": "active"}
    show(as_cells(list_of(context, Company, "")), columns, as_json=as_json, empty="No companies yet.")


@company_app.command("add")
def add_company(
    context: typer.Context,
    name: str,
    domain: Annotated[str, typer.Option(help="SIP domain its phones register under, e.g. phones.example.org.")],
    country: str = "NL",
    area_code: Annotated[str, typer.Option(help="Completes local numbers, e.g. 020.")] = "",
    access_code: Annotated[str, typer.Option(help='Dialled before an outside number; "" = none.')] = "0",
    emergency_number: Annotated[str, typer.Option(help="Caller ID of emergency calls as a last resort.")] = "",
    encryption: Annotated[
        str, typer.Option(help="off, optional or required (TLS and SRTP), for all phones.")
    ] = "optional",
) -> None:
    """Add a company."""
    row = Company(
        id=0,
        name=name,
        domain=domain.lower(),
        country=country.upper(),
        area_code=area_code,
        access_code=access_code,
        emergency_number=emergency_number,
        encryption=encryption,  # type: ignore[arg-type]  # checked where it is written
    )
    added = add(context_of(context), row)
    typer.echo(f"Added company {added.name} ({added.domain}).")
