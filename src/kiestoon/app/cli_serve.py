"""``kiestoon serve|demo|migrate``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kiestoon.app.cli_context import context_of

demo_app = typer.Typer(
    help="Run the demonstration: a sample company and an outside world.", invoke_without_command=True
)


def serve(context: typer.Context) -> None:
    """Run the exchange until it is told to stop."""
    from kiestoon.app.logs import configure_logs  # noqa: PLC0415 - only this command runs the exchange
    from kiestoon.app.serve import prepare_installation, run_exchange  # noqa: PLC0415

    settings = context_of(context).settings
    configure_logs(settings.log, "supervisor")
    run_exchange(prepare_installation(settings))


def migrate(context: typer.Context) -> None:
    """Create the database, or bring it to this version. Make a backup first."""
    from kiestoon.app.os_problems import prepare_folder  # noqa: PLC0415 - as above
    from kiestoon.store.installation import prepare  # noqa: PLC0415
    from kiestoon.store.schema import current_revision  # noqa: PLC0415

    own = context_of(context)
    prepare_folder(own.settings.data, "the data folder")
    before = current_revision(own.database)
    prepare(own.database, own.settings.key_path)
    after = current_revision(own.database)
    place = own.database.place
    typer.echo(f"{place} is up to date ({after})." if before == after else f"{place}: {before or 'new'} → {after}.")


@demo_app.callback()
def demo(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder for the demo's data.")] = Path("var"),
    config: Annotated[Path | None, typer.Option(help="Settings instead of those in the data folder.")] = None,
) -> None:
    """Run the demonstration until Ctrl-C."""
    from kiestoon.app.demo.start import (  # noqa: PLC0415 - as above
        banner,
        demo_command,
        demo_settings,
        prepare_demo,
        prepare_web_logins,
    )

    settings = demo_settings(config, data)
    context.obj = settings
    if context.invoked_subcommand is not None:
        return
    from kiestoon.app.logs import configure_logs  # noqa: PLC0415
    from kiestoon.app.serve import run_exchange  # noqa: PLC0415
    from kiestoon.app.supervisor import ChildSpec  # noqa: PLC0415

    configure_logs(settings.log, "supervisor")
    installation, logins = prepare_demo(settings)
    web_logins = prepare_web_logins(settings, installation)
    module = "kiestoon.app.demo.outside_world"
    outside = [ChildSpec("outside world", module, stop_phase=0)] if find_spec(module) else []
    command = demo_command(data, config, sys.argv[0])
    run_exchange(installation, outside, lambda: typer.echo(banner(settings, logins, command, web_logins)))


@demo_app.command("call-in")
def call_in(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="Number to call; the menu's when not given.")] = "",
    caller: Annotated[str, typer.Option(help="Number the call comes from.")] = "+31205550101",
) -> None:
    """Have the outside world call the running demo."""
    from kiestoon.app.admin_client import ask  # noqa: PLC0415 - as above
    from kiestoon.app.demo.sample import load_sample  # noqa: PLC0415
    from kiestoon.app.demo.world import outside_socket  # noqa: PLC0415

    number = to or load_sample().main_number
    answer = ask(outside_socket(context.obj), "call_in", timeout_s=90.0, to=number, caller=caller)
    typer.echo(f"{caller} called {number}: {'answered' if answer['answered'] else 'not answered'}.")
