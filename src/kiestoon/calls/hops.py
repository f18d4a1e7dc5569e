"""How far a call may still go and how often it may split: Max-Forwards (RFC 7332 §3), Max-Breadth (RFC 5393 §5.3).

Whatever other exchanges leave out when they bring a call back to us, it ends, and it does not multiply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiestoon.sip.headers import BadHeader, parse_max_breadth

if TYPE_CHECKING:
    from kiestoon.calls.leg import Leg

MAX_FORWARDS: Final = 70
"""What requests of our own start with (RFC 3261 §8.1.1.6)."""
MAX_BREADTH: Final = 60
"""What a call that does not say may split into (RFC 5393 §5.3.3)."""


def hops_left(caller: Leg | None) -> int:
    """One less than the caller's INVITE came with."""
    request = caller.session.invite_request if caller is not None and caller.session is not None else None
    allowed = request.max_forwards if request is not None else None
    return MAX_FORWARDS if allowed is None else max(0, min(allowed, MAX_FORWARDS) - 1)


def breadth_left(caller: Leg | None) -> int:
    """Into how many outside calls at once the caller's may still split."""
    request = caller.session.invite_request if caller is not None and caller.session is not None else None
    text = request.get("Max-Breadth") if request is not None else None
    if text is None:
        return MAX_BREADTH
    try:
        return min(parse_max_breadth(text), MAX_BREADTH)
    except BadHeader:
        return 1
