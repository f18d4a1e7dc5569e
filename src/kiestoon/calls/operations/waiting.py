"""Telling somebody in conversation that a call waits (V 7.5, E 11.4.3): a short tone that nobody else hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import aside
from kiestoon.calls.operations.listening import calls_of

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg


def beep(x: Exchange, ringing: Leg, now: float) -> None:
    """Let whoever speaks at the phone that rings hear it, where the phone gives no tone itself; which of the person's
    numbers is called is heard by its pattern (V 9.4.3)."""
    device = x.directory.device_by_id(ringing.device_id) if ringing.device_id else None
    if device is None or not device.waiting_beep:
        return
    waiting = x.calls.get(ringing.call)
    pattern = waiting.situation.alert if waiting is not None and waiting.situation is not None else 0
    for leg in list(x.legs.values()):
        if leg.device_id == device.id and leg is not ringing and (call := x.calls.get(leg.call)) is not None:
            aside.converse(x, call, leg, "call_waits", pattern, now)


def call_waits(x: Exchange, company_id: int, extension: str, now: float) -> None:
    """Let everybody who speaks on this extension hear the tone once."""
    for call, leg in calls_of(x, company_id, extension):
        aside.converse(x, call, leg, "call_waits", 0, now)
