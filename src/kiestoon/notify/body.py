"""What a webhook is sent: ``{"type", "timestamp", "company_id", "data"}`` (Standard Webhooks, "Payload structure")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from kiestoon.calls.record import CallRecord, mend
from kiestoon.notify.live import LiveEvent, change_type
from kiestoon.store.feed import Change


def body_of(event_type: str, at_ms: int, company_id: int | None, data: dict[str, Any]) -> str:
    """The body as text."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {"type": event_type, "timestamp": at, "company_id": company_id, "data": data}
    return msgspec.json.encode(mend(event)).decode()


def change_body(change: Change) -> str:
    """A change of the configuration, with the row: whoever sets up webhooks may see everything of the company."""
    event_type = change_type(change.action)
    recorded = event_type == "configuration.recorded"
    data = {
        "change": change.id,
        "table": change.table_name,
        "row_id": change.row_id,
        "action": change.action,
        "row": None if recorded else change.details,
        "before": change.before,
        "acting_user": change.acting_user,
        "acting_for": change.acting_for or None,
    }
    return body_of(event_type, change.at_ms, change.company_id, data)


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
