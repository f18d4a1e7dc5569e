"""Moving a leg from one call to another: what every transfer, pickup and retrieval comes down to.

A leg keeps its SIP session and its termination; it changes the call it belongs to and the media context its termination
is in. In the call it leaves stays an account of it, which that call's record tells. Who moves a leg says in the same
breath who holds it from now on (``bridging``, ``custody``): between two events nobody is held by nobody.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from kiestoon.calls import occupancy, signals
from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.media.protocol import Move

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def can_move(source: Call, to: Call) -> bool:
    """Whether legs of one call can join the other: of one company, and spoken through the same media process."""
    return source.company_id == to.company_id and (source.link is to.link or to.link is None or source.link is None)


def move(x: Exchange, leg: Leg, source: Call, to: Call) -> None:
    """Put a live leg of ``source`` into ``to``. Raises ValueError where ``can_move`` says no: our own mistake."""
    if not can_move(source, to):
        raise ValueError(f"leg {leg.id} of call {source.id} cannot move to {to.id}")
    signals.stop_all(source, leg)
    if leg.keys_timer is not None:
        x.deadlines.stop(leg.keys_timer)
        leg.keys_timer = None
        leg.keys = ""
    occupancy.leave(x, leg)
    source.legs[leg.id] = _account_of(x, leg)
    if source.seek is not None:
        source.seek.legs.discard(leg.id)
    leg.holding = leg.muted = False
    leg.call = to.id
    to.legs[leg.id] = leg
    if to.link is None:
        to.link, to.context = source.link, x.ids.number()
    if leg.termination and to.link is not None:
        to.link.send(Move(leg.termination, to.context))
    occupancy.enter(x, leg)
    x.journal.changed(source)  # it may not be over yet, and after a crash the leg must not be in both
    x.stir(source)
    x.stir(to)


def _account_of(x: Exchange, leg: Leg) -> Leg:
    """What the call that a leg leaves keeps of it, for its record."""
    account = copy(leg)
    account.state = "ended"
    account.ended_ms = x.wall_ms()
    account.session = account.invite = None
    account.termination, account.port, account.music, account.signal = 0, None, 0, 0
    account.status = account.status or (200 if leg.answered_ms else 487)
    account.cause = account.cause or 16
    account.outcome = "answered" if leg.answered_ms and not leg.confirm else "cancelled"
    return account
