"""Digits between parties: RFC 4733 passes through the media process, SIP INFO is carried over here (DEV-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import aside, keys
from kiestoon.calls.call import Call
from kiestoon.calls.dtmf_info import encode_dtmf_relay, parse_dtmf_info
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import listening
from kiestoon.media.protocol import SendDigits

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.media.protocol import DigitReceived
    from kiestoon.sip.events import InfoReceived


def info_received(x: Exchange, call: Call, leg: Leg, event: InfoReceived, now: float) -> None:
    """A phone with DTMF method INFO pressed a key."""
    press = parse_dtmf_info(event.content_type, event.body)
    if press is not None:
        pressed(x, call, leg, press.digit, press.duration_ms, now, by_media=False)


def digit_received(x: Exchange, call: Call, leg: Leg, event: DigitReceived, now: float) -> None:
    """The media process heard a key."""
    pressed(x, call, leg, event.digit, event.duration_ms, now, by_media=True)


def pressed(x: Exchange, call: Call, leg: Leg, digit: str, duration_ms: int, now: float, *, by_media: bool) -> None:
    """Hand a key press to the service in charge, or to the other party in the way its device wants it.

    ``by_media``: the media process has relayed the event itself wherever the other side agreed to RFC 4733.
    """
    if leg.side is not None:
        leg.side.digit(x, call, digit, now)
        return
    service = call.service
    if service is not None and (call.holder == "service" or (call.entertained and leg.id == call.caller)):
        service.digit(x, call, digit, now)
        return
    if leg.id in call.onlookers:
        listening.key(x, call, leg, digit, now)
        return
    if call.room is not None:
        if digit == "*":
            aside.converse(x, call, leg, "conference_keys", None, now)
        return
    if call.bridge is not None or call.seek is not None:
        keys.pressed(x, call, leg, digit, now)
    other = call.other(leg)
    if other is None or other.session is None:
        return
    if other.dtmf == "info":
        body = encode_dtmf_relay(digit, duration_ms)
        other.session.request(now, "INFO", body=body, content_type="application/dtmf-relay")
    elif not by_media and call.link is not None and other.termination:
        call.link.send(SendDigits(other.termination, digit, duration_ms or 100))
