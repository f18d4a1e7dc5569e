"""``kiestoon company list|add|change|remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import acting_user, context_of
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import AsJson, cells_of, change, given, list_of, show_rows
from kiestoon.company.code_presets import DEFAULT_PRESET, PRESETS
from kiestoon.company.model import Company, Device
from kiestoon.company.numbers import plain_number
from kiestoon.operator_error import OperatorError

company_app = typer.Typer(help="Companies: each has its own SIP domain, people, phones and numbers.")
_NAMED = typer.Argument(help="Its domain or name.")
_DOMAIN = typer.Option(help="SIP domain its phones register under, e.g. phones.example.org.")
_AREA_CODE = typer.Option(help="Completes local numbers, e.g. 020.")
_ACCESS_CODE = typer.Option(help='Dialled before an outside number; "" = none.')
_EMERGENCY_NUMBER = typer.Option(
    parser=plain_number, metavar="NUMBER", help="Caller ID of emergency calls as a last resort."
)
_CODES = typer.Option(help=f"Feature codes to start with: {', '.join(PRESETS)}.")
_ENCRYPTION = typer.Option(help="off, optional or required (TLS and SRTP), for all phones.")


@company_app.command("list")
def list_companies(context: typer.Context, as_json: AsJson = False) -> None:
    """Every company."""
    columns = {"id": "id", "name": "name", "domain": "domain", "country": "country", "active": "active"}
    show_rows(Company, cells_of(context, Company, ""), columns, as_json=as_json)


@company_app.command("add")
def add_company(
    context: typer.Context,
    name: str,
    domain: Annotated[str, _DOMAIN],
    country: str = "NL",
    area_code: Annotated[str, _AREA_CODE] = "",
    access_code: Annotated[str, _ACCESS_CODE] = "0",
    emergency_number: Annotated[str, _EMERGENCY_NUMBER] = "",
    encryption: Annotated[str, _ENCRYPTION] = "optional",
    codes: Annotated[str, _CODES] = DEFAULT_PRESET,
) -> None:
    """Add a company."""
    from kiestoon.store.new_company import furnish  # noqa: PLC0415 - SQLAlchemy only where it is needed
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    preset = next((name for name in PRESETS if name == codes), None)
    if preset is None:
        raise OperatorError(f"There are no codes {codes}", f"Choose from {', '.join(PRESETS)}")
    own = context_of(context)
    own.checked_database()
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
    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        added = changes.add(row)
        furnish(changes, added, preset)
    own.announce_changes()
    typer.echo(f"Added company {added.name} ({added.domain}).")


@company_app.command("change")
def change_company(
    context: typer.Context,
    company: Annotated[str, _NAMED],
    name: str | None = None,
    domain: Annotated[str | None, _DOMAIN] = None,
    country: str | None = None,
    area_code: Annotated[str | None, _AREA_CODE] = None,
    access_code: Annotated[str | None, _ACCESS_CODE] = None,
    emergency_number: Annotated[str | None, _EMERGENCY_NUMBER] = None,
    encryption: Annotated[str | None, _ENCRYPTION] = None,
    ip_listing: Annotated[bool | None, typer.Option(help="Calls outside from new addresses need a login.")] = None,
    active: Annotated[bool | None, typer.Option(help="Whether its phones may register and call.")] = None,
) -> None:
    """Change a company in what is given."""
    own = context_of(context)
    before = own.company(company)
    wanted = given(
        name=name,
        domain=domain and domain.lower(),
        country=country and country.upper(),
        area_code=area_code,
        access_code=access_code,
        emergency_number=emergency_number,
        encryption=encryption,
        ip_listing=ip_listing,
        active=active,
    )
    after = change(own, before, wanted)
    typer.echo(f"Changed company {after.name} ({after.domain}).")
    if after.domain != before.domain and list_of(context, Device, after.domain):
        typer.echo(f"Its phones must register under {after.domain} from now on: change the server in each.")


@company_app.command("remove")
def remove_company(context: typer.Context, company: Annotated[str, _NAMED], yes: Yes = False) -> None:
    """Take a company away with all that is its own. Records of its calls are kept; calls that go on are not ended."""
    own = context_of(context)
    row = own.company(company)
    remove(own, row, f"company {row.name} ({row.domain})", yes=yes)
