"""``kiestoon company|user|device|trunk|number list|add``."""

from __future__ import annotations

import secrets
from typing import Annotated, TypeVar

import typer

from kiestoon.app.cli_context import CliContext, acting_user, context_of
from kiestoon.app.cli_output import as_cells, show, show_json
from kiestoon.company.model import Company, Device, Menu, Number, Row, Trunk, User
from kiestoon.operator_error import OperatorError

company_app = typer.Typer(help="Companies: each has its own SIP domain, people, phones and numbers.")
user_app = typer.Typer(help="People with an extension.")
device_app = typer.Typer(help="Phones: logins with a generated password.")
trunk_app = typer.Typer(help="Outside lines.")
number_app = typer.Typer(help="Outside numbers and the extension each reaches.")

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
OfCompany = Annotated[str, typer.Option("--company", "-c", help="Domain or name; needed when there are several.")]
RowT = TypeVar("RowT", bound=Row)
_DEVICE_SUFFIX = "abcdefghjkmnpqrstuvwxyz23456789"


def _list(context: typer.Context, row_type: type[RowT], company: str) -> list[RowT]:
    from kiestoon.store.load import list_rows  # noqa: PLC0415 - SQLAlchemy only where it is needed

    own = context_of(context)
    database = own.checked_database()
    return list_rows(database, row_type, own.company(company).id if company else None)


def _add(own: CliContext, row: RowT) -> RowT:
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        added = changes.add(row)
    own.announce_changes()
    return added


@company_app.command("list")
def list_companies(context: typer.Context, as_json: AsJson = False) -> None:
    """Every company."""
    columns = {"id": "id", "name": "name", "domain": "domain", "country": "country", "active": "active"}
    show(as_cells(_list(context, Company, "")), columns, as_json=as_json, empty="No companies yet.")


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
    added = _add(context_of(context), row)
    typer.echo(f"Added company {added.name} ({added.domain}).")


