"""Which calls every device has: what its call limit (DEV-1) and call waiting are about.

And which calls people have at telephones outside that are theirs: a mobile, a remote office.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg


def enter(x: Exchange, leg: Leg) -> None:
    """The leg rings at its device or at its person's telephone outside, or comes from there."""
    calls, whose = _book(x, leg)
    if whose:
        calls[whose] = (*calls.get(whose, ()), place(leg))


def leave(x: Exchange, leg: Leg) -> None:
    """The leg is over."""
    calls, whose = _book(x, leg)
    places = calls.get(whose)
    if places is None:
        return
    gone = place(leg)
    at = places.index(gone) if gone in places else len(places)
    left = places[:at] + places[at + 1 :]
    if left:
        calls[whose] = left
    else:
        del calls[whose]


def _book(x: Exchange, leg: Leg) -> tuple[dict[int, tuple[str, ...]], int]:
    """Where the leg is entered: by device, else by the person whose mobile or remote office it is; 0 = nobody's."""
    return (x.device_calls, leg.device_id) if leg.device_id else (x.present.outside, leg.party.user_id)


def calls_at(x: Exchange, device_id: int) -> int:
    """Calls the device has, ringing ones included. A call that rings at several of its contacts is one call."""
    places = x.device_calls.get(device_id)
    return 0 if places is None else len(set(places)) if len(places) > 1 else 1


def place(leg: Leg) -> str:
    """What a leg occupies at its device. Who calls itself is in two calls: the one it made and the one it gets."""
    return f"{leg.call} made" if leg.incoming else leg.call
