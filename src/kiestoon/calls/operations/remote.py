"""A phone controlled from elsewhere: it answers or hangs up because somebody clicked (CALL-24).

``Event: talk`` in a NOTIFY makes the common desk phones answer or resume; those that do not know it go on ringing, and
their user lifts the receiver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import custody, inbound, seeking
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import NORMAL, REJECTED
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOTHING_THERE

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

TALK = (("Event", "talk"), ("Subscription-State", "active"))


def talk(x: Exchange, call: Call, leg: Leg, now: float) -> Failure | None:
    """Have a ringing phone answer."""
    if leg.incoming or leg.state != "early" or leg.session is None or leg.session.dialog is None:
        return NOTHING_THERE
    leg.session.request(now, "NOTIFY", headers=TALK)
    return None


def hang_up(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """End one party's part in a call, as if it had hung up."""
    if leg.state == "ended":
        return
    if leg.state != "answered" and not leg.incoming:
        leave(x, call, leg, now, failure=REJECTED)
        seeking.leg_failed(x, call, leg, REJECTED, now)
    elif leg.id == call.caller and call.bridge is None and leg.state != "answered":
        custody.end_with(x, call, NORMAL, now)
    else:
        leave(x, call, leg, now, failure=NORMAL)
        inbound.party_left(x, call, leg, now)
    x.touched.append(call)
