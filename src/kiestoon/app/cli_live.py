"""``kiestoon registrations|calls|trace|reload``: looking at a running exchange and at what it has recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiestoon.app.cli_configuration import AsJson, OfCompany
from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import show, show_json

if TYPE_CHECKING:
    from kiestoon.calls.record import CallRecord


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


def calls(
    context: typer.Context,
    history: Annotated[bool, typer.Option("--history", help="Ended calls instead of live ones.")] = False,
    company: OfCompany = "",
    limit: Annotated[int, typer.Option(help="How many ended calls.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Calls that are going on, or --history."""
    if history:
        _show_history(context, company, limit, as_json)
        return
    columns = {
        "call": "call",
        "caller": "from",
        "dialled": "dialled",
        "party": "with",
        "state": "state",
        "seconds": "seconds",
        "codec": "codec",
        "no_audio_from": "no audio from",
    }
    show(context_of(context).ask("calls"), columns, as_json=as_json, empty="No calls.")


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


def reload(context: typer.Context) -> None:
    """Have the running exchange take over configuration changes now."""
    answer = context_of(context).ask("reload")
    typer.echo(f"{len(answer['companies'])} companies reloaded.")


def _show_history(context: typer.Context, company: str, limit: int, as_json: bool) -> None:
    from kiestoon.store.records import list_records  # noqa: PLC0415 - SQLAlchemy only where it is needed

    own = context_of(context)
    company_id = own.company(company).id if company else None
    records = list_records(own.checked_database(), company_id, limit)
    if as_json:
        show_json(records_as_dicts(records))
        return
    columns = {
        "call_id": "call",
        "at": "at",
        "direction": "direction",
        "caller_number": "from",
        "dialled": "dialled",
        "final_party": "reached",
        "outcome": "outcome",
        "talk_s": "talked s",
        "ended_by": "ended by",
    }
    show([_history_row(record) for record in records], columns, as_json=False, empty="No calls recorded yet.")


def records_as_dicts(records: list[CallRecord]) -> list[dict[str, Any]]:
    """Records with their fields by name (they travel as arrays)."""
    import msgspec  # noqa: PLC0415 - as above

    rows = []
    for record in records:
        row = msgspec.structs.asdict(record)
        row["reasons"] = [reason.render() for reason in record.reasons]
        row["legs"] = [msgspec.structs.asdict(leg) for leg in record.legs]
        for leg in row["legs"]:
            leg["quality"] = None if leg["quality"] is None else msgspec.structs.asdict(leg["quality"])
        rows.append(row)
    return rows


def _history_row(record: CallRecord) -> dict[str, Any]:
    return {
        "call_id": record.call_id,
        "at": datetime.fromtimestamp(record.opened_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        "direction": record.direction,
        "caller_number": record.caller_number,
        "dialled": record.dialled,
        "final_party": record.final_party,
        "outcome": record.outcome,
        "talk_s": (record.closed_ms - record.answered_ms) // 1000 if record.answered_ms else "",
        "ended_by": record.ended_by,
    }


def selftest(context: typer.Context) -> None:
    """Have two built-in phones call each other through the running exchange, and measure what they hear."""
    from kiestoon.app.selftest import run_selftest  # noqa: PLC0415 - telephony only where it is needed

    def say(text: str, seconds: float) -> None:
        typer.echo(f"{typer.style('ok', fg='green')}  {seconds * 1000:6.0f} ms  {text}")

    left = run_selftest(context_of(context).settings.admin_socket, say)
    typer.echo(f"The exchange works; calls going on: {left['calls']}." if left["calls"] else "The exchange works.")
