"""What a party hears that no other party says: on-hold music, ringback, announcements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.media.protocol import Music, Play, SignalSource, Stop, Tone

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def update_music(x: Exchange, call: Call) -> None:
    """Give on-hold music to exactly the parties who wait: those whose other side put them on hold (VM-9).

    A party who holds as well hears nothing: its own phone has stopped listening.
    """
    if call.bridge is None:
        return
    for leg_id in call.bridge:
        leg = call.legs[leg_id]
        other = call.other(leg)
        waits = other is not None and other.held and not leg.held
        if waits and not leg.music:
            _start_music(x, call, leg)
        elif not waits and leg.music:
            _stop(call, leg, leg.music)
            leg.music = 0


def _start_music(x: Exchange, call: Call, leg: Leg) -> None:
    company = x.company_of(call)
    path = (company.music_path if company is not None else "") or x.settings.music_path
    if not path or not leg.termination or call.link is None:
        return
    leg.music = x.ids.number()
    call.link.send(Play(leg.termination, leg.music, Music(path)))


def play(x: Exchange, call: Call, leg: Leg, source: SignalSource) -> int:
    """Play something to a party in place of what it hears; returns the signal's number, 0 without media."""
    if not leg.termination or call.link is None:
        return 0
    stop_tone(call, leg)
    leg.signal = x.ids.number()
    call.link.send(Play(leg.termination, leg.signal, source))
    return leg.signal


def ringback(x: Exchange, call: Call, leg: Leg) -> None:
    """An answered caller hears that somebody is being rung."""
    company = x.company_of(call)
    play(x, call, leg, Tone("ringback", company.country if company is not None else "NL"))


def stop_tone(call: Call, leg: Leg) -> None:
    """Stop what ``play`` started, if it still plays."""
    if leg.signal:
        _stop(call, leg, leg.signal)
        leg.signal = 0


def _stop(call: Call, leg: Leg, signal: int) -> None:
    if call.link is not None and leg.termination and leg.state != "ended":
        call.link.send(Stop(leg.termination, signal))
