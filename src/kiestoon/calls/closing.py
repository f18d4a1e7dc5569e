"""The end of a call: when nothing of it is alive any more, its record is written and it is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import rooms, story
from kiestoon.calls.call import Call
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.events import CallClosed
from kiestoon.calls.events import QualityMeasured as QualityNoted
from kiestoon.calls.leg import Leg
from kiestoon.calls.record_making import make_record

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.media.protocol import Subtracted


def check(x: Exchange, call: Call, now: float) -> None:
    """Close the call once its last leg ended and the media figures are in, at most ``closing_wait_s`` later."""
    if call.service is not None and not call.caller:
        return  # it has nobody yet: its service waits for the moment to call somebody
    waiting = False
    for leg in call.legs.values():
        if leg.state != "ended":
            return
        waiting = waiting or (leg.termination != 0 and leg.quality is None)
    if waiting and call.link is not None and call.link.connected:
        if call.closing_timer is None:
            call.closing_timer = x.deadlines.start(now + x.settings.closing_wait_s, "close", call.id)
        return
    close(x, call)


def figures_received(x: Exchange, call: Call, leg: Leg, event: Subtracted, now: float) -> None:
    """A termination's last word."""
    x.terminations.pop(event.termination, None)
    leg.quality = event.quality
    if x.listening:
        x.emit(QualityNoted, call, leg.id, mos=event.quality.mos)
    check(x, call, now)


def close(x: Exchange, call: Call) -> None:
    """Write the record, tell the listeners, forget the call."""
    for deadline in (call.closing_timer, call.deadline):
        if deadline is not None:
            x.deadlines.stop(deadline)
    call.closing_timer = call.deadline = None
    call.ended_ms = x.wall_ms()
    call.failure = call.failure or NORMAL
    for leg in call.legs.values():
        if leg.termination:
            x.terminations.pop(leg.termination, None)
    story.interrupt(x, call)
    x.record(make_record(x, call))
    x.journal.closed(call)
    x.calls.pop(call.id, None)
    x.present.leave(call)
    rooms.shut(x, call)
    _leave_company(x, call.company_id)
    x.count(f"calls_{call.outcome or 'failed'}")
    x.emit(CallClosed, call)
    if call.service is not None:
        call.service.close(x)
    call.service = None
    call.link = None


def _leave_company(x: Exchange, company_id: int) -> None:
    left = x.company_calls.get(company_id, 0) - 1
    if left > 0:
        x.company_calls[company_id] = left
    else:
        x.company_calls.pop(company_id, None)
