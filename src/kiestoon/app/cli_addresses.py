"""``kiestoon address list|add|remove``: addresses from which phones call outside without a new login (IP listing)."""

from __future__ import annotations

from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_removal import Yes, remove
from kiestoon.app.cli_rows import OfCompany, add, add_list, list_of
from kiestoon.company.model import AllowedAddress
from kiestoon.operator_error import OperatorError

address_app = typer.Typer(help="Addresses phones call outside from without a new login (IP listing).")

add_list(
    address_app,
    AllowedAddress,
    "Allowed addresses and ranges.",
    {"id": "id", "first_address": "from", "last_address": "to", "name": "what is there"},
)


@address_app.command("add")
def add_address(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The address, or the first of a range.")],
    last: Annotated[str, typer.Argument(help="The last of a range of 256 at most.")] = "",
    company: OfCompany = "",
    name: Annotated[str, typer.Option(help="What is there.")] = "",
) -> None:
    """Allow an address or a range."""
    own = context_of(context)
    row = AllowedAddress(id=0, company_id=own.company(company).id, first_address=address, last_address=last, name=name)
    typer.echo(f"Allowed {_shown(add(own, row))}.")


@address_app.command("remove")
def remove_address(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The address, the first of the range, or # and its id.")],
    company: OfCompany = "",
    yes: Yes = False,
) -> None:
    """Allow it no longer: the next call outside from there needs a login."""
    own = context_of(context)
    rows = list_of(context, AllowedAddress, own.company(company).domain)
    found = [row for row in rows if address in (row.first_address, f"#{row.id}")]
    if not found:
        raise OperatorError(f"{address} is not on the list", "See: kiestoon address list")
    if len(found) > 1:
        ids = ", ".join(f"#{row.id}" for row in found)
        raise OperatorError(f"{address} is on the list {len(found)} times", f"Say which: {ids}")
    remove(own, found[0], _shown(found[0]), yes=yes)


def _shown(row: AllowedAddress) -> str:
    return f"{row.first_address} to {row.last_address}" if row.last_address else row.first_address
