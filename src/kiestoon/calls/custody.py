"""Custody: at every instant exactly one of seek, bridge, service answers for the caller (docs/architecture.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import rooms, signals, story, topology
from kiestoon.calls.call import Call, Failure, Holder
from kiestoon.calls.events import BridgeLeft, CustodyMoved
from kiestoon.calls.leaving import leave
from kiestoon.calls.record import EndedBy

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def take(x: Exchange, call: Call, holder: Holder) -> None:
    """Record that ``holder`` answers for the caller from now on."""
    if call.holder != holder:
        call.holder = holder
        x.emit(CustodyMoved, call, call.caller, holder=holder)


def seek_failed(x: Exchange, call: Call, failure: Failure, now: float) -> None:
    """A seek ended without an answer. A caller in a service goes back to it; an unanswered caller is told why."""
    caller = call.anchor
    if call.service is not None and (caller is None or caller.state == "answered"):
        take(x, call, "service")
        if x.queues:
            x.queues.not_answered(call, failure.outcome)
        call.service.resume(x, call, failure, now)
        return
    end_with(x, call, failure, now)


def refuse(x: Exchange, call: Call, failure: Failure, now: float) -> None:
    """Routing says no."""
    if call.service is not None:
        seek_failed(x, call, failure, now)
    else:
        end_with(x, call, failure, now)


def end_with(x: Exchange, call: Call, failure: Failure, now: float, by: EndedBy = "exchange") -> None:
    """End every leg of a call, whoever holds it."""
    call.failure = call.failure or failure
    if call.outcome is None:
        call.outcome = failure.outcome if failure.outcome != "answered" or call.answered_ms else "cancelled"
    call.by = call.by or ("callee" if failure.outcome in ("busy", "rejected") else by)
    let_go(x, call)
    for leg in call.live_legs():
        leave(x, call, leg, now, failure=failure)


def let_go(x: Exchange, call: Call) -> None:
    """No seek, bridge or service holds the caller any more: the call is about to end."""
    call.seek = None
    stop_deadline(x, call)
    close_service(x, call)
    leave_bridge(x, call)
    rooms.shut(x, call)
    x.pointless += call.asked
    call.asked = ()
    story.interrupt(x, call)
    take(x, call, "nobody")


def close_service(x: Exchange, call: Call) -> None:
    """The caller's service is over."""
    if call.service is not None:
        call.service.close(x)
        call.service = None


def leave_bridge(x: Exchange, call: Call) -> None:
    """Nobody is bridged any more; whose legs go on is their new holder's to say."""
    if call.bridge is None:
        return
    for leg_id in call.bridge:
        x.emit(BridgeLeft, call, leg_id)
        leg = call.legs[leg_id]
        if leg.music and leg.state != "ended":
            signals.stop_music(call, leg)
    call.bridge = None
    if call.onlookers:  # they heard this conversation, and no other
        x.unheld += call.onlookers
        call.onlookers = {}
    topology.silence(call)


def start_deadline(x: Exchange, call: Call, at: float) -> None:
    """Look at the seek again at ``at``."""
    stop_deadline(x, call)
    call.deadline = x.deadlines.start(at, "ring", call.id)


def stop_deadline(x: Exchange, call: Call) -> None:
    """The seek is decided."""
    if call.deadline is not None:
        x.deadlines.stop(call.deadline)
        call.deadline = None
