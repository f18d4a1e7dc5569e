"""The story of a call, stretch by stretch, as its record tells it: "101 (40 s), parked on 3 (12 s), 117"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kiestoon.calls.call import Call
from kiestoon.calls.record import Segment, SegmentKind

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def turn(x: Exchange, call: Call, kind: SegmentKind, party: str, display: str = "") -> None:
    """A new stretch begins, and the one before it ends. The same as before is no new one."""
    now_ms = x.wall_ms()
    if call.segments:
        last = call.segments[-1]
        if not last.ended_ms and (last.kind, last.party) == (kind, party):
            return
        _end_last(call, now_ms)
    call.segments.append(Segment(kind, party, display, now_ms))


def interrupt(x: Exchange, call: Call) -> None:
    """The present stretch ends; what follows it is not known yet."""
    if call.segments:
        _end_last(call, x.wall_ms())


def _end_last(call: Call, at_ms: int) -> None:
    last = call.segments[-1]
    if not last.ended_ms:
        call.segments[-1] = msgspec.structs.replace(last, ended_ms=at_ms)
