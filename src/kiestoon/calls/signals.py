"""What a party hears that no other party says: on-hold music, ringback, announcements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiestoon.calls import rooms
from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.music import music_for
from kiestoon.company.music import WaitState
from kiestoon.media.protocol import Play, Record, SignalSource, Stop, Tone

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


SILENCE: Final = Tone("silence")
"""For who waits without music: providers and phones hang up when no packet comes for a minute or less."""


def update_music(x: Exchange, call: Call) -> None:
    """Give on-hold music to exactly the parties who wait: those whose other side put them on hold (VM-9).

    A party who holds as well hears nothing: its own phone has stopped listening.
    """
    if call.bridge is None:
        return
    for leg_id in call.bridge:
        leg = call.legs[leg_id]
        if call.room is not None:
            waits = rooms.waits(x, call)
        else:
            other = call.other(leg)
            waits = other is not None and (other.held or other.holding) and not (leg.held or leg.holding)
        if waits and not leg.music and leg.side is None:
            start_music(x, call, leg, "held")
        elif not waits and leg.music:
            stop_music(call, leg)


def start_music(x: Exchange, call: Call, leg: Leg, state: WaitState) -> None:
    """Music for somebody who waits, or silence where there is none, unless it already plays."""
    if leg.music or not leg.termination or call.link is None:
        return
    music = None if call.no_music else music_for(x, call, leg, state)
    leg.music, leg.wait = x.ids.number(), state
    call.link.send(Play(leg.termination, leg.music, music or SILENCE))


def music_again(x: Exchange, call: Call, leg: Leg) -> None:
    """The media process is back: it may not have been told of music, which goes on where it happens to be."""
    if leg.music:
        stop_music(call, leg)
        start_music(x, call, leg, leg.wait)


def stop_music(call: Call, leg: Leg) -> None:
    """The waiting is over."""
    if leg.music:
        stop(call, leg, leg.music)
        leg.music = 0


def music_off(x: Exchange, call: Call) -> None:
    """No music for anybody who waits in this call, now and from now on (*60)."""
    call.no_music = True
    for leg in call.legs.values():
        if leg.music:
            stop_music(call, leg)
            start_music(x, call, leg, "held")
    x.journal.changed(call)


def stop_all(call: Call, leg: Leg) -> None:
    """The leg hears nothing but other parties from now on."""
    stop_music(call, leg)
    stop_tone(call, leg)


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
        stop(call, leg, leg.signal)
        leg.signal = 0


def record(x: Exchange, call: Call, leg: Leg, path: str, max_ms: int) -> int:
    """Record what a party says into a WAV file; returns the signal's number, 0 without media."""
    if not leg.termination or call.link is None:
        return 0
    signal = x.ids.number()
    call.link.send(Record(leg.termination, signal, path, max_ms=max_ms))
    return signal


def stop(call: Call, leg: Leg, signal: int) -> None:
    """Stop it, or see that it is stopped once the media process is back."""
    if call.link is None or not leg.termination or leg.state == "ended":
        return
    if call.link.connected:
        call.link.send(Stop(leg.termination, signal))
    else:
        leg.unstopped = (*leg.unstopped, signal)


def stop_again(call: Call, leg: Leg) -> None:
    """The media process is back: it has not heard of the end of some signals."""
    unstopped, leg.unstopped = leg.unstopped, ()
    for signal in unstopped:
        stop(call, leg, signal)
