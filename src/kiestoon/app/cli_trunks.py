"""``kiestoon trunk list|add|change|remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import add, add_list, change, find, given
from kiestoon.company.model import Trunk

trunk_app = typer.Typer(help="Outside lines.")
_SOURCE = typer.Option(help="Address or range the provider sends from; may be given several times.")
_PRIORITY = typer.Option(help="Lower is tried first.")
_NUMBER_FORMAT = typer.Option(help="e164, plus or national.")
_SRTP = typer.Option(help="Encrypt speech: off, optional or required (with --transport tls).")
_EMERGENCY_AREA = typer.Option(help="Tell the provider the caller's area code in emergency calls.")
_MAX_CALLS = typer.Option(min=0, help="Calls at once; 0 = no limit.")

add_list(
    trunk_app,
    Trunk,
    "Outside lines, without their passwords.",
    {
        "id": "id",
        "name": "name",
        "kind": "kind",
        "host": "host",
        "transport": "transport",
        "sources": "sources",
        "priority": "priority",
        "active": "active",
    },
)


@trunk_app.command("add")
def add_trunk(
    context: typer.Context,
    name: str,
    host: Annotated[str, typer.Option(help="The provider's host name or address.")],
    company: Annotated[str, typer.Option("--company", "-c", help="Whose line; all companies' when not given.")] = "",
    port: int = 0,
    transport: Annotated[str, typer.Option(help="udp, tcp or tls.")] = "udp",
    username: Annotated[str, typer.Option(help="Log in at the provider with this name; the password is asked.")] = "",
    source: Annotated[list[str] | None, _SOURCE] = None,
    priority: Annotated[int, _PRIORITY] = 10,
    number_format: Annotated[str, _NUMBER_FORMAT] = "plus",
    domain: Annotated[str, typer.Option(help="The provider's SIP domain, if not the host.")] = "",
    srtp: Annotated[str, _SRTP] = "off",
    untrusted: Annotated[
        bool, typer.Option("--untrusted", help="Neither tell it nor believe it hidden numbers.")
    ] = False,
    max_calls: Annotated[int, _MAX_CALLS] = 0,
    emergency_area: Annotated[bool, _EMERGENCY_AREA] = False,
    expires: Annotated[int, typer.Option(min=60, max=86400, help="Seconds a login is asked for.")] = 600,
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
        domain=domain,
        srtp=srtp,  # type: ignore[arg-type]  # as above
        trusted=not untrusted,
        max_calls=max_calls,
        expires_s=expires,
        emergency_area=emergency_area,
    )
    typer.echo(f"Added outside line {add(own, row).name}.")


@trunk_app.command("set", hidden=True)  # its name in 0.1
@trunk_app.command("change")
def change_trunk(
    context: typer.Context,
    line: Annotated[str, typer.Argument(help="Its name.")],
    name: str | None = None,
    source: Annotated[list[str] | None, _SOURCE] = None,
    priority: Annotated[int | None, _PRIORITY] = None,
    number_format: Annotated[str | None, _NUMBER_FORMAT] = None,
    srtp: Annotated[str | None, _SRTP] = None,
    trusted: Annotated[bool | None, typer.Option(help="Tell it, and believe it, hidden numbers.")] = None,
    max_calls: Annotated[int | None, _MAX_CALLS] = None,
    emergency_area: Annotated[bool | None, _EMERGENCY_AREA] = None,
    active: Annotated[bool | None, typer.Option(help="Whether calls go out and come in over it.")] = None,
) -> None:
    """Change an outside line in what is given, or switch it on or off. Calls on it go on."""
    own = context_of(context)
    wanted = given(
        name=name,
        sources=tuple(source) if source else None,
        priority=priority,
        number_format=number_format,
        srtp=srtp,
        trusted=trusted,
        max_calls=max_calls,
        emergency_area=emergency_area,
        active=active,
    )
    changed = change(own, find(own, Trunk, None, name=line), wanted)
    typer.echo(f"Changed outside line {changed.name}; it is {'on' if changed.active else 'off'}.")


@trunk_app.command("remove")
def remove_trunk(context: typer.Context, name: str, yes: Yes = False) -> None:
    """Take an outside line away. Calls on it go on."""
    own = context_of(context)
    trunk = find(own, Trunk, None, name=name)
    remove(own, trunk, f"outside line {trunk.name}", yes=yes)
