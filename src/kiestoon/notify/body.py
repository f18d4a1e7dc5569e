"""Events as they are told: ``{"type", "timestamp", "company_id", "data"}`` (Standard Webhooks, "Payload structure")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from kiestoon.calls.record import CallRecord, mend
from kiestoon.notify.events import ChangeData, change_type
from kiestoon.notify.live import LiveEvent
from kiestoon.store.feed import Change


def event_of(event_type: str, at_ms: int, company_id: int | None, data: object) -> dict[str, Any]:
    """An event. ``at_ms`` is wall time, told as RFC 3339 in UTC."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": event_type, "timestamp": at, "company_id": company_id, "data": data}


def body_of(event_type: str, at_ms: int, company_id: int | None, data: dict[str, Any]) -> str:
    """The body of a delivery as text."""
    return msgspec.json.encode(mend(event_of(event_type, at_ms, company_id, data))).decode()


def change_data(change: Change, detail: Literal["hint", "row", "whole"]) -> ChangeData:
    """A change of the configuration: with the row, and ("whole") with who made it."""
    told = ChangeData(change=change.id, table=change.table_name, row_id=change.row_id)
    if detail == "hint":
        return told
    recorded = change_type(change.action) == "configuration.recorded"
    row = None if recorded else change.details
    told = msgspec.structs.replace(told, action=change.action, row=row, before=change.before)
    if detail == "row":
        return told
    return msgspec.structs.replace(told, acting_user=change.acting_user, acting_for=change.acting_for or None)


def change_body(change: Change) -> str:
    """A change of the configuration, whole: whoever sets up webhooks may see everything of the company."""
    data: dict[str, Any] = msgspec.to_builtins(change_data(change, "whole"))
    return body_of(change_type(change.action), change.at_ms, change.company_id, data)


def live_body(event: LiveEvent) -> str:
    """A live event."""
    return body_of(event.type, event.at_ms, event.company_id, event.data)


def record_body(record: CallRecord) -> str:
    """A call's record: parties, times, outcome, and the reasons of its route as codes and in English."""
    data = msgspec.structs.asdict(record)
    data["reasons"] = [
        {"code": reason.code, "params": reason.params, "text": reason.render()} for reason in record.reasons
    ]
    data["legs"] = [_leg(leg) for leg in record.legs]
    return body_of("call.recorded", record.closed_ms, record.company_id, data)


def _leg(leg: msgspec.Struct) -> dict[str, Any]:
    cells = msgspec.structs.asdict(leg)
    quality = cells["quality"]
    cells["quality"] = None if quality is None else msgspec.structs.asdict(quality)
    return cells
