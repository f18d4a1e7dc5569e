"""``kiestoon device list|add|change|remove``."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from kiestoon.app.cli_context import CliContext, context_of
from kiestoon.app.cli_output import show_json
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import AsJson, OfCompany, add, add_list, change, find, find_in, given, list_of
from kiestoon.company.model import Company, Device, User
from kiestoon.company.numbers import plain_number
from kiestoon.operator_error import OperatorError

device_app = typer.Typer(help="Phones: logins with a generated password.")
_DEVICE_SUFFIX = "abcdefghjkmnpqrstuvwxyz23456789"
_NAME = typer.Option(help="What the phone is called.")
_ENCRYPTION = typer.Option(help="company, off, optional or required (TLS and SRTP).")
_DTMF = typer.Option(help="How it sends digits: rfc4733, info or inband.")
_CALL_LIMIT = typer.Option(min=1, max=5, help="Calls it takes at once.")
_AREA_CODE = typer.Option(help="Where it stands, if not at its user's location.")
_COUNTRY = typer.Option(help="Where it stands, if not in the company's country.")
_LANGUAGE = typer.Option(help="What is spoken to it, if not the company's language.")
_WAITING_BEEP = typer.Option(help="A tone in calls when another one rings, for phones that give none themselves.")
_EMERGENCY_NUMBER = typer.Option(
    parser=plain_number,
    metavar="NUMBER",
    help="Caller ID of emergency calls when nobody, or a guest, is logged in.",
)
_HOT_DESK = typer.Option(help="Others may log in on it; whose phone it is is logged in otherwise.")


def _owned(context: typer.Context, company: str, cells: list[dict[str, Any]]) -> None:
    users = {user.id: user for user in list_of(context, User, company)}
    registered = _registered_names(context_of(context))
    for row in cells:
        row["registered"] = "?" if registered is None else "●" if row["username"] in registered else "○"
        guest = row["logged_in_user_id"]
        user = users.get(row["user_id"] if guest is None else guest)
        row["extension"], row["user"] = (user.extension, user.name) if user else ("", "")
        row["login"] = _login(row)


def _login(row: dict[str, Any]) -> str:
    """How whoever is on the phone came there."""
    if row["logged_in_user_id"] is not None:
        return "logged in"
    if row["user_id"] is None:
        return "nobody"
    return "automatic" if row["hot_desk"] else "bound"


add_list(
    device_app,
    Device,
    "Phones, without their passwords.",
    {
        "id": "id",
        "registered": "",
        "username": "user name",
        "extension": "extension",
        "user": "person",
        "login": "login",
        "name": "phone",
        "encryption": "encryption",
        "active": "active",
    },
    _owned,
)


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
    extension: Annotated[str, typer.Argument(help='Extension of the person whose phone it is; "" = a hot desk.')],
    company: OfCompany = "",
    name: Annotated[str, _NAME] = "",
    hot_desk: Annotated[bool, _HOT_DESK] = False,
    username: Annotated[str, typer.Option(help="Login; generated when not given.")] = "",
    encryption: Annotated[str, _ENCRYPTION] = "company",
    dtmf: Annotated[str, _DTMF] = "rfc4733",
    call_limit: Annotated[int, _CALL_LIMIT] = 2,
    area_code: Annotated[str, _AREA_CODE] = "",
    country: Annotated[str, _COUNTRY] = "",
    language: Annotated[str, _LANGUAGE] = "",
    emergency_number: Annotated[str, _EMERGENCY_NUMBER] = "",
    waiting_beep: Annotated[bool, _WAITING_BEEP] = False,
    as_json: AsJson = False,
) -> None:
    """Add a phone and print its login. The password is shown this once and never again."""
    from kiestoon.store.keys import new_secret  # noqa: PLC0415 - as above

    own = context_of(context)
    owner = own.company(company)
    user = _person(context, owner, extension) if extension else None
    row = Device(
        id=0,
        company_id=owner.id,
        username=username or f"{extension or 'desk'}-{''.join(secrets.choice(_DEVICE_SUFFIX) for _ in range(4))}",
        secret=new_secret(),
        name=name or (f"Phone of {user.name}" if user is not None else "Hot desk"),
        user_id=user.id if user is not None else None,
        hot_desk=hot_desk,
        encryption=encryption,  # type: ignore[arg-type]  # checked where it is written
        dtmf=dtmf,  # type: ignore[arg-type]  # as above
        call_limit=call_limit,
        area_code=area_code,
        country=country.upper(),
        language=language,
        emergency_number=emergency_number,
        waiting_beep=waiting_beep,
    )
    added = add(own, row)
    _show_login(f"Added {added.name}.", owner.domain, added.username, row.secret, as_json)


@device_app.command("set", hidden=True)  # its name in 0.1
@device_app.command("change")
def change_device(
    context: typer.Context,
    username: str,
    company: OfCompany = "",
    extension: Annotated[str | None, typer.Option(help='Whose phone it is from now on; "" = nobody\'s.')] = None,
    name: Annotated[str | None, _NAME] = None,
    hot_desk: Annotated[bool | None, _HOT_DESK] = None,
    active: Annotated[bool | None, typer.Option(help="Whether it may register and call.")] = None,
    encryption: Annotated[str | None, _ENCRYPTION] = None,
    dtmf: Annotated[str | None, _DTMF] = None,
    call_limit: Annotated[int | None, _CALL_LIMIT] = None,
    area_code: Annotated[str | None, _AREA_CODE] = None,
    country: Annotated[str | None, _COUNTRY] = None,
    language: Annotated[str | None, _LANGUAGE] = None,
    emergency_number: Annotated[str | None, _EMERGENCY_NUMBER] = None,
    waiting_beep: Annotated[bool | None, _WAITING_BEEP] = None,
    new_password: Annotated[bool, typer.Option("--new-password", help="Make one; the old one ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change a phone in what is given. A new password is shown this once and never again."""
    from kiestoon.store.keys import new_secret  # noqa: PLC0415 - as above

    own = context_of(context)
    owner = own.company(company)
    device = find(own, Device, owner.id, username=username)
    secret = new_secret() if new_password else None
    wanted = given(
        name=name,
        hot_desk=hot_desk,
        active=active,
        encryption=encryption,
        dtmf=dtmf,
        call_limit=call_limit,
        area_code=area_code,
        country=country and country.upper(),
        language=language,
        emergency_number=emergency_number,
        waiting_beep=waiting_beep,
        secret=secret,
    )
    if extension is not None:
        wanted["user_id"] = _person(context, owner, extension).id if extension else None
    changed = change(own, device, wanted)
    what = f"Changed {changed.name or changed.username}."
    if secret is None:
        typer.echo(what)
        return
    _forget(own, device)
    _show_login(what, owner.domain, changed.username, secret, as_json)


