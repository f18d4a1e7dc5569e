"""What a caller is told while somebody rings for him: ringing, and what the party sends before it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import identity, signals, topology
from kiestoon.calls.call import Call
from kiestoon.calls.events import LegProgressed, LegRinging
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import UnusableAnswer, answer_caller, take_answer
from kiestoon.calls.operations import waiting
from kiestoon.routing import RingUser

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.events import Progressed


def progressed(x: Exchange, call: Call, leg: Leg, event: Progressed, now: float) -> None:
    """A dialled party's device rings or sends early media."""
    seek = call.seek
    if seek is None or leg.state not in ("dialling", "early"):
        return
    leg.advance("ring")
    x.journal.ringing(call, leg)  # a line whose name had to be resolved, or that asked for a login, in another INVITE
    if not leg.ringing_ms:
        leg.ringing_ms = x.wall_ms()
        x.emit(LegRinging, call, leg.id)
        waiting.beep(x, leg, now)
    caller = call.anchor
    if caller is None or call.entertained:
        return
    alone = len(seek.legs) == 1
    if event.body and alone and not leg.confirm and _early_media(x, call, caller, leg, event, now):
        return
    if not seek.ringing and event.status != 181:
        seek.ringing = True
        if caller.state == "answered":
            signals.ringback(x, call, caller)
        else:
            _tell_caller(x, call, leg, 180, b"", now)


def _early_media(x: Exchange, call: Call, caller: Leg, leg: Leg, event: Progressed, now: float) -> bool:
    """Let the caller hear what the party called sends before it answers (RFC 3960): its own ringing, an announcement.
    False: it cannot be heard."""
    answered = caller.state == "answered"
    if not answered and not caller.offered_body:
        return False
    try:
        take_answer(x, call, leg, event.body)
        body = b"" if answered else answer_caller(x, call, caller, prefer=leg.send_codec)
    except UnusableAnswer:
        return False
    if answered:
        signals.stop_all(call, caller)
    topology.connect(call, caller, leg)
    x.emit(LegProgressed, call, leg.id)
    if not answered:
        _tell_caller(x, call, leg, event.status, body, now)
    return True


def _tell_caller(x: Exchange, call: Call, ringing: Leg, status: int, body: bytes, now: float) -> None:
    """A provisional response, with who is being rung where that is one person (CALL-19)."""
    caller = call.anchor
    if caller is None or caller.session is None or caller.state not in ("offered", "early"):
        return
    caller.advance("ring")
    one = call.seek is not None and isinstance(call.seek.decision.step, RingUser)
    headers = identity.connected(x, call, ringing, caller) if one else []
    caller.session.progress(now, 183 if body and status not in (180, 183) else status, headers=headers, body=body)
