"""Answer confirmation: who answers a phone that may be somebody's voicemail has the call once 1 is pressed (V 9.1.2).

Until then the leg is answered, stays with the attempt (``Seek.legs``) and hears nobody; a service on the side asks
(``services.confirming``). Others ring on, and whoever is first to confirm, or to answer where nobody is asked, has won.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiestoon.calls import aside, topology
from kiestoon.calls.call import Call, Seek
from kiestoon.calls.leg import Leg

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

PATIENCE_S: Final = 30.0
"""Whoever has just answered is given so long, even where the time to ring would be over earlier."""


def ask(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """Begin to ask, or begin anew in a call that the leg has moved to."""
    aside.close(x, leg)
    topology.silence(call)
    x.journal.changed(call)
    aside.converse(x, call, leg, "confirming", None, now)


def too_late(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """Somebody else has the call: the party is told so, and hung up on."""
    aside.dismiss(x, call, leg, "confirmed_elsewhere", now)


def asked(call: Call, seek: Seek) -> list[Leg]:
    """Who has answered and is being asked."""
    return [leg for leg_id in seek.legs if (leg := call.legs[leg_id]).state == "answered"]
