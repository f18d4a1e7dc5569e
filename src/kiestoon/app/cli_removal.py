"""Taking rows away: what goes with them is said, and on a terminal it is asked first."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from kiestoon.app.cli_context import CliContext, acting_user
from kiestoon.app.cli_rows import counted
from kiestoon.company.model import Row
from kiestoon.operator_error import OperatorError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where there is no terminal to ask on.")]


class NobodyToAskError(OperatorError):
    """A removal from a program, without its express consent."""

    exit_code = 64  # EX_USAGE


def remove(own: CliContext, row: Row, what: str, *, yes: bool) -> None:
    """Take a row away once that is wanted, and tell a running exchange.

    ``what`` is it as an operator names it. What is still used by others is not removed: the error names them.
    """
    from kiestoon.store.dependents import count_dependents  # noqa: PLC0415 - SQLAlchemy only where it is needed
    from kiestoon.store.write import changing  # noqa: PLC0415 - as above

    with own.checked_database().read() as connection:
        dependents = count_dependents(connection, row)
    _say("Goes with it", (counted(*each) for each in dependents.gone.items()))
    _say("Stays without it", (counted(*each) for each in dependents.left.items()))
    if not yes:
        _ask(what)
    with changing(own.database, own.vault, acting_user=acting_user()) as changes:
        changes.remove(row)
    own.announce_changes()
    typer.echo(f"Removed {what}.")


def _say(what: str, items: Iterable[str]) -> None:
    if text := ", ".join(items):
        typer.echo(f"{what}: {text}.", err=True)


def _ask(what: str) -> None:
    if not sys.stdin.isatty():
        raise NobodyToAskError(
            f"Nothing was removed: there is no terminal to ask on whether {what} may go", "Add --yes"
        )
    if not typer.confirm(f"Remove {what}?", err=True):
        typer.echo("Nothing was removed.", err=True)
        raise typer.Exit(1)
