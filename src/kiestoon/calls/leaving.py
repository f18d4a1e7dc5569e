"""Ending a leg: the SIP side is told, the media side is freed, the call's books are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import occupancy
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import NORMAL, reason_header
from kiestoon.calls.events import LegEnded
from kiestoon.calls.leg import Leg
from kiestoon.media.protocol import Subtract

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def leave(
    x: Exchange,
    call: Call,
    leg: Leg,
    now: float,
    *,
    failure: Failure = NORMAL,
    reason: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> None:
    """End a leg from our side: reject, cancel or hang up, whichever its state asks for. Ended legs are left alone.

    ``reason`` is a Reason header value and replaces the one made from ``failure``; a CANCEL carries no other.
    """
    session = leg.session
    if leg.state == "ended":
        return
    why = reason or reason_header(failure)
    if leg.state == "answered":
        leg.status = 200
        if session is not None:
            session.bye(now, why)
    elif leg.incoming:
        # Failures of a call that was answered say 200, which this leg was never told.
        leg.status = failure.status if failure.status >= 300 else 480
        if leg.status == 503:
            headers = (("Retry-After", str(x.settings.retry_after_s)), *headers)
        if session is not None:
            phrase = failure.text if failure.status == leg.status and not failure.quoted else ""
            session.reject(now, leg.status, phrase, headers=(("Reason", why), *headers))
    else:
        leg.status = 487
        if session is not None:
            session.cancel(now, reason)
    leg.cause = leg.cause or failure.q850
    if failure.outcome != "answered":
        leg.outcome = failure.outcome
    over(x, call, leg)


def over(x: Exchange, call: Call, leg: Leg) -> None:
    """A leg is over, by whoever's doing: free its media, its place at its device and its entry in the exchange."""
    if leg.state == "ended":
        return
    leg.advance("end")
    leg.ended_ms = x.wall_ms()
    leg.session = None
    if leg.keys_timer is not None:
        x.deadlines.stop(leg.keys_timer)
        leg.keys_timer = None
    if leg.side is not None:
        leg.side.close(x)
        leg.side = None
    x.legs.pop(leg.id, None)
    if leg.id in x.held:
        x.bereft.append(leg.id)
    occupancy.leave(x, leg)
    x.queues.over(call, leg)
    if leg.trunk_id:
        x.lines.left(leg.trunk_id)
    if call.link is not None:
        if leg.termination:
            call.link.send(Subtract(leg.termination))
        elif leg.port is not None:
            call.link.release(leg.port)
    leg.port = None
    x.emit(LegEnded, call, leg.id, cause=leg.status)
