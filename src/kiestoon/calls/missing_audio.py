"""A party of whom nothing is heard: told once, shown while it lasts, never a reason to end the call.

Phones are silent for good reasons: on hold, ringing with early media, holding somebody else. Only who should be heard
and is not for ``Settings.no_rtp_s`` is told of; usually a firewall or a router stands in the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import watch

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.media.protocol import RtpLost

log = structlog.get_logger("calls")


def lost(x: Exchange, call: Call, leg: Leg, event: RtpLost) -> None:
    """No packet of the party for the watched time."""
    leg.rtp_lost = True
    if not leg.silent and _should_be_heard(call, leg):
        leg.silent = True
        log.info("no audio from party", call=call.id, party=leg.party.number, leg=leg.id, since_ms=event.since_ms)
        x.count("rtp_lost")


def resumed(call: Call, leg: Leg) -> None:
    """Packets again."""
    if leg.silent:
        log.info("audio from party again", call=call.id, party=leg.party.number, leg=leg.id)
    leg.rtp_lost = leg.silent = False


def expect_anew(x: Exchange, call: Call) -> None:
    """Hold, resume or answer: who is silent so far has the full time again before it counts."""
    for leg in call.live_legs():
        if leg.rtp_lost:
            watch_again(x, call, leg)


def watch_again(x: Exchange, call: Call, leg: Leg) -> None:
    """Begin to count from now."""
    leg.rtp_lost = leg.silent = False
    watch(x, call, leg)


def _should_be_heard(call: Call, leg: Leg) -> bool:
    other = call.other(leg)
    return (
        leg.state == "answered"
        and leg.stream is not None
        and leg.stream.direction in ("sendrecv", "recvonly")
        and not leg.held
        and not (other is not None and other.held)
    )
