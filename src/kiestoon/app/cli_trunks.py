"""``kiestoon trunk list|add|set|remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import as_cells, show
from kiestoon.app.cli_rows import AsJson, OfCompany, add, find, list_of, remove, update
from kiestoon.company.model import Trunk

trunk_app = typer.Typer(help="Outside lines.")


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
    show(as_cells(list_of(context, Trunk, company)), columns, as_json=as_json, empty="No outside lines yet.")


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
    domain: Annotated[str, typer.Option(help="The provider's SIP domain, if not the host.")] = "",
    srtp: Annotated[
        str, typer.Option(help="Encrypt speech: off, optional or required (with --transport tls).")
    ] = "off",
    untrusted: Annotated[
        bool, typer.Option("--untrusted", help="Neither tell it nor believe it hidden numbers.")
    ] = False,
    max_calls: Annotated[int, typer.Option(min=0, help="Calls at once; 0 = no limit.")] = 0,
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
    )
    typer.echo(f"Added outside line {add(own, row).name}.")


@trunk_app.command("set")
def set_trunk(
    context: typer.Context,
    name: str,
    active: Annotated[bool | None, typer.Option(help="Whether calls go out and come in over it.")] = None,
) -> None:
    """Switch an outside line on or off. Calls on it go on."""
    own = context_of(context)
    changed = update(own, find(own, Trunk, None, name=name), active=active)
    typer.echo(f"Outside line {name} is {'on' if changed.active else 'off'}.")


@trunk_app.command("remove")
def remove_trunk(context: typer.Context, name: str) -> None:
    """Take an outside line away. Calls on it go on."""
    own = context_of(context)
    remove(own, find(own, Trunk, None, name=name))
    typer.echo(f"Removed outside line {name}.")
