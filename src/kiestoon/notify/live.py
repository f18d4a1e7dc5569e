"""Live events as they leave the control process: what happened, and who may hear of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeAlias

import msgspec


class LiveEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event. ``sequence`` counts within an ``epoch`` (one run of the control process); ``at_ms`` is wall time.

    ``users``, ``locations``, ``departments`` (with those around them): whom it is about. ``public``: everybody of the
    company may know. Withheld numbers are left out of ``data`` already.
    """

    sequence: int
    at_ms: int
    company_id: int
    type: str
    data: dict[str, Any] = {}
    users: tuple[int, ...] = ()
    locations: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    public: bool = False


FULL: Final = 500
"""A batch holds so many events at most; one that does is followed by another at once."""


class Batch(msgspec.Struct, frozen=True):
    """What the control process tells a subscriber at once.

    ``gap``: something before these events was missed. ``change``: the latest change of the configuration it knows.
    ``last``: the sequence up to which this batch reaches.
    """

    epoch: str
    last: int
    change: int
    gap: bool = False
    events: tuple[LiveEvent, ...] = ()


Follow: TypeAlias = Callable[[str, int], AsyncGenerator[Batch, None]]
"""``follow(epoch, after)``: batches for ever, first one at once; it connects again by itself when it must.

``epoch`` "" begins with whatever the control process still has.
"""

CALL_EVENTS: Final = (
    "call.opened",
    "call.leg.offered",
    "call.leg.dialled",
    "call.leg.ringing",
    "call.leg.progressed",
    "call.leg.answered",
    "call.leg.held",
    "call.leg.resumed",
    "call.leg.ended",
    "call.bridge.joined",
    "call.bridge.left",
    "call.custody.moved",
    "call.forwarded",
    "call.transferred",
    "call.parked",
    "call.retrieved",
    "call.picked.up",
    "call.quality",
    "call.closed",
)
LIVE_EVENTS: Final = (*CALL_EVENTS, "line.changed", "device.registered", "device.unregistered")
CHANGE_EVENTS: Final = (
    "configuration.added",
    "configuration.updated",
    "configuration.removed",
    "configuration.recorded",
)
"""Of the change feed; "recorded": something was done to a row beside its fields (a password set)."""
HOOK_EVENTS: Final = ("call.recorded", "webhook.test")
"""For webhooks only: a call's record, and a test."""
ALL_EVENTS: Final = (*LIVE_EVENTS, *CHANGE_EVENTS, *HOOK_EVENTS)


def change_type(action: str) -> str:
    """The type of event of an action in the change feed."""
    name = f"configuration.{action}"
    return name if name in CHANGE_EVENTS else "configuration.recorded"


def fits(patterns: tuple[str, ...], event_type: str) -> bool:
    """Whether a type is among those asked for: whole, by ``call.*``, or by ``*``."""
    return any(
        pattern in ("*", event_type) or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )
