"""``kiestoon registrations|calls|trace|reload|selftest``: looking at a running exchange."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_history import show_history
from kiestoon.app.cli_output import show, show_json
from kiestoon.app.cli_rows import AsJson, OfCompany
from kiestoon.operator_error import OperatorError


def registrations(context: typer.Context, as_json: AsJson = False) -> None:
    """Phones that are registered now."""
    columns = {
        "domain": "domain",
        "username": "user name",
        "contact": "contact",
        "transport": "transport",
        "source": "source",
        "expires_s": "expires in s",
        "user_agent": "phone",
    }
    show(context_of(context).ask("registrations"), columns, as_json=as_json, empty="Nobody is registered.")


def subscriptions(
    context: typer.Context,
    company: OfCompany = "",
    as_json: AsJson = False,
) -> None:
    """What phones watch now, and what their lamps show."""
    columns = {
        "domain": "domain",
        "username": "phone",
        "watches": "watches",
        "kind": "kind",
        "package": "package",
        "shows": "shows",
        "expires_s": "expires in s",
        "answers": "answers",
    }
    own = context_of(context)
    rows = own.ask("subscriptions")
    if company:
        domain = own.company(company).domain
        rows = [row for row in rows if row["domain"] == domain]
    show(rows, columns, as_json=as_json, empty="No phone watches anything.")


def calls(
    context: typer.Context,
    history: Annotated[bool, typer.Option("--history", help="Ended calls instead of live ones.")] = False,
    company: OfCompany = "",
    limit: Annotated[int, typer.Option(help="How many ended calls.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Calls that are going on, or --history."""
    if history:
        show_history(context, company, limit, as_json)
        return
    columns = {
        "call": "call",
        "caller": "from",
        "dialled": "dialled",
        "party": "with",
        "state": "state",
        "seconds": "seconds",
        "codec": "codec",
        "mos": "MOS",
        "loss_percent": "loss %",
        "jitter_ms": "jitter ms",
        "delay_ms": "delay ms",
        "no_audio_from": "no audio from",
    }
    show(context_of(context).ask("calls"), columns, as_json=as_json, empty="No calls.")


def conferences(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Conference rooms people are in."""
    columns = {
        "extension": "room",
        "name": "name",
        "members": "members",
        "begun": "begun",
        "locked": "locked",
        "seconds": "seconds",
        "call": "call",
    }
    own = context_of(context)
    rows = own.ask("live_rooms", company_id=own.company(company).id)
    if not as_json:
        rows = [{**row, "members": len(row["members"])} for row in rows]
    show(rows, columns, as_json=as_json, empty="Nobody is in a conference room.")


def queues(context: typer.Context, company: OfCompany = "", as_json: AsJson = False) -> None:
    """Queues: who waits, and what their agents are doing."""
    columns = {
        "extension": "queue",
        "name": "name",
        "waiting": "waiting",
        "longest_s": "longest in s",
        "free": "free",
        "ringing": "ringing",
        "speaking": "speaking",
        "resting": "resting",
        "not_available": "not available",
    }
    own = context_of(context)
    rows = own.ask("live_queues", company_id=own.company(company).id)
    if not as_json:
        rows = [_counted(row) for row in rows]
    show(rows, columns, as_json=as_json, empty="There is no queue.")


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers in place of names; agents by what they are doing."""
    states = Counter(agent["state"] for agent in row["agents"])
    longest_s = max((waiter["seconds"] for waiter in row["waiting"]), default=0)
    counts = {state: states[state] for state in ("free", "ringing", "speaking", "resting", "not_available")}
    return {**row, "waiting": len(row["waiting"]), "longest_s": longest_s, **counts}


def trace(
    context: typer.Context,
    call: Annotated[str, typer.Argument(help="Call id as shown by kiestoon calls, or a SIP Call-ID.")],
    full: Annotated[bool, typer.Option("--full", help="Whole messages instead of a ladder.")] = False,
    as_json: AsJson = False,
) -> None:
    """The messages of a call, as a ladder."""
    answer = context_of(context).ask("trace", call=call, full=full)
    if as_json:
        show_json(answer["messages"])
    else:
        typer.echo(answer["text"])


def selftest(context: typer.Context, as_json: AsJson = False) -> None:
    """Have two built-in phones call each other through the running exchange, and measure what they hear."""
    from kiestoon.app.logs import log_to_stderr  # noqa: PLC0415 - telephony only where it is needed
    from kiestoon.app.selftest import run_selftest  # noqa: PLC0415

    log_to_stderr()  # what its phones find odd must not get between the lines of JSON
    steps: list[dict[str, Any]] = []

    def say(text: str, seconds: float) -> None:
        steps.append({"step": text, "ms": round(seconds * 1000)})
        if not as_json:
            typer.echo(f"{typer.style('ok', fg='green')}  {seconds * 1000:6.0f} ms  {text}")

    try:
        left = run_selftest(context_of(context).settings.admin_socket, say)
    except OperatorError as problem:
        if not as_json:
            raise
        show_json({"ok": False, "steps": steps, "problem": problem.what, "advice": problem.do})
        raise typer.Exit(problem.exit_code) from None
    if as_json:
        show_json({"ok": True, "steps": steps, "calls": left["calls"]})
        return
    typer.echo(f"The exchange works; calls going on: {left['calls']}." if left["calls"] else "The exchange works.")
