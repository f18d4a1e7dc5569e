"""``kiestoon calls --history`` and ``kiestoon call``: what has been recorded of calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiestoon.app.cli_context import CliContext, context_of
from kiestoon.app.cli_output import show, show_json, show_text
from kiestoon.app.cli_rows import AsJson
from kiestoon.operator_error import OperatorError

if TYPE_CHECKING:
    from kiestoon.calls.record import CallRecord

_LEG_COLUMNS = {
    "kind": "leg",
    "party": "party",
    "began": "began",
    "rang": "rang after",
    "answered": "answered after",
    "lasted": "lasted",
    "outcome": "outcome",
    "cause": "cause",
    "codec": "codec",
    "mos": "MOS",
    "loss_percent": "loss %",
    "jitter_ms": "jitter ms",
    "round_trip_ms": "round trip ms",
    "delay_ms": "delay ms",
}


def show_history(context: typer.Context, company: str, limit: int, as_json: bool) -> None:
    """The latest recorded calls."""
    from kiestoon.app.record_view import record_as_dict  # noqa: PLC0415 - telephony only where it is needed
    from kiestoon.store.records import list_records  # noqa: PLC0415 - SQLAlchemy only where it is needed

    own = context_of(context)
    company_id = own.company(company).id if company else None
    records = list_records(own.checked_database(), company_id, limit)
    if as_json:
        show_json([record_as_dict(record) for record in records])
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
        "mos": "MOS",
        "ended_by": "ended by",
    }
    show([_history_row(record) for record in records], columns, as_json=False, empty="No calls recorded yet.")


def call(
    context: typer.Context,
    call: Annotated[str, typer.Argument(help="Call id as shown by kiestoon calls.")],
    as_json: AsJson = False,
) -> None:
    """One call, live or recorded: its way, its legs, and how they sounded."""
    found = _find(context_of(context), call)
    if as_json:
        show_json(found)
        return
    for line in _story(found):
        show_text(line)
    show([_leg_row(leg) for leg in found["legs"]], _LEG_COLUMNS, as_json=False, empty="It has no legs.")


def _find(own: CliContext, call_id: str) -> dict[str, Any]:
    from kiestoon.app.admin_client import CommandRefusedError, ExchangeUnreachableError  # noqa: PLC0415 - as above
    from kiestoon.app.record_view import record_as_dict  # noqa: PLC0415
    from kiestoon.store.records import list_records  # noqa: PLC0415

    for record in list_records(own.checked_database(), call_id=call_id):
        return record_as_dict(record)
    try:
        live: dict[str, Any] = own.ask("call", call=call_id)
    except (CommandRefusedError, ExchangeUnreachableError):
        raise OperatorError(
            f"There is no call {call_id}", "kiestoon calls lists those going on, with --history those that ended"
        ) from None
    return live


def _story(found: dict[str, Any]) -> list[str]:
    """The call as a whole, in lines."""
    lines = [f"{found['call_id']}, {found['direction']}, began {_clock(found['opened_ms'])}"]
    lines.append(f"  from     {found['caller_number'] or 'unknown'} {found['caller_display']}".rstrip())
    lines.append(f"  dialled  {found['dialled']}")
    if found["final_party"] not in ("", found["dialled"]):
        lines.append(f"  reached  {found['final_party']}")
    if found["closed_ms"]:
        end = f"{found['outcome']}, ended by {found['ended_by'] or 'nobody'} {_clock(found['closed_ms'])}"
        talked = f", talked {_seconds(found['answered_ms'], found['closed_ms'])}" if found["answered_ms"] else ""
        lines.append(f"  outcome  {end}{talked} (cause {found['cause']}, SIP {found['sip_status']})")
    else:
        lines.append("  outcome  going on")
    lines.append("  why")
    return [*lines, *(f"    {reason}" for reason in found["reasons"]), ""]


def _leg_row(leg: dict[str, Any]) -> dict[str, Any]:
    quality = leg["quality"] or {}
    heard = quality if quality.get("packets_received") else {}
    return {
        "kind": leg["kind"],
        "party": f"{leg['party']} {leg['display']}".strip(),
        "began": _clock(leg["started_ms"]).partition(" ")[2],
        "rang": _seconds(leg["started_ms"], leg["ringing_ms"]),
        "answered": _seconds(leg["started_ms"], leg["answered_ms"]),
        "lasted": _seconds(leg["started_ms"], leg["ended_ms"]),
        "outcome": leg["outcome"],
        "cause": leg["cause"] or "",
        "codec": leg["codec"],
        **{name: heard.get(name) for name in ("mos", "loss_percent", "jitter_ms", "round_trip_ms", "delay_ms")},
    }


def _history_row(record: CallRecord) -> dict[str, Any]:
    from kiestoon.app.record_view import worst  # noqa: PLC0415 - as above

    return {
        "call_id": record.call_id,
        "at": _clock(record.opened_ms),
        "direction": record.direction,
        "caller_number": record.caller_number,
        "dialled": record.dialled,
        "final_party": record.final_party,
        "outcome": record.outcome,
        "talk_s": (record.closed_ms - record.answered_ms) // 1000 if record.answered_ms else "",
        "mos": worst(leg.quality for leg in record.legs)["mos"],
        "ended_by": record.ended_by,
    }


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _seconds(from_ms: int, to_ms: int) -> str:
    return f"{(to_ms - from_ms) / 1000:.1f} s" if to_ms else ""
