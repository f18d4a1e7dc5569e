"""Call records and speech quality as plain values and as short texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from kiestoon.calls.record import CallRecord
from kiestoon.media.protocol import Quality


def record_as_dict(record: CallRecord) -> dict[str, Any]:
    """A record with its fields by name (it travels as an array) and its reasons in words."""
    row = msgspec.structs.asdict(record)
    row["reasons"] = [reason.render() for reason in record.reasons]
    row["legs"] = [msgspec.structs.asdict(leg) for leg in record.legs]
    row["segments"] = [msgspec.structs.asdict(segment) for segment in record.segments]
    for leg in row["legs"]:
        leg["quality"] = None if leg["quality"] is None else quality_as_dict(leg["quality"])
    return row


def quality_as_dict(quality: Quality) -> dict[str, Any]:
    """The figures by name, with the share of packets that never came or came too late."""
    return {**msgspec.structs.asdict(quality), "loss_percent": loss_percent(quality)}


def loss_percent(quality: Quality) -> float:
    """Packets of the party that were lost or came too late to be heard, of all it sent."""
    sent = quality.packets_received + quality.packets_lost
    missing = max(0, quality.packets_lost) + quality.packets_late
    return round(min(100.0, 100.0 * missing / sent), 1) if sent > 0 else 0.0


def worst(qualities: Iterable[Quality | None]) -> dict[str, float | None]:
    """The worst MOS, loss, jitter and delay of several legs; None where nothing has been received."""
    heard = [quality for quality in qualities if quality is not None and quality.packets_received]
    if not heard:
        return {"mos": None, "loss_percent": None, "jitter_ms": None, "delay_ms": None}
    return {
        "mos": round(min(quality.mos for quality in heard), 1),
        "loss_percent": max(loss_percent(quality) for quality in heard),
        "jitter_ms": round(max(quality.jitter_ms for quality in heard), 1),
        "delay_ms": round(max(quality.delay_ms for quality in heard)),
    }