@device_app.command("log-in")
def log_in(context: typer.Context, username: str, extension: str, company: OfCompany = "") -> None:
    """Log somebody in on a hot desk, in place of whoever is there."""
    own = context_of(context)
    owner = own.company(company)
    device = find(own, Device, owner.id, username=username)
    person = _person(context, owner, extension)
    change(own, device, {"logged_in_user_id": None if device.user_id == person.id else person.id})
    typer.echo(f"{person.name} is logged in on {device.name or device.username}.")


@device_app.command("log-out")
def log_out(context: typer.Context, username: str, company: OfCompany = "") -> None:
    """Log out whoever has logged in on a phone."""
    own, device = find_in(context, Device, company, username=username)
    if device.logged_in_user_id is None:
        raise OperatorError(f"Nobody has logged in on {device.name or device.username}", "See: kiestoon device list")
    change(own, device, {"logged_in_user_id": None})
    typer.echo(f"Nobody is logged in by code on {device.name or device.username} any more.")


@device_app.command("remove")
def remove_device(context: typer.Context, username: str, company: OfCompany = "", yes: Yes = False) -> None:
    """Take a phone away: its login ends."""
    own, device = find_in(context, Device, company, username=username)
    remove(own, device, device.name or device.username, yes=yes)


def _person(context: typer.Context, company: Company, extension: str) -> User:
    for user in list_of(context, User, company.domain):
        if user.extension == extension:
            return user
    raise OperatorError(f"Nobody in {company.name} has extension {extension}", "Add the person: kiestoon user add")


def _forget(own: CliContext, device: Device) -> None:
    """Whoever registered with the old password is not to be called any more."""
    from kiestoon.app.admin_client import CommandRefusedError, ExchangeUnreachableError  # noqa: PLC0415 - as above

    try:
        own.ask("forget_device", device_id=device.id)
    except (CommandRefusedError, ExchangeUnreachableError):
        typer.echo("The phone's registrations stay until they expire.", err=True)


def _show_login(what: str, server: str, user: str, password: str, as_json: bool) -> None:
    login = {"server": server, "user": user, "password": password}
    if as_json:
        show_json(login)
        return
    typer.echo(f"{what} Its login, shown this once:")
    for label, value in login.items():
        typer.echo(f"  {label + ':':10}{value}")
