"""The ``kiestoon`` command. Modules are loaded when a command needs them: ``--help`` and lists start quickly."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kiestoon import __version__
from kiestoon.app.cli_accounts import admin_app
from kiestoon.app.cli_addresses import address_app
from kiestoon.app.cli_company_file import apply_company, diff_company, export_company
from kiestoon.app.cli_configuration import company_app
from kiestoon.app.cli_context import CliContext
from kiestoon.app.cli_control import bans, hang_up, lines, reload, unban
from kiestoon.app.cli_devices import device_app
from kiestoon.app.cli_explain import explain
from kiestoon.app.cli_history import call
from kiestoon.app.cli_live import calls, conferences, queues, registrations, selftest, subscriptions, trace
from kiestoon.app.cli_numbers import menu_app, number_app
from kiestoon.app.cli_places import department_app, location_app
from kiestoon.app.cli_serve import demo_app, migrate, serve
from kiestoon.app.cli_trunks import trunk_app
from kiestoon.app.cli_users import user_app
from kiestoon.operator_error import OperatorError

app = typer.Typer(
    name="kiestoon",
    help="Kiestoon, a business telephone exchange.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    serve,
    migrate,
    selftest,
    registrations,
    subscriptions,
    calls,
    conferences,
    queues,
    call,
    hang_up,
    lines,
    bans,
    unban,
    trace,
    reload,
    explain,
):
    app.command()(command)
company_app.command("export")(export_company)
company_app.command("diff")(diff_company)
company_app.command("apply")(apply_company)
app.add_typer(demo_app, name="demo")
for name, group in {
    "company": company_app,
    "location": location_app,
    "department": department_app,
    "user": user_app,
    "device": device_app,
    "address": address_app,
    "number": number_app,
    "menu": menu_app,
    "trunk": trunk_app,
    "admin": admin_app,
}.items():
    app.add_typer(group, name=name, no_args_is_help=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kiestoon {__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Settings file; else var/kiestoon.toml or /etc/kiestoon/kiestoon.toml."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Kiestoon, a business telephone exchange."""
    context.obj = CliContext(config)


def main() -> None:
    """Entry point: what the operator must know comes out as one line, without a traceback."""
    try:
        app()
    except OperatorError as problem:
        sys.stderr.write(f"kiestoon: {problem}\n")
        sys.exit(problem.exit_code)


if __name__ == "__main__":
    main()