@user_app.command("list")
def list_users(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """People and their extensions."""
    columns = {"id": "id", "extension": "extension", "name": "name", "caller_number": "shows", "email": "email"}
    show(as_cells(_list(context, User, company)), columns, as_json=as_json, empty="No people yet.")


@user_app.command("add")
def add_user(
    context: typer.Context,
    extension: str,
    name: str,
    company: OfCompany = "",
    email: str = "",
    caller_number: Annotated[str, typer.Option(help="Number shown to the outside, as +31…")] = "",
) -> None:
    """Add a person."""
    own = context_of(context)
    row = User(
        id=0,
        company_id=own.company(company).id,
        extension=extension,
        name=name,
        email=email,
        caller_number=caller_number,
    )
    added = _add(own, row)
    typer.echo(f"Added {added.name} on extension {added.extension}.")


@device_app.command("list")
def list_devices(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Phones, without their passwords."""
    users = {user.id: user for user in _list(context, User, company)}
    cells = as_cells(_list(context, Device, company))
    registered = _registered_names(context_of(context))
    for row in cells:
        row["registered"] = "?" if registered is None else "●" if row["username"] in registered else "○"
        user = users.get(row["user_id"])
        row["extension"], row["user"] = (user.extension, user.name) if user else ("", "")
    columns = {
        "id": "id",
        "registered": "",
        "username": "user name",
        "extension": "extension",
        "user": "person",
        "name": "phone",
        "encryption": "encryption",
        "active": "active",
    }
    show(cells, columns, as_json=as_json, empty="No phones yet.")


def _registered_names(own: CliContext) -> frozenset[str] | None:
    """User names of the phones that are registered now; None when no exchange is running to say so."""
    from kiestoon.app.admin_client import ExchangeUnreachableError  # noqa: PLC0415 - as above

    try:
        return frozenset(row["username"] for row in own.ask("registrations"))
    except ExchangeUnreachableError:
        return None


@device_app.command("add")
def add_device(
    context: typer.Context,
    extension: Annotated[str, typer.Argument(help="Extension of the person whose phone it is.")],
    company: OfCompany = "",
    name: Annotated[str, typer.Option(help="What the phone is called.")] = "",
    username: Annotated[str, typer.Option(help="Login; generated when not given.")] = "",
    encryption: Annotated[str, typer.Option(help="company, off, optional or required (TLS and SRTP).")] = "company",
    dtmf: Annotated[str, typer.Option(help="How it sends digits: rfc4733, info or inband.")] = "rfc4733",
    call_limit: Annotated[int, typer.Option(min=1, max=5, help="Calls it takes at once.")] = 2,
    area_code: Annotated[str, typer.Option(help="Where it stands, if not at its user's location.")] = "",
    country: Annotated[str, typer.Option(help="Where it stands, if not in the company's country.")] = "",
    language: Annotated[str, typer.Option(help="What is spoken to it, if not the company's language.")] = "",
    emergency_number: Annotated[str, typer.Option(help="Caller ID of emergency calls when nobody is logged in.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a phone and print its login. The password is shown this once and never again."""
    from kiestoon.store.keys import new_secret  # noqa: PLC0415 - as above

    own = context_of(context)
    owner = own.company(company)
    user = next((user for user in _list(context, User, owner.domain) if user.extension == extension), None)
    if user is None:
        raise OperatorError(f"Nobody in {owner.name} has extension {extension}", "Add the person: kiestoon user add")
    row = Device(
        id=0,
        company_id=owner.id,
        username=username or f"{extension}-{''.join(secrets.choice(_DEVICE_SUFFIX) for _ in range(4))}",
        secret=new_secret(),
        name=name or f"Phone of {user.name}",
        user_id=user.id,
        encryption=encryption,  # type: ignore[arg-type]  # checked where it is written
        dtmf=dtmf,  # type: ignore[arg-type]  # as above
        call_limit=call_limit,
        area_code=area_code,
        country=country.upper(),
        language=language,
        emergency_number=emergency_number,
    )
    added = _add(own, row)
    login = {"server": owner.domain, "user": added.username, "password": row.secret}
    if as_json:
        show_json(login)
        return
    typer.echo(f"Added {added.name}. Its login, shown this once:")
    for label, value in login.items():
        typer.echo(f"  {label + ':':10}{value}")


@trunk_app.command("list")
def list_trunks(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Outside lines, without their passwords."""
    columns = {
        "id": "id",
        "name": "name",
        "kind": "kind",
        "host": "host",
        "transport": "transport",
        "sources": "sources",
        "priority": "priority",
        "active": "active",
    }
    show(as_cells(_list(context, Trunk, company)), columns, as_json=as_json, empty="No outside lines yet.")


@trunk_app.command("add")
def add_trunk(
    context: typer.Context,
    name: str,
    host: Annotated[str, typer.Option(help="The provider's host name or address.")],
    company: Annotated[str, typer.Option("--company", "-c", help="Whose line; all companies' when not given.")] = "",
    port: int = 0,
    transport: Annotated[str, typer.Option(help="udp, tcp or tls.")] = "udp",
    username: Annotated[str, typer.Option(help="Log in at the provider with this name; the password is asked.")] = "",
    source: Annotated[list[str] | None, typer.Option(help="Address or range the provider sends from.")] = None,
    priority: Annotated[int, typer.Option(help="Lower is tried first.")] = 10,
    number_format: Annotated[str, typer.Option(help="e164, plus or national.")] = "plus",
) -> None:
    """Add an outside line: one that logs in (--username) or one known by its address (--source)."""
    own = context_of(context)
    secret = typer.prompt("Password at the provider", hide_input=True) if username else ""
    row = Trunk(
        id=0,
        name=name,
        kind="register" if username else "peer",
        host=host,
        company_id=own.company(company).id if company else None,
        port=port,
        transport=transport,  # type: ignore[arg-type]  # checked where it is written
        username=username,
        secret=secret,
        sources=tuple(source or ()),
        priority=priority,
        number_format=number_format,  # type: ignore[arg-type]  # as above
    )
    typer.echo(f"Added outside line {_add(own, row).name}.")


@number_app.command("list")
def list_numbers(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Outside numbers."""
    parties: tuple[User | Menu, ...] = (*_list(context, User, company), *_list(context, Menu, company))
    reached = {(row.company_id, row.extension): row.name for row in parties}
    cells = as_cells(_list(context, Number, company))
    for row in cells:
        row["reaches"] = reached.get((row["company_id"], row["extension"]), "nobody")
    columns = {"id": "id", "e164": "number", "extension": "extension", "reaches": "reaches"}
    show(cells, columns, as_json=as_json, empty="No numbers yet.")


@number_app.command("add")
def add_number(context: typer.Context, number: str, extension: str, company: OfCompany = "") -> None:
    """Add an outside number (as +31…) and the extension it reaches."""
    own = context_of(context)
    added = _add(own, Number(id=0, company_id=own.company(company).id, e164=number, extension=extension))
    typer.echo(f"Calls to {added.e164} now reach extension {added.extension}.")
