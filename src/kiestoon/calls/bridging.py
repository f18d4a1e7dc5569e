"""Bridges: answered legs that hear each other. Two are relayed, more are a conference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import custody, identity, missing_audio, rooms, signals, story, topology
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import CALLER_GONE, NORMAL
from kiestoon.calls.events import BridgeJoined, BridgeLeft, LegAnswered
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import UnusableAnswer, answer_caller, offer_caller

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

NOT_ACCEPTABLE = Failure("failed", 488, 88, "No common audio format")


def join(x: Exchange, call: Call, caller: Leg, callee: Leg, now: float) -> None:
    """Somebody was found for the caller: answer whoever has not been answered yet, and let them talk.

    ``callee`` is a leg that has just answered, or one that called us to take the caller over (a pickup).
    """
    if caller.session is None or caller.session.state == "ended":
        leave(x, call, callee, now, failure=CALLER_GONE)  # the caller's own end is told by the event that follows
        return
    signals.stop_tone(call, caller)
    signals.stop_tone(call, callee)
    knew = caller.state == "answered"
    if callee.state == "answered":
        x.emit(LegAnswered, call, callee.id)
    elif not answer(x, call, callee, caller, now):
        leave(x, call, callee, now, failure=NOT_ACCEPTABLE)
        custody.seek_failed(x, call, NOT_ACCEPTABLE, now)
        return
    if x.queues:
        x.queues.answered(call, callee)
    if call.service is not None:
        custody.close_service(x, call)
        call.target = callee.party.number
    if not knew and not answer(x, call, caller, callee, now):
        custody.end_with(x, call, NOT_ACCEPTABLE, now)
        return
    call.outcome = "answered"
    call.answered_ms = call.answered_ms or max(callee.answered_ms, call.opened_ms)  # who takes a call may speak already
    x.present.answered(call, callee)
    bridge(x, call, (caller.id, callee.id), now)
    if knew:
        identity.show(x, call, caller, callee, now)


def bridge(x: Exchange, call: Call, members: tuple[int, ...], now: float) -> None:
    """These answered legs of the call hear each other from now on, and nobody else does."""
    before = call.bridge or ()
    call.bridge = members
    if call.room is None and len(members) == 2:
        for leg_id in members:  # only of more is anybody muted (``operations.conference``)
            call.legs[leg_id].muted = False
    custody.take(x, call, "bridge")
    _tell(call, x)
    topology.arrange(call)
    missing_audio.expect_anew(x, call)
    if x.listening:
        for leg_id in members:
            if leg_id not in before:
                x.emit(BridgeJoined, call, leg_id)
        for leg_id in before:
            if leg_id not in members:
                x.emit(BridgeLeft, call, leg_id)
    signals.update_music(x, call)
    x.journal.changed(call)


def _tell(call: Call, x: Exchange) -> None:
    if call.room is not None:
        story.turn(x, call, "conference", call.room.extension, call.room.name)
        return
    others = [call.legs[leg_id] for leg_id in call.bridge or () if leg_id != call.caller]
    if len(others) == 1:
        story.turn(x, call, "talk", others[0].party.number, others[0].party.name)
    else:
        story.turn(x, call, "conference", ", ".join(leg.party.number for leg in others))


def answer(x: Exchange, call: Call, leg: Leg, other: Leg, now: float) -> bool:
    """Send a calling leg its 200: an answer to its offer, or our offer when it made none (RFC 3264 §4). False: there
    is nothing both could speak."""
    session = leg.session
    if session is None:
        return False
    try:
        if leg.offered_body:
            body = answer_caller(x, call, leg, prefer=other.send_codec)
        else:
            body = offer_caller(x, call, leg, prefer=other.send_codec)
    except UnusableAnswer:
        return False
    leg.advance("answer")
    leg.answered_ms = x.wall_ms()
    session.accept(now, body, identity.connected(x, call, other, leg))
    x.emit(LegAnswered, call, leg.id)
    return True


def dissolve(x: Exchange, call: Call, gone: Leg, now: float, failure: Failure = NORMAL) -> None:
    """One of the bridge is gone. Of two, the other hangs up (no operation holds on to it); a conference goes on, and a
    conference room with a single one who is left."""
    left = tuple(leg_id for leg_id in call.bridge or () if leg_id != gone.id)
    if call.room is not None and left:
        if gone.id == call.caller:
            call.caller = left[0]
        rooms.left(x, call, gone, now)
        bridge(x, call, left, now)
        return
    if len(left) > 1:
        if gone.id == call.caller:
            call.caller = left[0]
        bridge(x, call, left, now)
        if len(left) == 2:
            first, second = call.legs[left[0]], call.legs[left[1]]
            identity.show(x, call, first, second, now)
            identity.show(x, call, second, first, now)
        return
    call.by = call.by or ("caller" if gone.id == call.first else "callee")
    custody.let_go(x, call)
    for other in call.live_legs():
        leave(x, call, other, now, failure=failure)
