"""``kiestoon user list|add|change|remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_extensions import leading_to, say_followers
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import OfCompany, add, add_list, change, find_in, given, link_ids, list_of
from kiestoon.company.desks import holder_of
from kiestoon.company.model import Device, User
from kiestoon.company.numbers import plain_number

user_app = typer.Typer(help="People with an extension.")
_CALLER_NUMBER = typer.Option(parser=plain_number, metavar="NUMBER", help="Number shown to the outside, as +31…")
_HIDE_NUMBER = typer.Option(help="Withhold the number from the outside.")
_AREA_CODE = typer.Option(help="Where the person usually is, as 020: completes local numbers; else the location's.")
_EMERGENCY_NUMBER = typer.Option(
    parser=plain_number, metavar="NUMBER", help="Shown by emergency calls in place of the caller number."
)
_RING_S = typer.Option(min=5, max=600, help="Seconds the phones ring.")
_TWINNING = typer.Option(help="May be logged in on two desk phones at once.")
_CALL_WAITING = typer.Option(help="Offered a second call during the first, or busy.")
_PROFILE = typer.Option(help="Which phones and numbers the person has: fixed, mobile, flex or combi.")
_MOBILE = typer.Option(parser=plain_number, metavar="NUMBER", help="The person's mobile, as +31…; see --profile.")
_LANGUAGE = typer.Option(help="What is spoken, if not the company's language.")
_LOCATION = typer.Option(help="Where the person sits.")
_DEPARTMENT = typer.Option(help="Whom the person works with.")

add_list(
    user_app,
    User,
    "People and their extensions.",
    {
        "id": "id",
        "extension": "extension",
        "name": "name",
        "caller_number": "shows",
        "department": "department",
        "location": "location",
        "email": "email",
    },
)


@user_app.command("add")
def add_user(
    context: typer.Context,
    extension: str,
    name: str,
    company: OfCompany = "",
    email: str = "",
    caller_number: Annotated[str, _CALLER_NUMBER] = "",
    hide_number: Annotated[bool, _HIDE_NUMBER] = False,
    emergency_number: Annotated[str, _EMERGENCY_NUMBER] = "",
    area_code: Annotated[str, _AREA_CODE] = "",
    ring_s: Annotated[int, _RING_S] = 60,
    call_waiting: Annotated[bool, _CALL_WAITING] = True,
    twinning: Annotated[bool, _TWINNING] = False,
    profile: Annotated[str, _PROFILE] = "fixed",
    mobile: Annotated[str, _MOBILE] = "",
    language: Annotated[str, _LANGUAGE] = "",
    location: Annotated[str, _LOCATION] = "",
    department: Annotated[str, _DEPARTMENT] = "",
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
        area_code=area_code,
        ring_s=ring_s,
        call_waiting=call_waiting,
        twinning=twinning,
        profile=profile,  # type: ignore[arg-type]  # the store checks it, and lists the choices
        mobile_number=mobile,
        language=language,
        **link_ids(own, company_id, location=location, department=department),
    )
    added = add(own, row)
    typer.echo(f"Added {added.name} on extension {added.extension}.")


@user_app.command("change")
def change_user(
    context: typer.Context,
    extension: str,
    company: OfCompany = "",
    new_extension: Annotated[str | None, typer.Option("--extension", help="A new one; its numbers follow.")] = None,
    name: str | None = None,
    email: str | None = None,
    caller_number: Annotated[str | None, _CALLER_NUMBER] = None,
    hide_number: Annotated[bool | None, _HIDE_NUMBER] = None,
    emergency_number: Annotated[str | None, _EMERGENCY_NUMBER] = None,
    area_code: Annotated[str | None, _AREA_CODE] = None,
    ring_s: Annotated[int | None, _RING_S] = None,
    call_waiting: Annotated[bool | None, _CALL_WAITING] = None,
    twinning: Annotated[bool | None, _TWINNING] = None,
    profile: Annotated[str | None, _PROFILE] = None,
    mobile: Annotated[str | None, _MOBILE] = None,
    language: Annotated[str | None, _LANGUAGE] = None,
    location: Annotated[str | None, _LOCATION] = None,
    department: Annotated[str | None, _DEPARTMENT] = None,
) -> None:
    """Change a person in what is given; "" empties a field. Numbers and menus follow to a new extension."""
    own, user = find_in(context, User, company, extension=extension)
    wanted = given(
        extension=new_extension,
        name=name,
        email=email,
        caller_number=caller_number,
        hide_number=hide_number,
        emergency_number=emergency_number,
        area_code=area_code,
        ring_s=ring_s,
        call_waiting=call_waiting,
        twinning=twinning,
        profile=profile,
        mobile_number=mobile,
        language=language,
    )
    wanted |= link_ids(own, user.company_id, location=location, department=department)
    followers = leading_to(own, user.company_id, user.extension)
    changed = change(own, user, wanted)
    typer.echo(f"Changed {changed.name} on extension {changed.extension}.")
    say_followers(followers, user.extension, changed.extension)


@user_app.command("remove")
def remove_user(context: typer.Context, extension: str, company: OfCompany = "", yes: Yes = False) -> None:
    """Take a person away. Phones stay: nobody is logged in on them then, they reach emergency numbers only."""
    own, user = find_in(context, User, company, extension=extension)
    phones = [device.username for device in list_of(context, Device, company) if holder_of(device) == user.id]
    remove(own, user, f"{user.name} on extension {user.extension}", yes=yes)
    if phones:
        typer.echo(f"Nobody is logged in any more on: {', '.join(phones)}.")
