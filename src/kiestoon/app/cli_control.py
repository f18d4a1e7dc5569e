"""``kiestoon reload|hang-up|bans|unban|lines``: what an administrator sees and does beside calls."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import show
from kiestoon.app.cli_rows import AsJson


def reload(context: typer.Context) -> None:
    """Have the running exchange take over configuration changes and renewed certificates now."""
    own = context_of(context)
    answer = own.ask("reload")
    typer.echo(f"{len(answer['companies'])} companies reloaded.")
    own.ask("reload_certificates")
    typer.echo("Certificates read again; new connections use them.")


def hang_up(
    context: typer.Context, call: Annotated[str, typer.Argument(help="Call id as shown by kiestoon calls.")]
) -> None:
    """End a call that is going on."""
    context_of(context).ask("hang_up", call=call)
    typer.echo(f"Call {call} is ended.")


def bans(context: typer.Context, as_json: AsJson = False) -> None:
    """Sources that are banned after failed logins, or for scanning."""
    columns = {"source": "source", "for_s": "for s", "times": "times", "reason": "reason"}
    show(context_of(context).ask("bans"), columns, as_json=as_json, empty="Nobody is banned.")


def unban(context: typer.Context, source: Annotated[str, typer.Argument(help="As kiestoon bans shows it.")]) -> None:
    """Lift a ban and forget its history."""
    context_of(context).ask("unban", source=source)
    typer.echo(f"{source} is not banned any more.")


def lines(context: typer.Context, as_json: AsJson = False) -> None:
    """Outside lines in service: logged in or not, calls, what went wrong last."""
    found = context_of(context).ask("lines")
    columns = {
        "line": "line",
        "company": "company",
        "host": "host",
        "state": "state",
        "calls": "calls",
        "most": "at most",
        "last_failure": "last failure",
        "ago": "",
    }
    rows = found if as_json else [{**row, **_line_cells(row)} for row in found]
    show(rows, columns, as_json=as_json, empty="No outside lines are in service.")


def _line_cells(row: dict[str, Any]) -> dict[str, Any]:
    state = {None: "known by address", True: "logged in", False: "not logged in"}[row["registered"]]
    ago_s = row["failed_s_ago"]
    return {
        "company": row["company"] or "all",
        "state": f"{state}, tried last" if row["tried_last"] else state,
        "most": row["max_calls"] or "",
        "ago": "" if ago_s is None else f"{_span(ago_s)} ago",
    }


def _span(seconds: int) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
