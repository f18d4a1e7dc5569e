"""Which calls every device has: what its call limit (DEV-1) and call waiting are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg


def enter(x: Exchange, leg: Leg) -> None:
    """The leg rings at its device, or comes from it; nothing for legs of lines."""
    if leg.device_id:
        x.device_calls[leg.device_id] = (*x.device_calls.get(leg.device_id, ()), place(leg))


def leave(x: Exchange, leg: Leg) -> None:
    """The leg is over."""
    places = x.device_calls.get(leg.device_id)
    if places is None:
        return
    gone = place(leg)
    at = places.index(gone) if gone in places else len(places)
    left = places[:at] + places[at + 1 :]
    if left:
        x.device_calls[leg.device_id] = left
    else:
        del x.device_calls[leg.device_id]


def calls_at(x: Exchange, device_id: int) -> int:
    """Calls the device has, ringing ones included. A call that rings at several of its contacts is one call."""
    places = x.device_calls.get(device_id)
    return 0 if places is None else len(set(places)) if len(places) > 1 else 1


def place(leg: Leg) -> str:
    """What a leg occupies at its device. Who calls itself is in two calls: the one it made and the one it gets."""
    return f"{leg.call} made" if leg.incoming else leg.call
