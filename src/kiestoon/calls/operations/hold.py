"""Hold from the screen, where the phone itself does not do it: the other party hears music, the phone nothing (CALL-3).

A phone that holds by itself does so in its session description (``calls.holding``); the two do not disturb each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import signals, topology
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.events import LegHeld, LegResumed
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_IN_CALL

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def hold(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """Put the other party of a conversation of two on hold."""
    return _set(x, call, by, holding=True)


def retrieve(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """Take it off hold."""
    return _set(x, call, by, holding=False)


def _set(x: Exchange, call: Call, by: Leg, *, holding: bool) -> Failure | None:
    if call.other(by) is None:
        return NOT_IN_CALL
    if by.holding != holding:
        by.holding = holding
        topology.arrange(call)
        signals.update_music(x, call)
        x.emit(LegHeld if holding else LegResumed, call, by.id)
        x.journal.changed(call)
    return None
