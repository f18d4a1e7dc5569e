"""Bridges: two answered legs that hear each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import custody, identity, missing_audio, signals
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import CALLER_GONE, NORMAL
from kiestoon.calls.events import BridgeJoined, LegAnswered
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import UnusableAnswer, answer_caller, offer_caller
from kiestoon.media.protocol import Topology

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

NOT_ACCEPTABLE = Failure("failed", 488, 88, "No common audio format")


def connect(call: Call, first: Leg, second: Leg) -> None:
    """Let two terminations hear each other (again)."""
    if call.link is not None and first.termination and second.termination:
        edges = ((first.termination, second.termination), (second.termination, first.termination))
        call.link.send(Topology(call.context, edges))


def join(x: Exchange, call: Call, caller: Leg, callee: Leg, now: float) -> None:
    """The sought party answered: answer the caller too and let them talk."""
    if caller.session is None or caller.session.state == "ended":
        leave(x, call, callee, now, failure=CALLER_GONE)  # the caller's own end is told by the event that follows
        return
    signals.stop_tone(call, caller)
    if call.service is not None:
        call.service.close(x)
        call.service = None
        call.target = callee.party.number
    if caller.state != "answered" and not _answer(x, call, caller, callee, now):
        return
    call.bridge = (caller.id, callee.id)
    call.outcome = "answered"
    call.answered_ms = call.answered_ms or callee.answered_ms
    x.present.answered(call, callee)
    custody.take(x, call, "bridge")
    connect(call, caller, callee)
    missing_audio.expect_anew(x, call)
    if x.listening:
        x.emit(LegAnswered, call, callee.id)
        x.emit(BridgeJoined, call, caller.id)
        x.emit(BridgeJoined, call, callee.id)
    signals.update_music(x, call)
    x.journal.changed(call)


def _answer(x: Exchange, call: Call, caller: Leg, callee: Leg, now: float) -> bool:
    """Send the caller its 200: an answer to its offer, or our offer when it made none (RFC 3264 §4)."""
    session = caller.session
    if session is None:
        return False
    try:
        if caller.offered_body:
            body = answer_caller(x, call, caller, prefer=callee.send_codec)
        else:
            body = offer_caller(x, call, caller, prefer=callee.send_codec)
    except UnusableAnswer:
        custody.end_with(x, call, NOT_ACCEPTABLE, now)
        return False
    caller.advance("answer")
    caller.answered_ms = x.wall_ms()
    session.accept(now, body, identity.connected(x, call, callee))
    x.emit(LegAnswered, call, caller.id)
    return True


def dissolve(x: Exchange, call: Call, gone: Leg, now: float, failure: Failure = NORMAL) -> None:
    """One side of the bridge is gone: the other hangs up (no operation is holding on to it)."""
    other = call.other(gone)
    call.by = call.by or ("caller" if gone.id == call.caller else "callee")
    custody.let_go(x, call)
    if other is not None:
        leave(x, call, other, now, failure=failure)
